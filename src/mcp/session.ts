// What lasts for the life of one server process: the job manager (opened when a call first needs it), the
// client's project, and whether it has been told of its unread jobs.
import { homedir } from 'node:os';
import { type Paths, resolvePaths } from '../config/paths.js';
import type { Log } from '../jobs/engine.js';
import type { JobManager } from '../jobs/manager.js';
import { Secrets } from '../output/secrets/secrets.js';
import type { Provider } from '../providers/provider.js';
import { PROVIDERS } from '../providers/registry.js';
import { countUnread } from '../store/jobs.js';
import { VERSION } from '../version.js';
import { findProject } from './project.js';
import type { Call } from './tool.js';

/** Tools whose reply is about unread jobs already, or must stay as it is. */
const NO_NOTICE = ['llm_job_list', 'llm_process_health'];

export class Session {
  readonly log: Log;
  readonly #paths: Paths;
  readonly #startedAt = Date.now();
  #manager: Promise<JobManager> | undefined;
  #opened: JobManager | undefined;
  #project: Promise<string | null> | undefined;
  #noticed = false;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    log: Log,
    /** Masks whatever is said to the client. */
    readonly secrets: Secrets = new Secrets(env),
    private readonly providers: readonly Provider[] = PROVIDERS,
  ) {
    this.log = log;
    this.#paths = resolvePaths(env);
  }

  /** The user's home folder. */
  get home(): string {
    return this.env.HOME ?? homedir();
  }

  /** What a tool's handler gets beside its arguments. */
  async call(clientName: string, signal: AbortSignal, progress: Call['progress'], tasks = false): Promise<Call> {
    const arrivedAt = performance.now();
    this.#project ??= findProject(this.env, process.cwd(), this.env.HOME ?? '');
    const project = await this.#project;
    return {
      manager: () => this.#open(),
      clientName,
      caller: { client: `${clientName} ${project ?? ''}`.trim(), project },
      arrivedAt,
      signal,
      progress,
      tasks,
      server: { version: VERSION, startedAt: this.#startedAt, home: this.#paths.home },
    };
  }

  /** One line on jobs that ended unread in this project; said once, with the first reply that has room for it. */
  async unreadNotice(tool: string, signal: AbortSignal): Promise<string | undefined> {
    const project = await this.#project;
    // A reply that nobody waits for is not read.
    if (signal.aborted || this.#noticed || !project || !this.#opened || NO_NOTICE.includes(tool)) return undefined;
    this.#noticed = true;
    const unread = countUnread(this.#opened.engine.store, project);
    if (unread === 0) return undefined;
    return `${unread} earlier job${unread > 1 ? 's' : ''} of this project ended unread; llm_job_list shows ${unread > 1 ? 'them' : 'it'}.`;
  }

  close(): void {
    this.#opened?.close();
  }

  #open(): Promise<JobManager> {
    this.#manager ??= this.#load().catch((error) => {
      // A store that was broken may have been mended: the next call tries again.
      this.#manager = undefined;
      throw error;
    });
    return this.#manager;
  }

  async #load(): Promise<JobManager> {
    // SQLite and everything above it, only now: many servers are started just to be asked for their tools.
    const { openJobManager } = await import('../jobs/manager.js');
    this.#opened = await openJobManager({
      paths: this.#paths,
      env: this.env,
      providers: this.providers,
      log: this.log,
      secrets: this.secrets,
    });
    return this.#opened;
  }
}
