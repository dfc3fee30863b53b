// Places: how many jobs may run at once, counted in the store and so over all servers.
import type { ServerRecord } from './record.js';
import type { Store } from './store.js';

export interface Limits {
  maxRunning: number;
  /** Places on one provider. */
  perProvider(provider: string): number;
  /** Least time between two starts of one provider, in milliseconds. */
  startGapMs(provider: string): number;
}

/**
 * Places taken on one host, in all and by provider. Costs as much as there are running jobs. Jobs of another
 * machine or container have places there: here nobody can tell whether they still run.
 */
export function placesTaken(store: Store, host: string): { total: number; byProvider: Map<string, number> } {
  const rows = store.all<{ provider: string; n: number }>(
    `SELECT provider, count(*) AS n FROM job INDEXED BY job_placed JOIN server ON server.id = job.owner
      WHERE placed = 1 AND server.host = $host GROUP BY provider`,
    { host },
  );
  return {
    total: rows.reduce((sum, row) => sum + row.n, 0),
    byProvider: new Map(rows.map((row) => [row.provider, row.n])),
  };
}

export function countQueued(store: Store): number {
  return store.get<{ jobs: number }>("SELECT jobs FROM tally WHERE status = 'queued'")?.jobs ?? 0;
}

/** What a judge weighs must be there before it gets a place. */
const MEMBERS_ENDED = `(role IS NULL OR NOT EXISTS (SELECT 1 FROM grp_member JOIN job AS asked ON asked.id = grp_member.jobId
  WHERE grp_member.groupId = job.groupId AND asked.finishedAt IS NULL))`;

/** Whether jobs of this server wait for a place. */
export function hasWaiting(store: Store, owner: string): boolean {
  const sql =
    "SELECT 1 FROM job INDEXED BY job_queue WHERE status = 'queued' AND placed = 0 AND owner = $owner LIMIT 1";
  return store.get(sql, { owner }) !== undefined;
}

/** Where a queued job stands in the order in which places are given: 1 is next. */
export function queuePosition(store: Store, job: { seq: number; priority: number }): number {
  const row = store.get<{ n: number }>(
    `SELECT count(*) AS n FROM job WHERE status = 'queued' AND placed = 0 AND notBefore IS NULL AND ${MEMBERS_ENDED}
       AND (priority > $priority OR (priority = $priority AND seq <= $seq))`,
    { seq: job.seq, priority: job.priority },
  );
  return row?.n ?? 0;
}

/**
 * Gives a place to the first job of this server's queue that fits the limits (priority, then age), and counts
 * the attempt. Returns its id; or when to ask again, if a gap between two starts holds a job back; or undefined if
 * there is no place or nobody to take it. Call inside `write`.
 */
export function takePlace(
  store: Store,
  { id: owner, host }: Pick<ServerRecord, 'id' | 'host'>,
  limits: Limits,
  now: number,
): { id: string; attempt: number } | { againInMs: number } | undefined {
  const { total, byProvider } = placesTaken(store, host);
  if (total >= limits.maxRunning) return undefined;
  const waiting = store.all<{ id: string; provider: string; attempt: number }>(
    `SELECT id, provider, attempt FROM job INDEXED BY job_queue
      WHERE status = 'queued' AND placed = 0 AND owner = $owner AND ${MEMBERS_ENDED}
        AND (notBefore IS NULL OR notBefore <= $now) ORDER BY priority DESC, seq`,
    { owner, now },
  );
  const fitting = waiting.filter((job) => (byProvider.get(job.provider) ?? 0) < limits.perProvider(job.provider));
  const gapLeft = (provider: string) => startGapLeft(store, provider, limits.startGapMs(provider), now);
  const next = fitting.find((job) => gapLeft(job.provider) === 0);
  if (!next) return fitting[0] && { againInMs: Math.min(...fitting.map((job) => gapLeft(job.provider))) };
  const attempt = next.attempt + 1;
  store.run('UPDATE job SET placed = 1, attempt = $attempt, notBefore = NULL WHERE id = $id', { id: next.id, attempt });
  return { id: next.id, attempt };
}

/** How long a provider's next start must wait for the one before, over all servers; in milliseconds. */
function startGapLeft(store: Store, provider: string, gapMs: number, now: number): number {
  if (gapMs === 0) return 0;
  const starting = 'SELECT 1 FROM job INDEXED BY job_placed WHERE placed = 1 AND provider = $provider AND pid IS NULL';
  if (store.get(starting, { provider })) return gapMs;
  const last = 'SELECT max(startedAt) AS at FROM job WHERE provider = $provider AND startedAt IS NOT NULL';
  const row = store.get<{ at: number | null }>(last, { provider });
  // A clock that was set back must not hold a job up for longer than the gap.
  return Math.min(gapMs, Math.max(0, (row?.at ?? 0) + gapMs - now));
}
