// Looks after the jobs that run under this server: notices their end, enforces their limits, and ends what is
// left of them. All of it can be taken over by another server at any time; nothing here is the only copy.
import { type FSWatcher, watch } from 'node:fs';
import { setTimeout as sleep, setImmediate as yieldToOthers } from 'node:timers/promises';
import { jobFiles } from '../config/paths.js';
import { messageOf } from '../errors.js';
import { sizeOf } from '../output/read.js';
import { readExit } from '../process/exit-file.js';
import { faultPoint } from '../process/fault.js';
import { compareHost } from '../process/host.js';
import type { ProcessIdentity } from '../process/identity.js';
import { endLeftovers, isGroupAlive, terminateJob } from '../process/terminate.js';
import { findJob, jobsWithLeftovers } from '../store/jobs.js';
import type { Cause, JobRecord } from '../store/record.js';
import { clearLeftovers, recordSignal, setCause } from '../store/transitions.js';
import { brokenLimit } from './broken-limit.js';
import { readEarly } from './early.js';
import type { Engine, Supervision } from './engine.js';
import { launcherOf, settle, settleByFiles } from './settle.js';

const TICK_MS = 1000;
/** Jobs that are looked at before others get their turn. */
const TOGETHER = 32;
/** Time that processes a CLI leaves behind get to end by themselves. */
const LEFTOVER_GRACE_MS = 2000;
/** The least time between two looks for them. */
const LEFTOVER_LOOK_MS = 250;
const TIDY_LOOK_MS = 50;

interface Watched {
  id: string;
  attempt: number;
  exitWatcher?: FSWatcher;
  /** Started by a server that has died since. */
  adopted: boolean;
  /** Its launcher, a child of this process, has left. */
  ended: boolean;
  bytes: number;
  /** When output was last seen to grow, on the monotonic clock in milliseconds. */
  grewAt: number;
  /** The work under way for this job, so that ticks do not pile up. */
  busy: boolean;
}

/** A job that has ended, and the launcher it had. */
interface Ended {
  id: string;
  launcher: ProcessIdentity;
}

export class Supervisor implements Supervision {
  readonly #watched = new Map<string, Watched>();
  /** Ended jobs whose leftovers still have their grace, the oldest first; `dueAt` on the monotonic clock. */
  #left: (Ended & { dueAt: number })[] = [];
  #leftTimer: NodeJS.Timeout | undefined;
  readonly #ending = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly engine: () => Engine) {}

  /** Jobs that this server looks after right now. */
  get count(): number {
    return this.#watched.size;
  }

