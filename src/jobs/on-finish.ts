// `[on_finish]`: tells its owner of jobs that have ended. An end is noted in the transaction that records it, whoever
// records it; one server takes the note, and runs the command. At most once for each job: a server that dies between
// the two has told nobody. Nothing here can hold up a job, or fail it.
import { messageOf } from '../errors.js';
import { findProgram } from '../process/find-command.js';
import { runHook } from '../process/hook.js';
import { hasFinished, noteEnds, takeFinished } from '../store/finished.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { DEPTH_VARIABLE } from './environment.js';
import { NOTIFIERS, notice } from './notification.js';
import { ownerView } from './view.js';

/** Commands that run at once for one server; the other notes stay where any server can take them. */
const AT_ONCE = 4;
const NOTIFY_SEC = 10;

export class OnFinishRunner {
  #running = 0;
  #looking = false;
  #again = false;
  #closed = false;
  #forget: () => void = () => {};

  constructor(private readonly engine: () => Engine) {}

  /** Begins to note ends, and to run the command unless this process is gone in a moment. */
  start(): void {
    const { store, passive } = this.engine();
    if (!this.#configured) return;
    try {
      noteEnds(store);
    } catch (error) {
      this.#complain({}, error);
    }
    // Later, so that whoever has just recorded something goes on first.
    if (!passive) this.#forget = store.onCommit(() => setImmediate(() => void this.look()));
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }

  /** Runs the command for the jobs that are noted. Never rejects; resolves once they are taken, not once they are done. */
  async look(): Promise<void> {
    if (this.#closed || !this.#configured || this.engine().passive) return;
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#takeAll();
      }
    } catch (error) {
      this.#complain({}, error);
    } finally {
      this.#looking = false;
    }
  }

  get #configured(): boolean {
    const { command, notify } = this.engine().config.onFinish;
    return command !== undefined || notify;
  }

  async #takeAll(): Promise<void> {
    const { store } = this.engine();
    while (!this.#closed && this.#running < AT_ONCE && hasFinished(store)) {
      const id = await store.write(() => (this.#closed ? undefined : takeFinished(store)));
      const job = id === undefined ? undefined : findJob(store, id);
      if (!job) continue;
      this.#running += 1;
      void this.#tell(job)
        .catch((error) => this.#complain({ job: job.id }, error))
        .finally(() => {
          this.#running -= 1;
          void this.look();
        });
    }
  }

  async #tell(job: JobRecord): Promise<void> {
    const engine = this.engine();
    const { command, timeoutSec, notify } = engine.config.onFinish;
    const shown = await engine.secrets.forOthers().maskAll(await finishedJob(engine, job));
    const [program, ...args] = command ?? [];
    const told = [
      ...(program === undefined ? [] : [this.#run(job, program, args, `${JSON.stringify(shown)}\n`, timeoutSec)]),
      ...(notify ? [this.#notify(job, shown)] : []),
    ];
    for (const result of await Promise.allSettled(told)) {
      if (result.status === 'rejected') this.#complain({ job: job.id }, result.reason);
    }
  }

  async #run(job: JobRecord, program: string, args: readonly string[], input: string, timeoutSec: number) {
    const { env, paths, nestingGuards } = this.engine();
    const found = await findProgram(program, env);
    if (!found) throw new Error(`on_finish.command: there is no program ${program}`);
    const inherited = Object.entries(env).filter(([name]) => !nestingGuards.includes(name));
    const problem = await runHook({
      path: found.path,
      args,
      cwd: paths.home,
      env: {
        ...Object.fromEntries(inherited),
        PATH: found.searchPath,
        SIDEJOB_HOME: paths.home,
        // A command that starts jobs, whose ends start the command: it comes to its end at `maxDepth`.
        [DEPTH_VARIABLE]: String(job.depth),
      },
      input,
      timeoutSec,
    });
    if (problem) throw new Error(`on_finish.command: ${problem}`);
  }

  /** Where the desktop has no such program, nothing is shown; `sidejob doctor` says so. */
  async #notify(job: JobRecord, shown: Awaited<ReturnType<typeof finishedJob>>): Promise<void> {
    const program = NOTIFIERS[process.platform];
    if (program === undefined || !(await findProgram(program, this.engine().env))) return;
    await this.#run(job, program, notice(program, shown), '', NOTIFY_SEC);
  }

  #complain(details: object, error: unknown): void {
    if (!this.#closed) this.engine().log.warn({ ...details, error: messageOf(error) }, 'on_finish failed');
  }
}

/** What the command is told of a job: what `sidejob show --json` says, without the answer. */
export async function finishedJob(engine: Engine, job: JobRecord) {
  const { sessionId, login, usage } = job;
  return { ...(await ownerView(engine, job)), sessionId, login, usage };
}
