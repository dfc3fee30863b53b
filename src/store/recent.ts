// When the jobs of the last hour were accepted. Not asked of the jobs: their times are as the clock was, and a clock that
// is set back must neither forget them nor count them for ever.
import type { Store } from './store.js';

const HOUR_MS = 3_600_000;

/**
 * Forgets what is older than an hour. If the clock was set back, what lies in the future by now is moved back with it: the
 * newest counts as of this moment, the others keep their distance. Call it inside `write`.
 * @param now milliseconds since 1970
 */
export function settleRecent(store: Store, now: number): void {
  const { newest } = store.get<{ newest: number | null }>('SELECT max(at) AS newest FROM recent') ?? {};
  if (newest && newest > now) store.run('UPDATE recent SET at = at - $ahead', { ahead: newest - now });
  store.run('DELETE FROM recent WHERE at <= $before', { before: now - HOUR_MS });
}

/** Notes a job as accepted. Call it in the transaction that records the job. */
export function noteAccepted(store: Store, now: number): void {
  settleRecent(store, now);
  store.run('INSERT INTO recent (at) VALUES ($now)', { now });
}

/**
 * Jobs accepted in the last hour.
 * @returns how many there are, and when (milliseconds) fewer than `limit` are left
 */
export function acceptedLately(store: Store, limit: number): { jobs: number; belowAt: number } {
  const { jobs } = store.get<{ jobs: number }>('SELECT count(*) AS jobs FROM recent') ?? { jobs: 0 };
  const offset = Math.max(0, jobs - limit);
  const row = store.get<{ at: number }>('SELECT at FROM recent ORDER BY at LIMIT 1 OFFSET $offset', { offset });
  return { jobs, belowAt: (row?.at ?? 0) + HOUR_MS };
}
