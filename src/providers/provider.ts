// The contract between the engine and one LLM CLI. A provider is data plus pure functions: it says how
// its CLI is called and what the lines it prints mean. It knows nothing of jobs, processes or the store.

/** What a job may do to the user's files. Every CLI's own flags map to one of these words. */
export type Access = 'read-only' | 'edit' | 'full';
export const ACCESS_LEVELS = ['read-only', 'edit', 'full'] as const satisfies readonly Access[];

/** How hard the model should think, in the words most CLIs share. */
export type Effort = 'low' | 'medium' | 'high';
export const EFFORT_LEVELS = ['low', 'medium', 'high'] as const satisfies readonly Effort[];

/**
 * Why a provider's run went wrong, as far as its output tells. A subset of the job's failure reasons;
 * what is not recognized is `provider_error`.
 */
export type ProviderErrorKind =
  | 'provider_error'
  | 'auth_required'
  | 'rate_limited'
  | 'quota_exhausted'
  | 'model_not_found'
  | 'context_too_long'
  | 'refused'
  | 'network';

/** Token counts of one run. Fields that the CLI does not report are absent, never zero. */
export interface Usage {
  /** All of the input, the part read from a cache (`cachedTokens`) included. */
  inputTokens?: number;
  outputTokens?: number;
  cachedTokens?: number;
  reasoningTokens?: number;
  /** As the CLI reports it, in US dollars; never computed here. */
  costUsd?: number;
}

/** What went wrong, as a CLI's words and statuses tell it. */
export interface ReadFailure {
  kind: ProviderErrorKind;
  /** One line for a person. */
  message: string;
  /** True if trying again cannot heal it. */
  fatal?: boolean;
  /** For a limit: the seconds after which it may be tried again, where they are said. */
  retryAfterSec?: number;
}

/** What a line of a CLI's output means, in words that all CLIs share. */
export type ProviderEvent =
  /** The CLI named its conversation, and perhaps the model that answers. */
  | { type: 'session'; sessionId: string; model?: string }
  /** Assistant text; `delta` means that it continues the text before it, if no tool call came between. */
  | { type: 'text'; text: string; delta?: boolean }
  | { type: 'thinking'; text: string }
  /** A tool call in one line, such as `Bash: npm test`. */
  | { type: 'tool'; name: string; summary: string }
  /** `cumulative` fields count the whole conversation, not this run alone. `add`: to what was counted before. */
  | { type: 'usage'; usage: Usage; cumulative?: readonly (keyof Usage)[]; add?: true }
  /** The CLI tries again by itself. `fatal`: trying again cannot heal it (a wrong key, an unknown model). */
  | ({ type: 'retry'; attempt?: number; maxAttempts?: number } & ReadFailure)
  | ({ type: 'error' } & ReadFailure)
  /** A limit of the account was reached; it ends at `resetsAt` (milliseconds since 1970). */
  | { type: 'limit'; resetsAt: number }
  /** The complete answer; it replaces what was gathered from `text`. */
  | { type: 'answer'; text: string }
  /** The final event: the CLI says that its run is over, and whether it went well. */
  | { type: 'end'; ok: boolean };

/** One request, normalized; all that a provider may look at to build a command line. */
export interface ProviderRequest {
  /** Absolute path of the folder the CLI runs in. */
  cwd: string;
  access: Access;
  /** The folder is the client's own project, or an empty one of ours: settings in it may be obeyed. */
  trusted: boolean;
  model?: string;
  effort?: Effort;
  /** For a new conversation: one that goes on keeps the system prompt it began with. */
  systemPrompt?: string;
  /** The conversation's id: chosen by us (`sessionId: 'chosen'`), or of the conversation to go on with. */
  sessionId?: string;
  /** True: go on with conversation `sessionId`; false: begin one. */
  resume: boolean;
  /** A JSON Schema for the answer, as text and as a file; only for `structured: 'native'`. */
  outputSchema?: { json: string; file: string };
  extras: Extras;
  /** What the CLI gets of the environment, before what `invoke` adds. */
  env: Readonly<Record<string, string | undefined>>;
  /** The texts of those of `userFiles` that are there. */
  files: Readonly<Record<string, string>>;
  /** The prompt, where it is passed as an argument (`promptBy: 'argv'`). */
  prompt?: string;
  /** A file of the job that the CLI may write a report to; see `readReport`. */
  reportFile: string;
}

/** What the machine's owner has configured for one CLI (`[providers.NAME]`); a caller never can. */
export interface Extras {
  /** More folders that the CLI may work in; absolute paths. */
  addDirs?: readonly string[];
  /** Tools that need no permission, and tools that are not to be had, in the CLI's own words. */
  allowTools?: readonly string[];
  denyTools?: readonly string[];
  /** Path of an MCP configuration file, in the CLI's own format. */
  mcpConfig?: string;
  /** Arguments passed on as they are. */
  args?: readonly string[];
}
export const EXTRAS = [
  'addDirs',
  'allowTools',
  'denyTools',
  'mcpConfig',
  'args',
] as const satisfies readonly (keyof Extras)[];

/** A command line. The prompt is in it only where `promptBy` is `argv`. */
export interface Invocation {
  args: string[];
  /** Variables to set for the CLI, beyond what it inherits. */
  env: Record<string, string>;
  /** Files of ours that the command line names: without one of them, nothing is started. */
  needs?: readonly string[];
}

