// What a job's row holds. The meaning of every state stands here, beside its type.
import type { Access, Effort, ProviderErrorKind, Usage } from '../providers/provider.js';

/**
 * - `queued`: recorded, waiting for a place.
 * - `running`: its launcher has been let go.
 * - `completed`: exit status 0, a good final event where the CLI has one, and an answer.
 * - `failed`: see `Reason`.
 * - `canceled`: ended by request, or taken from the queue.
 * - `orphaned`: its process is gone and left no exit status (a reboot, kill -9 of the launcher).
 */
export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'canceled' | 'orphaned';

/** `async`: submitted; `deferred`: asked for with `llm_run`, which answers at once if it can. */
export type JobKind = 'async' | 'deferred';

/** What an isolated job finds in its worktree: the last commit, or that and what was not committed. */
export type Isolate = 'committed' | 'with-changes';

/** Why a job failed. A closed set. */
export type Reason =
  | 'exit_code'
  | 'killed'
  | 'interrupted'
  | ProviderErrorKind
  | 'empty_answer'
  | 'invalid_output'
  | 'timeout'
  | 'idle_timeout'
  | 'output_limit'
  | 'spawn_failed'
  | 'too_few_answers';

/** Why we ended a job; committed before the first signal is sent. The first cause wins. */
export type Cause = 'cancel' | 'timeout' | 'idle_timeout' | 'output_limit' | 'auth_required' | 'model_not_found';

/** One job as stored. Times are milliseconds since 1970; absent values are null. */
export interface JobRecord {
  seq: number;
  id: string;
  kind: JobKind;
  status: JobStatus;

  provider: string;
  model: string | null;
  effort: Effort | null;
  access: Access;
  systemPrompt: string | null;
  /** JSON Schema that the answer must fit, as text. */
  outputSchema: string | null;
  /** The folder that was asked for; one that is isolated works in its worktree instead. */
  cwd: string;
  /** What an isolated job began from: the last commit, or that and what was not committed. */
  isolate: Isolate | null;
  /** Its worktree, by the id of the job that it was made for. */
  worktree: string | null;
  label: string | null;
  promptBytes: number;

  /** The MCP client that asked, and the project it was in. */
  client: string;
  project: string | null;
  /**
   * The job whose conversation this one continues, or (`resume` is 0) the one that it tries once more; and the one with
   * which its conversation began.
   */
  parentId: string | null;
  chainId: string;
  /** How many jobs started one another above this one. */
  depth: number;
  /** The CLI's conversation; null until it is known. */
  sessionId: string | null;
  resume: 0 | 1;

  /** The group that it was recorded for. */
  groupId: string | null;
  /** A judge weighs the answers of its group, and gets no place before all of its members have ended. */
  role: 'judge' | null;

  /** Hash of what was asked, to recognize the same request. */
  requestKey: string;
  dedupeKey: string | null;
  /** Hash of the environment that decides which account pays. */
  loginKey: string;
  /** The login that its CLI uses, as far as can be told from outside: "api key (CODEX_API_KEY)". */
  login: string | null;

  priority: number;
  timeoutSec: number;
  idleTimeoutSec: number | null;

  /** The server that looks after the job. */
  owner: string;
  /** Tries to start it, from 0. Each begins by taking a place. */
  attempt: number;
  /** Which of its runs this is, from 1; each has files of its own. More than one only with a `chain`. */
  run: number;
  /** Who else may answer, and what became of those before; null for a job of one CLI that waits for no limit. */
  chain: Chain | null;
  /** No place before this time. */
  notBefore: number | null;
  /** 1 while the job counts against the limits. */
  placed: 0 | 1;
  /** The launcher's identity; null until it is recorded, which is before anything runs. */
  host: string | null;
  pid: number | null;
  pidStart: string | null;

  cause: Cause | null;
  causeAt: number | null;
  /** A sentence on the cause: how long the job had been silent, what the CLI had said. */
  causeNote: string | null;
  /** The strongest signal that we have sent. */
  signalSent: string | null;

  reason: Reason | null;
  exitCode: number | null;
  signal: string | null;
  error: string | null;
  hint: string | null;
  /** What this run used. */
  usage: Usage | null;
  /** When the limit that ended it is over, where the CLI says so. */
  resetsAt: number | null;
  /** What the CLI reported; for some fields the whole conversation until then. */
  usageTotal: Usage | null;
  answerBytes: number | null;
  stdoutBytes: number | null;
  stderrBytes: number | null;

  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** When its outcome was first shown to a caller. */
  readAt: number | null;
  /** 1: somebody else asked for the same and was given this job. */
  joined: 0 | 1;
  /** 1: kept until it is unpinned, whatever the limits say. */
  pinned: 0 | 1;
  /** 1: it has ended, but something may be left in its process group that is still to be ended. */
  leftovers: 0 | 1;
}

/** One of the CLIs that may answer a job. */
export interface Member {
  provider: string;
  model: string | null;
  loginKey: string;
  login: string | null;
}

/** Why a CLI did not answer a job: passed over when it was submitted (`ran` is absent), or after it had run. */
export interface PastMember {
  provider: string;
  model: string | null;
  reason: Reason | 'not_installed' | 'not_logged_in' | 'day_limit';
  error: string | null;
  at: number;
  resetsAt: number | null;
  /** The round of the chain in which it was tried. */
  round: number;
  ran?: true;
}

export interface Chain {
  /** In the order in which they are asked. */
  members: Member[];
  past: PastMember[];
  /** Sleep until a limit is over, where none of them can answer now. */
  waitForQuota: boolean;
  /** How often it has slept after a run. */
  rounds: number;
}

/** What is known of a job when it is recorded. */
export const NEW_JOB_COLUMNS = [
  'id',
  'kind',
  'provider',
  'model',
  'effort',
  'access',
  'systemPrompt',
  'outputSchema',
  'cwd',
  'isolate',
  'worktree',
  'label',
  'promptBytes',
  'client',
  'project',
  'parentId',
  'chainId',
  'depth',
  'sessionId',
  'resume',
  'groupId',
  'role',
  'requestKey',
  'dedupeKey',
  'loginKey',
  'login',
  'priority',
  'timeoutSec',
  'idleTimeoutSec',
  'owner',
  'chain',
  'notBefore',
  'createdAt',
] as const satisfies readonly (keyof JobRecord)[];
export type NewJob = Pick<JobRecord, (typeof NEW_JOB_COLUMNS)[number]>;

/** How a job ended: all that the final transition writes. */
export interface Outcome {
  status: Exclude<JobStatus, 'queued' | 'running'>;
  reason: Reason | null;
  exitCode: number | null;
  signal: string | null;
  error: string | null;
  hint: string | null;
  resetsAt: number | null;
  usage: Usage | null;
  usageTotal: Usage | null;
  sessionId: string | null;
  model: string | null;
  answerBytes: number;
  stdoutBytes: number;
  stderrBytes: number;
  leftovers: 0 | 1;
}

/** A server that has written to the store; its identity tells whether it still lives. */
export interface ServerRecord {
  id: string;
  host: string;
  pid: number;
  pidStart: string;
  startedAt: number;
}
