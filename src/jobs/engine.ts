// What the parts of the job manager share. Each part is a file of functions over it.
import type { Config } from '../config/config.js';
import type { Paths } from '../config/paths.js';
import type { Secrets } from '../output/secrets/secrets.js';
import type { FoundCommand } from '../process/find-command.js';
import type { Host } from '../process/host.js';
import type { ProcessIdentity } from '../process/identity.js';
import type { ProcessInfo } from '../process/table.js';
import type { Provider } from '../providers/provider.js';
import type { Cause, JobRecord, ServerRecord } from '../store/record.js';
import type { Store } from '../store/store.js';
import type { Readings } from './readings.js';

/** Somewhere to say what no caller hears. */
export interface Log {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
  debug(details: object, message: string): void;
}

/** Looking after the jobs that run under this server; see supervisor.ts. */
export interface Supervision {
  /** Jobs looked after right now, and those of them that another server had started. */
  readonly count: number;
  readonly adopted: number;
  watch(job: JobRecord, ended?: Promise<void>): void;
  /** Whether a job's launcher is a child of this process that has not left: its end cannot be missed. */
  holds(id: string): boolean;
  forget(id: string): void;
  end(job: JobRecord, cause: Cause, note: string | null): Promise<void>;
  endProcesses(job: JobRecord): Promise<void>;
  endLeftovers(job: JobRecord, launcher: ProcessIdentity): void;
  /** Ends what ended jobs have left behind, now, for a process that is about to leave. It takes as long as their grace. */
  tidy(): Promise<void>;
}

export interface Engine {
  readonly paths: Paths;
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  readonly host: Host;
  /** This process, as jobs name their owner. */
  readonly server: ServerRecord;
  readonly readings: Readings;
  readonly supervision: Supervision;
  /** Jobs that are being started right now, between their place and their record as running. */
  readonly starting: Set<string>;
  /** Jobs that are being finished right now: whoever asks meanwhile waits for the same, and nothing is read twice. */
  readonly finishing: Map<string, Promise<void>>;
  /** True for a process too short-lived to look after jobs: it sees and finishes them, but adopts none. */
  readonly passive: boolean;
  readonly log: Log;
  /** Masks what is shown. What is stored, and what decides an outcome, is as the CLI wrote it. */
  readonly secrets: Secrets;
  /** What happens to jobs, on its way from the store into audit.log. */
  readonly audit: { readonly problem: string | undefined; flush(): Promise<void> };
  /** Environment variables that no job's CLI gets: every provider's guards against nesting. */
  readonly nestingGuards: readonly string[];
  /** Every CLI there is here: those that Sidejob knows, then those of the configuration. */
  readonly providers: readonly Provider[];
  providerNamed(name: string): Provider | undefined;
  /** What a provider's CLI gets of this process's environment. */
  envOf(provider: Provider): NodeJS.ProcessEnv;
  /** The CLI's executable; undefined if it is not installed. */
  findCli(provider: Provider): Promise<FoundCommand | undefined>;
  /** The processes that this one descends from, parents first. */
  ancestors(): Promise<readonly ProcessInfo[]>;
  /** Names of the providers that are installed and seem to be logged in. */
  readyProviders(): Promise<string[]>;
  /** Hash of this process's environment as far as it decides which account pays for that provider. */
  loginKeyOf(provider: string): string;
  /** Records this server, so that jobs can name it as their owner. Call inside `store.write`. */
  register(): void;
  /** Starts what the queue and the limits allow. Never rejects; call it whenever a place may have come free. */
  schedule(): Promise<void>;
  /**
   * Starts a job that has been given its place. Never rejects.
   * @param found its CLI, if the job was checked just now: nothing is looked at twice then
   */
  begin(id: string, found?: FoundCommand): Promise<void>;
}