/** A file of the user's that `invoke` has to look into. */
export interface UserFile {
  /** What `request.files` calls it. */
  name: string;
  below: 'home' | 'cwd';
  file: string;
  movedBy?: { env: string; file: string };
}

/** One way in which a CLI may be logged in: a variable that is set, or a file that the login leaves. */
export type Login = {
  /** Who pays: a flat subscription, by use with an `api key`, a `cloud` account; an `account` is not known better. */
  kind: 'subscription' | 'api key' | 'cloud' | 'account';
} & (
  | { env: string }
  | {
      /** Path below the home folder. */
      file: string;
      /** Only if this stands in it. */
      contains?: string;
      /** A variable that moves the file, and its path below the folder that the variable names. */
      movedBy?: UserFile['movedBy'];
    }
);

/** One LLM CLI. What is optional has the default that its comment names. */
export interface Provider {
  /** Lower-case name, also the prefix of its jobs' ids. */
  readonly name: string;
  /** The product's own name, for people. */
  readonly title: string;
  /** Whose model answers; the default provider is one of another vendor than the caller's. */
  readonly vendor: string;
  /** The version with which all that is said here was seen; absent: it was not run by us. */
  readonly version?: string;
  /** `clientInfo.name`s (prefixes) of MCP clients of the same vendor. */
  readonly clients: readonly string[];
  /** Executable to look for on PATH, or its absolute path. */
  readonly command: string;
  /** How a person installs it, and logs in; both go into hints. */
  readonly install: string;
  readonly login: string;
  /** In the order in which the CLI looks for them; the first that applies is the one it uses. Empty: none needed. */
  readonly logins: readonly Login[];
  /**
   * Environment variables that decide which account pays and where conversations live. A queued job is
   * taken over only by a server that has the same values.
   */
  readonly loginEnv: readonly string[];
  /** Variables never passed on: the CLI's guards against being started from within itself. */
  readonly dropEnv: readonly string[];
  readonly accessLevels: readonly Access[];
  readonly effortLevels: readonly Effort[];
  /** False for a CLI that cannot be told which model to use. Default: true. */
  readonly takesModel?: boolean;
  readonly systemPrompt: boolean;
  /** `chosen`: we name the conversation; `reported`: the CLI does, in its output; `none`: it cannot go on. */
  readonly sessionId: 'chosen' | 'reported' | 'none';
  /** Whether it takes a JSON Schema for its answer; else the prompt asks for it. Default: `instructed`. */
  readonly structured?: 'native' | 'instructed';
  /** Which of the owner's extras it has words for. */
  readonly extras: readonly (keyof Extras)[];
  /** Model names the CLI documents as aliases; shown to the model, never invented. */
  readonly models: readonly string[];
  /** How the CLI itself lists the models it has; `read` gets what it printed, on stdout and on stderr. */
  readonly listModels?: { readonly args: readonly string[]; read(printed: string): string[] };
  /** True: a prompt that begins with "/" would be taken for a command; it gets a line end before it. Default: false. */
  readonly slashCommands?: boolean;
  /** Files of the user's that decide the command line. */
  readonly userFiles?: readonly UserFile[];
  /** How the prompt reaches it. Default: `stdin`, which has no limit, and is not shown in the process table. */
  readonly promptBy?: 'stdin' | 'argv';
  /**
   * Least time between two starts, in milliseconds: for a CLI that harms its own files otherwise. None of the built-in
   * ones was seen to; how many run at once is the owner's to say. Default: 0.
   */
  readonly startGapMs?: number;
  /** Exit statuses with a known meaning, for failures that print no final event. */
  readonly exitCodes?: Readonly<Record<number, { kind: ProviderErrorKind; message: string }>>;
  /**
   * What stdout is. `lines`: a JSON object a line; `document`: one JSON value, read once it is whole; `text`: the
   * answer. Default: `lines`.
   */
  readonly output?: 'lines' | 'document' | 'text';
  /** False for a CLI that says nothing when it is done; then exit status 0 has to do. Default: true. */
  readonly finalEvent?: boolean;
  /**
   * Only lines that contain one of these strings are parsed; others count as bytes and nothing else.
   * Empty: every line.
   */
  readonly needles: readonly string[];
  /** True if the last 256 KB of the output hold the whole answer, however long it is. */
  readonly tailHoldsAnswer: boolean;
  /**
   * Builds the command line of a request. Pure.
   * @throws Error if it cannot be built so that the access is kept; nothing is started then
   */
  invoke(request: ProviderRequest): Invocation;
  /** The arguments with which its own interactive program goes on with a conversation, in that conversation's folder. */
  interactive?(sessionId: string): string[];
  /** What one JSON object of stdout means. Pure; unknown objects mean nothing (`[]`). Never throws. */
  read(record: Record<string, unknown>): ProviderEvent[];
  /** What stderr says of a run that printed no final event, if it says anything. Pure. */
  readStderr?(text: string): ReadFailure | undefined;
  /** What the report that the CLI wrote to `reportFile` adds, once it has ended. Pure; never throws. */
  readReport?(text: string): ProviderEvent[];
}
