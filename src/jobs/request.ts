// What somebody asks for, and how two requests are recognized as the same.
import { createHash } from 'node:crypto';
import type { Access, Effort } from '../providers/provider.js';
import type { Isolate, JobKind, JobRecord, NewJob } from '../store/record.js';
import type { ReviewScope } from './review/validate.js';

/** Ends every refusal: the caller must know that it need not clean up. */
export const NOTHING = 'Nothing was started.';

/** True: from the last commit. */
export type IsolateAsked = boolean | 'with-changes';

/** Who asks, and from where. */
export interface Caller {
  /** The MCP client and its project: requests are joined within one caller, never across. */
  client: string;
  /** Folder of the client's project, if it has one. */
  project: string | null;
}

/** A request for one job, as a caller may give it; what is left out has a default. */
export interface JobRequest {
  kind: JobKind;
  prompt: string;
  provider?: string;
  model?: string;
  cwd?: string;
  /** The folder that was decided on, without links: if `cwd` leads elsewhere by now, nothing is started. */
  folder?: string | undefined;
  access?: Access;
  /** In a git worktree of its own, which begins from the last commit, or with what is not committed, too. */
  isolate?: IsolateAsked;
  effort?: Effort;
  systemPrompt?: string;
  /** JSON Schema that the answer must fit. */
  outputSchema?: Record<string, unknown>;
  /** What its findings are judged by, where changes are to be reviewed; see review/request.ts. */
  review?: ReviewScope;
  /** A job whose conversation goes on, or the CLI's own id of one. */
  continueJob?: string;
  /** The job that this one tries once more, in a conversation of its own. */
  retryOf?: string;
  /** Files, or `job:ID` for that job's answer. */
  attach?: readonly string[];
  timeoutSec?: number;
  idleTimeoutSec?: number;
  label?: string;
  dedupeKey?: string;
  /** Sleep in the queue until a limit of the account is over, now or when it ends a run. */
  waitForQuota?: boolean;
  /** Start another job even if the same request is under way. */
  fresh?: boolean;
  /**
   * Called in the very transaction that records the job, before it does: throws to refuse it. What it writes to the
   * store is kept exactly if the job is. It may run more than once for one job, and must do nothing but read and write
   * the store; `oncePerCall` (policy/once.ts) makes it count once for a call that asks for several jobs.
   */
  admit?: () => void;
  /** The group that the job is recorded for; see group.ts. */
  group?: string;
  /** A judge's `prompt` is its brief, of which its own is made when it starts; see judge/. */
  role?: 'judge';
  /** A stance that the question is put in; see stances.ts. */
  stance?: string;
  /** Called in that transaction, once the job is recorded; under the same conditions. */
  recorded?: (job: NewJob) => void;
}

/** What a request comes to for one provider. */
export interface JobFacts {
  provider: string;
  model?: string;
  access: Access;
  /** Absolute, without links. */
  cwd: string;
  /** Of the job that would be started. */
  depth: number;
  /** In characters (UTF-16 units). */
  promptLength: number;
  structured: boolean;
  /** In a worktree of its own, so that the folder stays as it is. */
  isolate: boolean;
  continueJob?: string;
}

export interface Submitted {
  job: JobRecord;
  /** The job existed already: the same was asked, or it has the same `dedupeKey`. */
  joined: false | 'request' | 'dedupeKey';
  /** What the caller should know of it. */
  notes?: readonly string[];
}

/** Equal for requests that would get the same answer from the same login. */
export function requestKey(parts: {
  provider: string;
  model: string | null;
  effort: string | null;
  access: Access;
  cwd: string;
  systemPrompt: string | null;
  outputSchema: string | null;
  sessionId: string | null;
  loginKey: string;
  prompt: string;
  isolate?: Isolate;
}): string {
  const { prompt, ...rest } = parts;
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(rest).sort()))
    .update('\0')
    .update(prompt)
    .digest('hex')
    .slice(0, 32);
}
