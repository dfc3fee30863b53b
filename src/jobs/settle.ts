// Brings one job's record up to what is true: the only place that decides whether a job goes on, has ended, or
// never began. Any server may settle any job at any time; the guards in the store let one of them win.
import { type JobFiles, jobFiles } from '../config/paths.js';
import { isNotOurs, readPrivate, statsOf } from '../config/private-file.js';
import { messageOf } from '../errors.js';
import { readBytes, sizeOf } from '../output/read.js';
import { deadlinePassed, type ExitRecord, readExit } from '../process/exit-file.js';
import { faultPoint } from '../process/fault.js';
import { compareHost } from '../process/host.js';
import { livenessOf, type ProcessIdentity } from '../process/identity.js';
import { jobProcesses } from '../process/job-processes.js';
import { emptyFold, type FoldState, foldEvents } from '../providers/fold.js';
import type { Provider, ReadFailure } from '../providers/provider.js';
import { findJob, lastUsageTotal } from '../store/jobs.js';
import type { Cause, JobRecord, Reason } from '../store/record.js';
import { findServer } from '../store/servers.js';
import { cancelUnbegun, changeOwner, finishJob, requeue } from '../store/transitions.js';
import type { Engine } from './engine.js';
import { goOn, mayGoOn } from './failover.js';
import { tidyWorktree } from './isolation/tidy.js';
import { checkedAnswer } from './judge/files.js';
import { decideOutcome } from './outcome.js';
import { keepAnswer } from './readings.js';
import { structuredAnswer } from './structured.js';
import { runUsage } from './usage.js';

const STDERR_TAIL_BYTES = 16 * 1024;
const REPORT_MAX_BYTES = 1024 * 1024;
/** No limit lasts longer; a time beyond it is a mistake. */
const RESET_MAX_MS = 366 * 86_400_000;
/** How far a file's time may lie behind the clock: Linux stamps files with the last timer tick (at most 10 ms). */
const FILE_TIME_MS = 20;

/** The launcher of a job that has one. */
export function launcherOf(job: JobRecord): ProcessIdentity | undefined {
  const { host, pid, pidStart } = job;
  return host !== null && pid !== null && pidStart !== null ? { host, pid, start: pidStart } : undefined;
}

/** Settles a job and returns its record as it is then; undefined for an unknown id. */
export async function settle(engine: Engine, id: string): Promise<JobRecord | undefined> {
  // No file is read to learn that a child of ours still runs.
  if (engine.supervision.holds(id)) return findJob(engine.store, id);
  return settleByFiles(engine, id);
}

/** A job's record as it is once it has been settled; as it was known, where it has been removed meanwhile. */
export async function settledJob(engine: Engine, job: JobRecord): Promise<JobRecord> {
  return (await settle(engine, job.id)) ?? job;
}

/** The same as `settle`, also for a child of ours of which it is not known yet that it has ended. */
export async function settleByFiles(engine: Engine, id: string): Promise<JobRecord | undefined> {
  const job = findJob(engine.store, id);
  if (!job || job.finishedAt !== null) return job;
  const launcher = launcherOf(job);
  if (launcher) await settleStarted(engine, job, launcher);
  else await settleQueued(engine, job);
  return findJob(engine.store, id);
}

/** A job without a recorded launcher has provably not begun. */
async function settleQueued(engine: Engine, job: JobRecord): Promise<void> {
  if (engine.starting.has(job.id) || !(await takeOver(engine, job))) return;
  if (job.placed) await engine.store.write(() => requeue(engine.store, job));
  void engine.schedule();
}

async function settleStarted(engine: Engine, job: JobRecord, launcher: ProcessIdentity): Promise<void> {
  if (compareHost(launcher.host, engine.host) === 'elsewhere') return;
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  let exit = await readExit(files.exit);
  if (exit.kind === 'none') {
    if ((await livenessOf(launcher, engine.host)) === 'alive') {
      if (await takeOver(engine, job)) engine.supervision.watch(job);
      return;
    }
    // It may have written its last word between our two looks.
    exit = await readExit(files.exit);
  }
  if (exit.kind === 'never_ran') return returnToQueue(engine, job);
  const { finishing } = engine;
  const underWay = finishing.get(job.id);
  if (underWay) return underWay;
  const finished = finish(engine, job, launcher, files, exit).finally(() => finishing.delete(job.id));
  finishing.set(job.id, finished);
  await finished;
}

