// Every change of a job's state. Each is one guarded update: of two servers that race, one changes a row and
// the other changes none, and an ended job never changes again. Call them inside `store.write`; each returns
// whether it changed the job.
import type { ProcessIdentity } from '../process/identity.js';
import { type Cause, type JobRecord, type JobStatus, NEW_JOB_COLUMNS, type NewJob, type Outcome } from './record.js';
import type { Store } from './store.js';
import { addUsage, countAccepted } from './usage.js';

/** Records a job as queued: from here on it is accepted. */
export function insertJob(store: Store, job: NewJob): void {
  const names = NEW_JOB_COLUMNS.join(', ');
  const values = NEW_JOB_COLUMNS.map((name) => `$${name}`).join(', ');
  const chain = job.chain && JSON.stringify(job.chain);
  store.run(`INSERT INTO job (${names}, status) VALUES (${values}, 'queued')`, { ...job, chain });
  countAccepted(store, job);
}

/** queued → running, once the launcher's identity is known and before it is let go. */
export function recordLaunch(
  store: Store,
  job: { id: string; owner: string; attempt: number },
  { host, pid, start }: ProcessIdentity,
  now: number,
): boolean {
  const changed = store.run(
    `UPDATE job SET status = 'running', host = $host, pid = $pid, pidStart = $start, startedAt = $now
      WHERE id = $id AND owner = $owner AND attempt = $attempt AND status = 'queued' AND placed = 1`,
    { id: job.id, owner: job.owner, attempt: job.attempt, host, pid, start, now },
  );
  return changed === 1;
}

/** Notes the size of a prompt that was made when its job got a place; false if that is no longer so. */
export function recordPrompt(
  store: Store,
  { id, owner, attempt, promptBytes }: { id: string; owner: string; attempt: number; promptBytes: number },
): boolean {
  const changed = store.run(
    `UPDATE job SET promptBytes = $promptBytes
      WHERE id = $id AND owner = $owner AND attempt = $attempt AND status = 'queued' AND placed = 1`,
    { id, owner, attempt, promptBytes },
  );
  return changed === 1;
}

/**
 * A job that provably did not begin goes back to the queue, and its place is free again.
 * @param job as it was judged: one that has been let go since is not the same
 */
export function requeue(store: Store, job: Pick<JobRecord, 'id' | 'attempt' | 'pid' | 'pidStart'>): boolean {
  const changed = store.run(
    `UPDATE job SET status = 'queued', placed = 0, host = NULL, pid = NULL, pidStart = NULL, startedAt = NULL
      WHERE id = $id AND attempt = $attempt AND cause IS NULL AND pid IS $pid AND pidStart IS $pidStart
        AND (status = 'running' OR (status = 'queued' AND placed = 1))`,
    { id: job.id, attempt: job.attempt, pid: job.pid, pidStart: job.pidStart },
  );
  return changed === 1;
}

/**
 * Says why we are about to end a running job, and which signal follows at once. The first cause wins; only a cancel also
 * stands above a missing login, after which another CLI might go on.
 * @param run the run that it is about; any, if absent
 */
export function setCause(
  store: Store,
  id: string,
  cause: Cause,
  note: string | null,
  now: number,
  signal: 'SIGTERM' | null = 'SIGTERM',
  run?: number,
): boolean {
  const changed = store.run(
    `UPDATE job SET cause = $cause, causeAt = $now, causeNote = $note, signalSent = $signal
      WHERE id = $id AND status = 'running' AND ($run IS NULL OR run = $run)
        AND (cause IS NULL OR ($cause = 'cancel' AND cause = 'auth_required' AND chain IS NOT NULL))`,
    { id, cause, note, now, signal, run: run ?? null },
  );
  return changed === 1;
}

/** Notes a stronger signal, before it is sent. */
export function recordSignal(store: Store, id: string, signal: string): void {
  store.run('UPDATE job SET signalSent = $signal WHERE id = $id AND finishedAt IS NULL', { id, signal });
}

/**
 * The final transition, from one of the given states.
 * @param run the run that was judged: another may have begun since; any, if absent
 */
