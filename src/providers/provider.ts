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

/** What a line of a CLI's output means, in words that all CLIs share. */
export type ProviderEvent =
  /** The CLI named its conversation, and perhaps the model that answers. */
  | { type: 'session'; sessionId: string; model?: string }
  /** Assistant text; `delta` means that it continues the text before it, if no tool call came between. */
  | { type: 'text'; text: string; delta?: boolean }
  | { type: 'thinking'; text: string }
  /** A tool call in one line, such as `Bash: npm test`. */
  | { type: 'tool'; name: string; summary: string }
  /** `cumulative` fields count the whole conversation, not this run alone. */
  | { type: 'usage'; usage: Usage; cumulative?: readonly (keyof Usage)[] }
  /** The CLI tries again by itself. `fatal`: trying again cannot heal it (a wrong key, an unknown model). */
  | { type: 'retry'; attempt?: number; maxAttempts?: number; kind: ProviderErrorKind; message: string; fatal?: boolean }
  | { type: 'error'; kind: ProviderErrorKind; message: string; fatal?: boolean }
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
}

/** A command line. The prompt is never in it: it goes through stdin. */
export interface Invocation {
  args: string[];
  /** Variables to set for the CLI, beyond what it inherits. */
  env: Record<string, string>;
}

/** A file that a login leaves, below the home folder; with `contains`, only if that stands in it. */
export interface LoginFile {
  file: string;
  contains?: string;
}

/** One LLM CLI. */
export interface Provider {
  /** Lower-case name, also the prefix of its jobs' ids. */
  readonly name: string;
  /** The product's own name, for people. */
  readonly title: string;
  /** Whose model answers; the default provider is one of another vendor than the caller's. */
  readonly vendor: string;
  /** `clientInfo.name`s (prefixes) of MCP clients of the same vendor. */
  readonly clients: readonly string[];
  /** Executable to look for on PATH. */
  readonly command: string;
  /** How a person installs it, and logs in; both go into hints. */
  readonly install: string;
  readonly login: string;
  /**
   * Environment variables that decide which account pays and where conversations live. A queued job is
   * taken over only by a server that has the same values.
   */
  readonly loginEnv: readonly string[];
  /** Variables of which one being set, or files (below the home folder) of which one says so, means "ready". */
  readonly readyEnv: readonly string[];
  readonly readyFiles: readonly LoginFile[];
  /** Variables never passed on: the CLI's guards against being started from within itself. */
  readonly dropEnv: readonly string[];
  readonly accessLevels: readonly Access[];
  readonly effortLevels: readonly Effort[];
  readonly systemPrompt: boolean;
  /** `chosen`: we name the conversation; `reported`: the CLI does, in its output; `none`: it cannot go on. */
  readonly sessionId: 'chosen' | 'reported' | 'none';
  /** Model names the CLI documents as aliases; shown to the model, never invented. */
  readonly models: readonly string[];
  /** Exit statuses with a known meaning, for failures that print no final event. */
  readonly exitCodes?: Readonly<Record<number, { kind: ProviderErrorKind; message: string }>>;
  /**
   * Only lines that contain one of these strings are parsed; others count as bytes and nothing else.
   * Empty: every line.
   */
  readonly needles: readonly string[];
  /** True if the last 256 KB of the output hold the whole answer, however long it is. */
  readonly tailHoldsAnswer: boolean;
  /** Builds the command line of a request. Pure. */
  invoke(request: ProviderRequest): Invocation;
  /** What one JSON object of stdout means. Pure; unknown objects mean nothing (`[]`). Never throws. */
  read(record: Record<string, unknown>): ProviderEvent[];
  /** What stderr says of a run that printed no final event, if it says anything. Pure. */
  readStderr?(text: string): { kind: ProviderErrorKind; message: string } | undefined;
}