/**
 * Makes this server the owner of a job whose own is proved gone. What may still begin a run, because it is queued or goes on
 * by a chain, is taken only by a server that would use the same logins: it must not be billed to somebody else. Such a job
 * that runs is looked after all the same, and stays its owner's.
 * @returns whether this server looks after it
 */
async function takeOver(engine: Engine, job: JobRecord): Promise<boolean> {
  if (job.owner === engine.server.id) return true;
  if (engine.passive) return false;
  if (await isOwnerAlive(engine, job)) return false;
  const mayBegin = job.status === 'queued' || job.chain !== null;
  if (mayBegin && !hasLoginsOf(engine, job)) return job.status !== 'queued';
  return engine.store.write(() => {
    engine.register();
    return changeOwner(engine.store, job.id, job.owner, engine.server.id);
  });
}

/** Whether this server's environment would have all that may run the job pay from the same accounts. */
function hasLoginsOf(engine: Engine, { chain, provider, loginKey }: JobRecord): boolean {
  const members = chain?.members ?? [{ provider, loginKey }];
  return members.every((member) => member.loginKey === engine.loginKeyOf(member.provider));
}

/** Whether the job's server lives, as far as can be proved; one that cannot be judged counts as alive. */
export async function isOwnerAlive(engine: Engine, job: JobRecord): Promise<boolean> {
  if (job.owner === engine.server.id) return true;
  const owner = findServer(engine.store, job.owner);
  if (!owner) return false;
  const identity = { host: owner.host, pid: owner.pid, start: owner.pidStart };
  return (await livenessOf(identity, engine.host)) !== 'gone';
}

/** The launcher left before it ran anything: its server had died between the record and the go. */
async function returnToQueue(engine: Engine, job: JobRecord): Promise<void> {
  await engine.store.write(() => {
    // Asked to end meanwhile: then it must not begin after all.
    if (!requeue(engine.store, job)) cancelUnbegun(engine.store, job, Date.now());
  });
  engine.store.bell.ring(job.id);
  if ((await settle(engine, job.id))?.finishedAt) void engine.schedule();
}

async function finish(
  engine: Engine,
  job: JobRecord,
  launcher: ProcessIdentity,
  files: JobFiles,
  exit: ExitRecord,
): Promise<void> {
  const byDeadline = job.cause === null && (await deadlinePassed(files.deadline));
  const ended = exit.kind === 'none' || job.cause !== null || byDeadline;
  // Nothing has ended before all that it had started has. Whoever only asked need not wait for that.
  if (ended && (await jobProcesses(job.id, launcher, engine.host)).length > 0) {
    return void engine.supervision.endProcesses(job);
  }
  const { cause, causeNote } = byDeadline
    ? { cause: 'timeout' as const, causeNote: timeoutNote(job) }
    : causeBefore(job, files, exit);
  const provider = engine.providerNamed(job.provider);
  const [fold, launcherLog] = await Promise.all([
    provider ? foldOf(engine, files, provider).catch(nothingOfOurs(emptyFold())) : emptyFold(),
    readPrivate(files.launcherLog).catch(() => ''),
  ]);
  const stdoutBytes = sizeOf(files.stdout);
  const stderrBytes = sizeOf(files.stderr);
  const tail = await readBytes(files.stderr, Math.max(0, stderrBytes - STDERR_TAIL_BYTES), STDERR_TAIL_BYTES).catch(
    nothingOfOurs(Buffer.alloc(0)),
  );
  const stderr = tail.toString('utf8');
  const { answer: given, misfit } = await structuredAnswer(job.outputSchema, fold.answer);
  const verdict = decideOutcome({
    provider,
    exit,
    cause,
    causeNote,
    signalSent: job.signalSent,
    fold,
    launcherLog,
    stderr,
    misfit,
  });
  const trace = { fold, stdoutBytes, stdout: files.stdout, usage: fold.usage ?? null };
  const mayContinue = exit.kind === 'exited' && (await mayGoOn(engine, job, verdict.reason, trace));
  // Another run must not begin beside what this one has left behind.
  if (mayContinue && (await jobProcesses(job.id, launcher, engine.host)).length > 0) {
    return void engine.supervision.endProcesses(job);
  }
  const before = job.resume ? lastUsageTotal(engine.store, job) : undefined;
  const answer = job.role === 'judge' && !misfit ? await checkedAnswer(engine.paths, job.id, given) : given;
  if (answer) await keepAnswer(files.answer, answer);
  const endedAt = endOf(files, exit);
  const outcome = {
    ...verdict,
    // A credential of this server is not stored; what else looks like one is masked where it is shown.
    error: verdict.error && engine.secrets.maskKnown(verdict.error),
    usage: fold.usage ? runUsage(fold.usage, fold.cumulative, before, job.resume === 1) : null,
    usageTotal: fold.usage ?? null,
    sessionId: fold.sessionId ?? null,
    model: fold.model ?? null,
    resetsAt: resetOf(verdict.reason, fold, provider?.readStderr?.(stderr), endedAt),
    answerBytes: Buffer.byteLength(answer),
    stdoutBytes,
    stderrBytes,
    // What has a group of its own within the job's session shows only in a look at all processes, which comes later.
    leftovers: ended ? 0 : 1,
  } as const;
  if (mayContinue && (await goOn(engine, job, outcome))) {
    engine.readings.forget(files.stdout);
    engine.supervision.forget(job.id);
    engine.store.bell.ring();
    return void engine.schedule();
  }
  faultPoint('finish.decided');
  const won = await engine.store.write(() => finishJob(engine.store, job.id, ['running'], outcome, endedAt, job.run));
  faultPoint('finish.recorded');
  engine.readings.forget(files.stdout);
  engine.supervision.forget(job.id);
  if (!won) return;
  engine.store.bell.ring(job.id);
  engine.supervision.endLeftovers(job, launcher);
  if (job.worktree !== null) void tidyLater(engine, job.worktree);
  void engine.schedule();
}

