// Approvals: a call that the policy leaves to a person waits here for the person's word, which comes by the command
// line. No tool gives it.
import { SidejobError } from '../errors.js';
import { newId, normalizeId } from '../jobs/ids.js';
import {
  type ApprovalRecord,
  answerApproval,
  countPending,
  expireApprovals,
  findApproval,
  findApprovalIds,
  insertApproval,
  openApproval,
  useApproval,
} from '../store/approvals.js';
import type { Store } from '../store/store.js';

const HOUR_MS = 3_600_000;
/** A person may be away until tomorrow. */
const PENDING_MS = 24 * HOUR_MS;
/** The caller is told to make the call again; what it wanted an hour ago it may want no more. */
const APPROVED_MS = HOUR_MS;
/** A no is not asked about again on the same day. */
const DENIED_MS = 24 * HOUR_MS;
/** An assistant in a loop must not fill the store, nor bury the person. */
const PENDING_MAX = 100;
/** More than a person reads, and the whole of it is to be read. */
const SHOWN_MAX_BYTES = 256 * 1024;

/** No provider may have this name (jobs/custom-providers.ts): an approval's id is never a job's. */
const PREFIX = 'ok';

/** A call that needs a person's word. */
export interface ApprovalRequest {
  /** See `approvalKey`. */
  key: string;
  tool: string;
  rule: string;
  reason?: string | undefined;
  /** All that the person is to see: provider, model, access, cwd, prompt, attach … `undefined` is left out. */
  shown: Record<string, unknown>;
  client: string;
  project: string | null;
}

/**
 * The approval of this call: the one it has, or a new one that waits for the person.
 * @throws SidejobError `denied` if too many wait already, or the call is too long to be read by a person
 */
export async function requestApproval(store: Store, request: ApprovalRequest, now: number): Promise<ApprovalRecord> {
  const { reason = null, ...rest } = request;
  if (Buffer.byteLength(JSON.stringify(request.shown)) > SHOWN_MAX_BYTES) {
    throw new SidejobError(
      'denied',
      `${request.rule} wants a person to approve this call, and it has more than ${SHOWN_MAX_BYTES / 1024} KiB to read.`,
      'Shorten the prompt: say in which file the rest stands. Nothing was done.',
    );
  }
  const id = newId(PREFIX);
  return store.write(() => {
    expireApprovals(store, now);
    const open = openApproval(store, request.key, now);
    if (open) return open;
    if (countPending(store) >= PENDING_MAX) {
      throw new SidejobError(
        'denied',
        `${PENDING_MAX} calls wait for a person's approval already.`,
        'Ask the person to look at "sidejob approvals". Nothing was done.',
      );
    }
    insertApproval(store, { ...rest, id, reason, createdAt: now, expiresAt: now + PENDING_MS });
    return findApproval(store, id) as ApprovalRecord;
  });
}

/**
 * Uses an approval up: true once, over all servers, and only while it is approved. Call it inside `store.write`, in
 * `JobRequest.admit` for calls that start jobs, and refuse the call if it is false.
 */
export function consumeApproval(store: Store, id: string, now: number): boolean {
  return useApproval(store, id, now);
}

/** What the caller of a call is told that has no approval yet, or was denied one. */
export function approvalRefusal(approval: ApprovalRecord): SidejobError {
  const { id, state, answer } = approval;
  if (state === 'pending') return new ApprovalNeeded(approval);
  const why = answer ? `: ${answer}` : ' without giving a reason';
  return new SidejobError('denied', `a person refused this call (${id})${why}.`, 'Nothing was done.');
}

/** What the caller of a call is told that waits for a person; who can ask the person at once finds in it what about. */
export class ApprovalNeeded extends SidejobError {
  constructor(readonly approval: ApprovalRecord) {
    const { id, tool, rule, reason } = approval;
    super(
      'needs_approval',
      `${tool} waits for a person's approval, ${id} (${reason ? `${rule}: ${reason}` : rule}). Nothing was done.`,
      `Ask the person to run "sidejob approve ${id}" in a terminal; then make the same call again, unchanged.`,
    );
  }
}

/**
 * Answers an approval; the first answer counts.
 * @returns the approval as it then stands, and whether this call has decided it
 */
export async function decideApproval(
  store: Store,
  id: string,
  answer: { state: 'approved' | 'denied'; reason?: string | undefined },
  now: number,
): Promise<{ approval: ApprovalRecord; changed: boolean }> {
  const { state, reason = null } = answer;
  const expiresAt = now + (state === 'approved' ? APPROVED_MS : DENIED_MS);
  const decided = await store.write(() => {
    const changed = answerApproval(store, id, { state, answer: reason, expiresAt }, now);
    expireApprovals(store, now);
    return { changed, approval: findApproval(store, id) };
  });
  if (!decided.approval) throw unknownApproval(id, []);
  return { ...decided, approval: decided.approval };
}

/**
 * The approval with this id, a unique prefix of it, or its random part.
 * @throws SidejobError `unknown_approval`, naming near ids
 */
export function requireApproval(store: Store, typed: string): ApprovalRecord {
  const plain = typed.trim().toLowerCase();
  const id = normalizeId(plain.startsWith(`${PREFIX}-`) ? plain : `${PREFIX}-${plain}`);
  const exact = findApproval(store, id);
  if (exact) return exact;
  const ids = /^[a-z]+-[0-9a-z]+$/.test(id) ? findApprovalIds(store, id, 4) : [];
  const [only, ...others] = ids;
  const found = only !== undefined && others.length === 0 ? findApproval(store, only) : undefined;
  if (!found) throw unknownApproval(typed, ids);
  return found;
}

function unknownApproval(typed: string, near: readonly string[]): SidejobError {
  const shown = JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
  const hint = near.length > 0 ? `Near: ${near.join(', ')}.` : '"sidejob approvals --all" shows them.';
  return new SidejobError('unknown_approval', `no approval ${shown}.`, hint);
}