  /** Those of them that another server had started. */
  get adopted(): number {
    return [...this.#watched.values()].filter((entry) => entry.adopted).length;
  }

  /**
   * Begins to look after a running job.
   * @param ended resolves at the end of its launcher, where that is a child of this process; the exit file of
   * any other is watched
   */
  watch(job: JobRecord, ended?: Promise<void>): void {
    if ((this.#watched.get(job.id)?.attempt ?? 0) >= job.attempt) return;
    // What another server has put back into the queue: neither its files nor its silence are those of before.
    this.forget(job.id);
    const entry: Watched = {
      id: job.id,
      attempt: job.attempt,
      adopted: ended === undefined,
      ended: false,
      bytes: 0,
      grewAt: performance.now(),
      busy: false,
    };
    this.#watched.set(job.id, entry);
    if (ended) {
      void ended.then(() => {
        entry.ended = true;
        this.#settle(job.id);
      });
    } else entry.exitWatcher = this.#watchExit(job);
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS).unref();
  }

  /** Not while the tick looks: once a second the files and the process table are asked all the same. */
  holds(id: string): boolean {
    const entry = this.#watched.get(id);
    return entry !== undefined && !entry.adopted && !entry.ended && !entry.busy && !this.#ending.has(id);
  }

  forget(id: string): void {
    this.#watched.get(id)?.exitWatcher?.close();
    this.#watched.delete(id);
    if (this.#watched.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  close(): void {
    for (const id of [...this.#watched.keys()]) this.forget(id);
    clearTimeout(this.#leftTimer);
  }

  /**
   * Ends a running job: the cause is committed before the first signal. Resolves when the job has ended, or
   * when it is clear that something of it cannot be ended now (it stays running, and is tried again).
   */
  async end(job: JobRecord, cause: Cause, note: string | null): Promise<void> {
    const { store, paths, host } = this.engine();
    // What has ended by itself was not ended by us.
    const exit = await readExit(jobFiles(paths, job.id, job.attempt, job.run).exit);
    if (exit.kind === 'none') {
      // Of another machine or container it is only asked; its own server sends the signal.
      const reach = job.host !== null && compareHost(job.host, host) !== 'elsewhere';
      await store.write(() =>
        // Somebody who wants it ended means whatever runs; a limit or an error is of the run that it was seen in.
        setCause(
          store,
          job.id,
          cause,
          note,
          Date.now(),
          reach ? 'SIGTERM' : null,
          cause === 'cancel' ? undefined : job.run,
        ),
      );
      faultPoint('end.caused');
      store.bell.ring();
      await this.endProcesses(job);
    } else await settleByFiles(this.engine(), job.id);
  }

  /** Ends whatever processes a job still has, and settles it then. Never rejects: it is tried again. */
  endProcesses(job: JobRecord): Promise<void> {
    const under = this.#ending.get(job.id);
    if (under) return under;
    const ending = this.#endProcesses(job)
      .catch((error) => this.#logError(job.id, error, 'ending its processes failed; it is tried again'))
      .finally(() => this.#ending.delete(job.id));
    this.#ending.set(job.id, ending);
    return ending;
  }

  async #endProcesses(job: JobRecord): Promise<void> {
    const { store, host, config, log } = this.engine();
    const launcher = launcherOf(job);
    if (!launcher) return;
    const noteKill = () => store.write(() => recordSignal(store, job.id, 'SIGKILL'));
    const { survivors } = await terminateJob(job.id, launcher, host, config.settings.graceSec * 1000, noteKill);
    faultPoint('end.terminated');
    if (survivors.length > 0) {
      log.warn({ job: job.id, pids: survivors.map(({ pid }) => pid) }, 'processes cannot be ended');
    }
    const after = await settle(this.engine(), job.id);
    // Something of it lives, or was born just now: the next tick goes on.
    if (after?.status === 'running' && compareHost(launcher.host, host) === 'same') this.watch(after);
  }

  /** Ends, after a short grace, what a CLI left behind in its own process group. Runs in the background. */
  endLeftovers({ id }: JobRecord, launcher: ProcessIdentity): void {
    this.#left.push({ id, launcher, dueAt: performance.now() + LEFTOVER_GRACE_MS });
    this.#lookForLeftovers();
  }

  /** Where many jobs end, a look at all processes is for all whose grace is over, and not for each of them. */
  #lookForLeftovers(): void {
    const [first] = this.#left;
    if (!first || this.#leftTimer) return;
    const ms = Math.max(LEFTOVER_LOOK_MS, first.dueAt - performance.now());
    this.#leftTimer = setTimeout(() => {
      this.#leftTimer = undefined;
      const now = performance.now();
      const due = this.#left.filter(({ dueAt }) => dueAt <= now);
      this.#left = this.#left.filter(({ dueAt }) => dueAt > now);
      this.#endLeftovers(due).catch((error) => this.#logError(due.map(({ id }) => id).join(), error, 'leftovers'));
      this.#lookForLeftovers();
    }, ms).unref();
  }

  /** Does the same for jobs whose server has died before it came to it. */
  async sweepLeftovers(endedBefore = Date.now() - 2 * LEFTOVER_GRACE_MS): Promise<void> {
    const overdue = jobsWithLeftovers(this.engine().store, endedBefore);
    await this.#endLeftovers(
      overdue.flatMap((job) => {
        const launcher = launcherOf(job);
        return launcher ? { id: job.id, launcher } : [];
      }),
    );
  }

  async tidy(): Promise<void> {
    const { store, host } = this.engine();
    const lives = (job: JobRecord) => {
      const launcher = launcherOf(job);
      return launcher !== undefined && compareHost(launcher.host, host) !== 'elsewhere' && isGroupAlive(launcher);
    };
    for (let waited = 0; waited < LEFTOVER_GRACE_MS; waited += TIDY_LOOK_MS) {
      if (!jobsWithLeftovers(store, Date.now() + 1).some(lives)) break;
      await sleep(TIDY_LOOK_MS);
    }
    await this.sweepLeftovers(Date.now() + 1);
  }

  async #endLeftovers(jobs: readonly Ended[]): Promise<void> {
    const { store, host, config, log } = this.engine();
    const near = jobs.filter(({ launcher }) => compareHost(launcher.host, host) !== 'elsewhere');
    if (near.length === 0) return;
    const left = await endLeftovers(near, host, config.settings.graceSec * 1000);
    for (const [job, daemons] of left) log.warn({ job, daemons }, 'left running: it left the job’s session');
    const noted = near.filter(({ id }) => findJob(store, id)?.leftovers);
    if (noted.length === 0) return;
    await store.write(() => {
      for (const { id } of noted) clearLeftovers(store, id);
    });
  }

  #watchExit(job: JobRecord): FSWatcher | undefined {
    try {
      // The file, not the folder: every write to stdout would wake a watch on the folder.
      const path = jobFiles(this.engine().paths, job.id, job.attempt, job.run).exit;
      const watcher = watch(path, { persistent: false }, () => this.#settle(job.id));
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      // No watches left: the tick notices the end within a second.
      return undefined;
    }
  }

  #settle(id: string): void {
    // Whoever ends a job settles it, once all of its processes are gone.
    if (this.#ending.has(id)) return;
    settle(this.engine(), id).catch((error) => {
      this.#logError(id, error, 'settling failed; it is tried again');
    });
  }

  #logError(job: string, error: unknown, what: string): void {
    this.engine().log.error({ job, error: messageOf(error) }, what);
  }

  async #tick(): Promise<void> {
    for (const [index, entry] of [...this.#watched.values()].entries()) {
      // What is asked of the system is answered at once: a thousand at a time would hold up the event loop.
      if (index % TOGETHER === TOGETHER - 1) await yieldToOthers();
      if (entry.busy || this.#watched.get(entry.id) !== entry) continue;
      entry.busy = true;
      this.#check(entry)
        .catch((error) => this.#logError(entry.id, error, 'check failed'))
        .finally(() => {
          entry.busy = false;
        });
    }
  }

  async #check(entry: Watched): Promise<void> {
    if (this.#ending.has(entry.id)) return;
    const job = await settle(this.engine(), entry.id);
    if (job?.status !== 'running') return this.forget(entry.id);
    // Somebody has said why it must end, and perhaps died before it did so.
    if (job.cause) return this.endProcesses(job);
    const files = jobFiles(this.engine().paths, job.id, job.attempt, job.run);
    const stdoutBytes = sizeOf(files.stdout);
    const bytes = stdoutBytes + sizeOf(files.stderr);
    const grew = bytes !== entry.bytes;
    if (grew) Object.assign(entry, { bytes, grewAt: performance.now() });
    const broken = await brokenLimit(job, entry, this.engine().config.settings);
    if (broken) return this.end(job, broken.cause, broken.note);
    const healless = grew ? await readEarly(this.engine(), job, files.stdout, stdoutBytes) : undefined;
    if (healless) await this.end(healless.job, healless.cause, healless.note);
  }
}