/** Tells what an isolated job has done, and removes a worktree in which nothing was. Any look at it does the same. */
async function tidyLater(engine: Engine, worktree: string): Promise<void> {
  try {
    await tidyWorktree(engine, worktree);
  } catch (error) {
    engine.log.warn({ worktree, error: messageOf(error) }, 'a worktree could not be looked at; it is tried again');
  }
}

/** What is not our file says nothing; the job must end all the same. */
function nothingOfOurs<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (isNotOurs(error)) return nothing;
    throw error;
  };
}

/** What the CLI said, with what it reported beside its output. */
async function foldOf(engine: Engine, files: JobFiles, provider: Provider): Promise<FoldState> {
  const fold = await engine.readings.final(files.stdout, provider);
  if (!provider.readReport) return fold;
  const report = await readBytes(files.report, 0, REPORT_MAX_BYTES);
  return report.length === 0 ? fold : foldEvents(fold, provider.readReport(report.toString('utf8')));
}

/** When the limit that ended the job is over, where the CLI said so on stdout or else on stderr. */
function resetOf(
  reason: Reason | null,
  { resetsAt, error }: FoldState,
  complaint: ReadFailure | undefined,
  endedAt: number,
): number | null {
  if (reason !== 'rate_limited' && reason !== 'quota_exhausted') return null;
  const after = error?.retryAfterSec ?? complaint?.retryAfterSec;
  const at = Math.ceil(resetsAt ?? endedAt + (after ?? Number.NaN) * 1000);
  // What the CLI says may be anything, and the store takes whole numbers only.
  return at > 0 && at < endedAt + RESET_MAX_MS ? at : null;
}

/** When it ended, as the exit file tells; now, where there is none. A job may have ended while no server lived. */
function endOf(files: JobFiles, exit: ExitRecord): number {
  const now = Date.now();
  if (exit.kind !== 'exited') return now;
  return Math.min(now, Math.round(statsOf(files.exit)?.mtimeMs ?? now));
}

/** The cause that counts: one that came after the command had ended by itself does not. */
function causeBefore(
  job: JobRecord,
  files: JobFiles,
  exit: ExitRecord,
): { cause: Cause | null; causeNote: string | null } {
  if (job.cause !== null && exit.kind === 'exited') {
    const ended = statsOf(files.exit);
    const endedFirst = ended !== undefined && job.causeAt !== null && ended.mtimeMs < job.causeAt - FILE_TIME_MS;
    if (endedFirst) return { cause: null, causeNote: null };
  }
  return { cause: job.cause, causeNote: job.causeNote };
}

export function timeoutNote(job: Pick<JobRecord, 'timeoutSec'>): string {
  return `Ended after its time limit of ${job.timeoutSec} s.`;
}
