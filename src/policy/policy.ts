// A policy as it is decided by: the file's content, checked, with its patterns compiled. parse.ts makes it.
import type { Action, Operator, Scalar, Window } from './dialect.js';
import type { TextTest } from './regex.js';

export const WINDOW_SEC: Record<Window, number> = { minute: 60, hour: 3600, day: 86_400 };

export interface Policy {
  readonly file: string;
  /** For tools that are not listed. */
  readonly default: 'allow' | 'deny';
  /** May hold `*`. */
  readonly hide: ReadonlySet<string>;
  /** Of every call together. */
  readonly limits: readonly Limit[];
  /** May hold `*`. */
  readonly tools: ReadonlyMap<string, Rules>;
  /** What is no mistake in the file, but will not do what it seems to say. */
  readonly warnings: readonly string[];
}

/** What is said of one tool. */
export interface Rules {
  /** Where it stands in the file: `tools.llm_run`. */
  readonly rule: string;
  readonly action: Action;
  readonly reason?: string;
  readonly rateLimit?: RateLimit;
  readonly require: readonly Condition[];
  readonly denyIf: readonly Condition[];
  readonly limits: readonly Limit[];
}

export interface Condition {
  /** Where it stands in the file: `tools.llm_run.require[0]`. */
  readonly rule: string;
  /** `["cwd"]`, `["args", "label"]`. */
  readonly path: readonly string[];
  readonly op: Operator;
  readonly value: Scalar | readonly Scalar[];
  /** Of `regex`. */
  readonly matches?: TextTest;
}

/** So many calls of one client session in so many seconds, whatever the wall clock says. */
export interface RateLimit {
  readonly rule: string;
  /** Limits with one key share what they count. */
  readonly key: string;
  readonly max: number;
  readonly windowSec: number;
  readonly reason?: string;
}

/** A named counter of calls, kept in the store: all servers on one data folder count on it. */
export interface Limit {
  readonly rule: string;
  readonly counter: string;
  readonly window: Window;
  readonly max: number;
  /** `session`: counted like a rate limit, for each client session by itself. */
  readonly scope: 'global' | 'session';
  readonly reason?: string;
}

/** Whether a tool is left out of the list. A broken policy hides nothing: a call is told why it is denied. */
export function isHidden(policy: Policy | undefined, tool: string): boolean {
  return policy !== undefined && (policy.hide.has('*') || policy.hide.has(tool));
}
