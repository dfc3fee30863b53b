// Approvals: calls that wait for a person's word. Every change is one guarded update; call them inside `store.write`.
import type { Store } from './store.js';

/**
 * - `pending`: asked, no answer yet.
 * - `approved`: the same call passes, once.
 * - `denied`: the same call is refused with the person's reason.
 * - `used`: it has passed.
 * - `expired`: nobody answered, or the call was not made again.
 */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'used' | 'expired';

/** One approval as stored. Times are milliseconds since 1970. */
export interface ApprovalRecord {
  id: string;
  /** Hash of the call: equal for the same tool, arguments and rule. */
  key: string;
  state: ApprovalState;
  tool: string;
  /** The rule that demands it, as a path into the policy, and what the policy says for a reason. */
  rule: string;
  reason: string | null;
  /** What the person is shown of the call. */
  shown: Record<string, unknown>;
  client: string;
  project: string | null;
  createdAt: number;
  expiresAt: number;
  decidedAt: number | null;
  /** What the person said. */
  answer: string | null;
}

export type NewApproval = Omit<ApprovalRecord, 'state' | 'decidedAt' | 'answer'>;

type Row = Omit<ApprovalRecord, 'shown'> & { shown: string };
const COLUMNS = 'id, key, state, tool, rule, reason, shown, client, project, createdAt, expiresAt, decidedAt, answer';

/**
 * Not past its time; nor more than an hour ahead of it, as after a clock that was set back: what was approved for an
 * hour must not last until the old time comes again.
 */
const LIVE = 'expiresAt > $now AND coalesce(decidedAt, createdAt) < $now + 3600000';

const decode = (row: Row): ApprovalRecord => ({ ...row, shown: JSON.parse(row.shown) });

export function insertApproval(store: Store, { shown, ...approval }: NewApproval): void {
  store.run(
    `INSERT INTO approval (id, key, state, tool, rule, reason, shown, client, project, createdAt, expiresAt)
     VALUES ($id, $key, 'pending', $tool, $rule, $reason, $shown, $client, $project, $createdAt, $expiresAt)`,
    { ...approval, shown: JSON.stringify(shown) },
  );
}

/** Ends what has had its time. */
export function expireApprovals(store: Store, now: number): void {
  store.run(
    `UPDATE approval SET state = 'expired' WHERE NOT (${LIVE}) AND state IN ('pending', 'approved', 'denied')`,
    { now },
  );
}

/** The approval that this call waits for, or was answered with; not what is used or expired. */
export function openApproval(store: Store, key: string, now: number): ApprovalRecord | undefined {
  const row = store.get<Row>(
    `SELECT ${COLUMNS} FROM approval
      WHERE key = $key AND state IN ('pending', 'approved', 'denied') AND ${LIVE}`,
    { key, now },
  );
  return row && decode(row);
}

/** The approval that has let this call pass last, as long as it is kept. */
export function usedApproval(store: Store, key: string): ApprovalRecord | undefined {
  const sql = `SELECT ${COLUMNS} FROM approval WHERE key = $key AND state = 'used' ORDER BY seq DESC`;
  const row = store.get<Row>(sql, { key });
  return row && decode(row);
}

export function findApproval(store: Store, id: string): ApprovalRecord | undefined {
  const row = store.get<Row>(`SELECT ${COLUMNS} FROM approval WHERE id = $id`, { id });
  return row && decode(row);
}

/** Ids that begin so, newest first. */
export function findApprovalIds(store: Store, prefix: string, limit: number): string[] {
  const head = `${prefix.replace(/[^a-z0-9-]/g, '')}*`;
  return store
    .all<{ id: string }>('SELECT id FROM approval WHERE id GLOB $head ORDER BY seq DESC LIMIT $limit', { head, limit })
    .map(({ id }) => id);
}

/** Approvals, newest first; only pending ones, or all that are still kept. */
export function listApprovals(store: Store, which: 'pending' | 'all', now: number): ApprovalRecord[] {
  const condition = which === 'all' ? 'TRUE' : `state = 'pending' AND ${LIVE}`;
  const sql = `SELECT ${COLUMNS} FROM approval WHERE ${condition} ORDER BY seq DESC`;
  return store.all<Row>(sql, which === 'all' ? {} : { now }).map(decode);
}

export function countPending(store: Store): number {
  const sql = "SELECT count(*) AS n FROM approval WHERE state = 'pending'";
  return store.get<{ n: number }>(sql)?.n ?? 0;
}

/** pending → approved or denied. Of two that answer, one changes it. */
export function answerApproval(
  store: Store,
  id: string,
  { state, answer, expiresAt }: { state: 'approved' | 'denied'; answer: string | null; expiresAt: number },
  now: number,
): boolean {
  const changed = store.run(
    `UPDATE approval SET state = $state, answer = $answer, decidedAt = $now, expiresAt = $expiresAt
      WHERE id = $id AND state = 'pending' AND ${LIVE}`,
    { id, state, answer, expiresAt, now },
  );
  return changed === 1;
}

/** approved → used. */
export function useApproval(store: Store, id: string, now: number): boolean {
  const sql = `UPDATE approval SET state = 'used' WHERE id = $id AND state = 'approved' AND ${LIVE}`;
  return store.run(sql, { id, now }) === 1;
}

/** Removes approvals that ended before a time. */
export function removeApprovals(store: Store, endedBefore: number): void {
  store.run('DELETE FROM approval WHERE expiresAt < $endedBefore', { endedBefore });
}
