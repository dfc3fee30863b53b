// The CLIs that may answer one job, in order, what became of those that could not, and the one transition by which
// another takes over.
import type { Usage } from '../providers/provider.js';
import type { Chain, JobRecord } from './record.js';
import type { Store } from './store.js';
import { addUsage, countAccepted } from './usage.js';

/** What a job needs to run once more, and what is kept of the run that ended. */
export interface Switch {
  /** With its history: the run that ended is the last of `past`. */
  chain: Chain;
  provider: string;
  model: string | null;
  sessionId: string | null;
  loginKey: string;
  login: string | null;
  /** Milliseconds since 1970; null: at once. */
  notBefore: number | null;
  /** What the ended run used, and whether it ran at all. */
  usage: Usage | null;
}

/**
 * running or queued → queued, for the next CLI. Only from the very run that was judged, and only if nobody asked it to
 * end meanwhile: of two servers that settle the same run, one switches. Call inside `store.write`.
 * @returns whether it changed the job
 */
export function switchRun(store: Store, job: JobRecord, next: Switch, now: number): boolean {
  const { id, attempt, run, status } = job;
  const guard = `id = $id AND attempt = $attempt AND run = $run AND status = $status
    AND (cause IS NULL OR cause = 'auth_required')`;
  if (!store.get(`SELECT 1 FROM job WHERE ${guard}`, { id, attempt, run, status })) return false;
  const last = next.chain.past.at(-1);
  // While the row still names the CLI that used it.
  if (next.usage) addUsage(store, id, next.usage, now);
  if (last?.resetsAt) noteLimit(store, { ...job, until: last.resetsAt, at: now });
  store.run(
    `UPDATE job SET status = 'queued', placed = 0, run = run + 1, host = NULL, pid = NULL, pidStart = NULL,
            startedAt = NULL, cause = NULL, causeAt = NULL, causeNote = NULL, signalSent = NULL, chain = $chain,
            provider = $provider, model = $model, sessionId = $sessionId, loginKey = $loginKey, login = $login,
            notBefore = $notBefore
      WHERE id = $id`,
    {
      id,
      chain: JSON.stringify(next.chain),
      provider: next.provider,
      model: next.model,
      sessionId: next.sessionId,
      loginKey: next.loginKey,
      login: next.login,
      notBefore: next.notBefore,
    },
  );
  if (next.provider !== job.provider) countAccepted(store, { provider: next.provider, createdAt: now });
  return true;
}

/** Remembers a limit of an account beyond the run that met it. */
function noteLimit(
  store: Store,
  { provider, loginKey, at, until }: { provider: string; loginKey: string; at: number; until: number },
): void {
  store.run(
    `INSERT INTO account_limit (provider, loginKey, at, until) VALUES ($provider, $loginKey, $at, $until)
       ON CONFLICT DO UPDATE SET at = excluded.at, until = excluded.until`,
    { provider, loginKey, at, until },
  );
}

/** When the first sleeping job of a server may have a place; undefined if none sleeps. Milliseconds since 1970. */
export function nextWake(store: Store, owner: string, now: number): number | undefined {
  const sql = `SELECT min(notBefore) AS at FROM job INDEXED BY job_sleeping
    WHERE status = 'queued' AND notBefore IS NOT NULL AND owner = $owner AND notBefore > $now`;
  return store.get<{ at: number | null }>(sql, { owner, now })?.at ?? undefined;
}
