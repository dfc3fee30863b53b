// What lasts for the life of one server process: the gate and the job manager, both loaded when a request first needs
// them, the client's project, and whether it has been told of its unread jobs.
import { homedir } from 'node:os';
import { type Paths, resolvePaths } from '../config/paths.js';
import type { Log } from '../jobs/engine.js';
import type { JobManager } from '../jobs/manager.js';
import { findProject } from '../jobs/project.js';
import { Secrets } from '../output/secrets/secrets.js';
import type { Gate, GateCall } from '../policy/gate.js';
import { PolicyFile, policyPlace } from '../policy/load.js';
import { VERSION } from '../version.js';
import type { Call } from './tool.js';

/** Tools whose reply is about unread jobs already, or must stay as it is. */
const NO_NOTICE = ['llm_job_list', 'llm_process_health'];
/** More unread jobs are told of as "99+": nobody needs the number, and to count costs. */
const COUNTED = 99;

export class Session {
  readonly log: Log;
  /** What the owner allows. */
  readonly policy: PolicyFile;
  readonly #paths: Paths;
  readonly #startedAt = Date.now();
  #gate: Promise<Gate> | undefined;
  #manager: Promise<JobManager> | undefined;
  #opened: JobManager | undefined;
  #project: Promise<string | null> | undefined;
  #noticed = false;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    log: Log,
    /** Masks whatever is said to the client. */
    readonly secrets: Secrets = new Secrets(env),
    /** The policy's file, as the server's arguments name it. */
    policy?: string,
  ) {
    this.log = log;
    this.#paths = resolvePaths(env);
    this.policy = new PolicyFile(policyPlace(env, this.#paths.home, policy));
  }

  /** The user's home folder. */
  get home(): string {
    return this.env.HOME ?? homedir();
  }

  /** What every call passes. */
  gate(): Promise<Gate> {
    this.#gate ??= import('../policy/gate.js').then(({ Gate }) => new Gate(this.policy, this.#paths, this.log));
    return this.#gate;
  }

  /** What a tool's handler gets beside its arguments. */
  async call(clientName: string, signal: AbortSignal, progress: Call['progress'], tasks = false): Promise<Call> {
    const arrivedAt = performance.now();
    const project = await this.#findProject();
    return {
      manager: () => this.#open(),
      clientName,
      caller: { client: `${clientName} ${project ?? ''}`.trim(), project },
      gate: await this.gate(),
      passJobs: async () => {
        throw new Error('this call has not come through the gate');
      },
      noteRefusal: async () => {},
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
    // Not of what it cannot look at.
    if (await (await this.gate()).isClosed('llm_job_list')) return undefined;
    this.#noticed = true;
    const { countUnread } = await import('../store/list.js');
    const unread = countUnread(this.#opened.engine.store, project, COUNTED + 1);
    if (unread === 0) return undefined;
    return `${unread > COUNTED ? `${COUNTED}+` : unread} earlier job${unread > 1 ? 's' : ''} of this project ended unread; llm_job_list shows ${unread > 1 ? 'them' : 'it'}.`;
  }

  /** A call as the gate sees it. */
  async atGate(asked: Pick<GateCall, 'tool' | 'args' | 'client' | 'answerTo' | 'inForce'>): Promise<GateCall> {
    const project = await this.#findProject();
    return { ...asked, project, engine: async () => (await this.#open()).engine };
  }

  #findProject(): Promise<string | null> {
    this.#project ??= findProject(this.env, process.cwd(), this.env.HOME ?? '');
    return this.#project;
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
    const { PROVIDERS } = await import('../providers/registry.js');
    this.#opened = await openJobManager({
      paths: this.#paths,
      env: this.env,
      providers: PROVIDERS,
      log: this.log,
      secrets: this.secrets,
    });
    return this.#opened;
  }
}