export function finishJob(
  store: Store,
  id: string,
  from: readonly ('queued' | 'running')[],
  outcome: Outcome,
  now: number,
  run?: number,
): boolean {
  const changed = store.run(
    `UPDATE job SET status = $status, reason = $reason, exitCode = $exitCode, signal = $signal, error = $error,
            hint = $hint, resetsAt = $resetsAt, usage = $usage, usageTotal = $usageTotal,
            sessionId = coalesce($sessionId, sessionId), model = coalesce(model, $model),
            answerBytes = $answerBytes, stdoutBytes = $stdoutBytes, stderrBytes = $stderrBytes,
            leftovers = $leftovers, finishedAt = $now, placed = 0
      WHERE id = $id AND status IN (${from.map((status: JobStatus) => `'${status}'`).join(', ')})
        AND ($run IS NULL OR run = $run)`,
    {
      ...outcome,
      run: run ?? null,
      usage: outcome.usage && JSON.stringify(outcome.usage),
      usageTotal: outcome.usageTotal && JSON.stringify(outcome.usageTotal),
      id,
      now,
    },
  );
  if (changed !== 1) return false;
  // What never ran has used nothing; nor has what is canceled below, before it began.
  if (outcome.reason !== 'spawn_failed') addUsage(store, id, outcome.usage, now);
  return true;
}

/** Notes that another request was given this job. */
export function markJoined(store: Store, id: string): void {
  store.run('UPDATE job SET joined = 1 WHERE id = $id', { id });
}

/** queued → canceled for a job of `llm_run` that nobody else waits for. */
export function withdraw(store: Store, id: string, now: number): boolean {
  const own = "SELECT 1 FROM job WHERE id = $id AND kind = 'deferred' AND joined = 0";
  return store.get(own, { id }) !== undefined && cancelQueued(store, id, now);
}

/** queued → canceled, while nothing of the job runs. A launcher that is being held is never let go then. */
export function cancelQueued(store: Store, id: string, now: number): boolean {
  const changed = store.run(
    `UPDATE job SET status = 'canceled', finishedAt = $now, placed = 0, cause = 'cancel', causeAt = $now,
            answerBytes = 0, stdoutBytes = 0, stderrBytes = 0
      WHERE id = $id AND status = 'queued'`,
    { id, now },
  );
  return changed === 1;
}

/** running → canceled, for a job that was asked to end and turned out never to have begun. */
export function cancelUnbegun(store: Store, job: { id: string; attempt: number }, now: number): boolean {
  const changed = store.run(
    `UPDATE job SET status = 'canceled', finishedAt = $now, placed = 0,
            answerBytes = 0, stdoutBytes = 0, stderrBytes = 0
      WHERE id = $id AND attempt = $attempt AND status = 'running' AND cause IS NOT NULL`,
    { id: job.id, attempt: job.attempt, now },
  );
  return changed === 1;
}

/** Takes over a job whose server is proved gone. */
export function changeOwner(store: Store, id: string, from: string, to: string): boolean {
  const changed = store.run('UPDATE job SET owner = $to WHERE id = $id AND owner = $from AND finishedAt IS NULL', {
    id,
    from,
    to,
  });
  return changed === 1;
}

/** Keeps a conversation's id as soon as the CLI has told it, so that it survives the job's sudden end. */
export function recordSession(store: Store, id: string, sessionId: string): void {
  store.run('UPDATE job SET sessionId = $sessionId WHERE id = $id AND sessionId IS NULL', { id, sessionId });
}

/** What an ended job had left behind is gone. */
export function clearLeftovers(store: Store, id: string): void {
  store.run('UPDATE job SET leftovers = 0 WHERE id = $id', { id });
}

/** The job's outcome has been shown to a caller. */
export function markRead(store: Store, id: string, now: number): void {
  store.run('UPDATE job SET readAt = $now WHERE id = $id AND readAt IS NULL AND finishedAt IS NOT NULL', { id, now });
}

/** Keeps a job whatever the limits say, or not any more. */
export function setPinned(store: Store, id: string, pinned: boolean): boolean {
  const value = pinned ? 1 : 0;
  return store.run('UPDATE job SET pinned = $value WHERE id = $id AND pinned <> $value', { id, value }) === 1;
}
