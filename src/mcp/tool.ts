// What a tool is: a value with a name, a description, a schema and a handler. One file a tool in tools/.
import type { z } from 'zod';
import type { SidejobError } from '../errors.js';
import type { JobManager } from '../jobs/manager.js';
import type { Caller } from '../jobs/request.js';
import type { Gate, Pass } from '../policy/gate.js';
import type { Facts } from '../policy/request.js';
import type { Progress } from './progress.js';

/** All four of the protocol's hints, always said: what is left out, clients fill with the worst. */
export interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** What a handler knows of the call beside its arguments. */
export interface Call {
  /** Opens the store at the first call that needs it. */
  manager(): Promise<JobManager>;
  /** `clientInfo.name` of the client. */
  readonly clientName: string;
  readonly caller: Caller;
  /** When the call came, on the monotonic clock in milliseconds: the client's patience counts from then. */
  readonly arrivedAt: number;
  /** Aborted when the client cancels the call: that ends a wait, never a job. */
  readonly signal: AbortSignal;
  /** Tells the client that the call goes on; present if it gave a progress token. */
  readonly progress?: Progress;
  readonly gate: Gate;
  /**
   * Has the policy decide on the jobs that this call would start.
   * @throws SidejobError `denied`, `needs_approval`
   */
  passJobs(facts: () => Promise<readonly Facts[]>): Promise<Pass>;
  /** Has the audit note that a job was refused, where that was the owner's decision. */
  noteRefusal(provider: string, error: SidejobError): Promise<void>;
  /** Whether the client takes a task for an answer. */
  readonly tasks: boolean;
  /** What health needs to know of the server itself. */
  readonly server: { version: string; startedAt: number; home: string };
}

/** A reply: text for the model, and the same as data where the tool has an output schema. */
export interface Reply {
  text: string;
  data?: Record<string, unknown>;
  isError?: boolean;
  /** What the client gets instead, where it takes tasks: the answer will be found there. */
  task?: Task;
}

/** Of the five states that the extension has: no job asks for input, and `failed` is for errors of the protocol. */
export type TaskStatus = 'working' | 'completed' | 'cancelled';

/** A task of the extension (tasks.ts), as it is now. Times in ISO 8601. */
export interface Task {
  [name: string]: unknown;
  taskId: string;
  status: TaskStatus;
  statusMessage: string;
  createdAt: string;
  lastUpdatedAt: string;
  /** Without a limit: after one, a client may take a job for lost that still runs. */
  ttlMs: null;
  pollIntervalMs: number;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output?: z.ZodObject;
  readonly hints: Hints;
  readonly meta?: Record<string, unknown>;
  handle(args: z.infer<Input>, call: Call): Promise<Reply>;
}

/** Keeps a tool's argument types while its value is checked. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
  return tool as unknown as Tool;
}
