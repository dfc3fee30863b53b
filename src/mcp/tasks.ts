// Jobs as a task of the extension io.modelcontextprotocol/tasks. A task has no record of its own: its id is the ids of
// its jobs, and everything else is read from them, so that it outlives the server as they do.
// Source: github.com/modelcontextprotocol/ext-tasks, commit e434597 (August 2026), specification/draft/tasks.md, for
// the protocol of 2026-07-28 (SEP-2663).
import type { Engine } from '../jobs/engine.js';
import { jobsOfGroup } from '../jobs/lookup.js';
import { viewJob } from '../jobs/view.js';
import { findGroup } from '../store/groups.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord, JobStatus } from '../store/record.js';
import type { Started } from './asking.js';
import { REPLY_MAX_CHARS } from './fit.js';
import { jobLine, jobReplies } from './format.js';
import { notesOn } from './notes.js';
import type { Reply, Task, TaskStatus } from './tool.js';

/** How long `llm_run` tries to answer at once before it answers with a task, in seconds. */
const INLINE_SEC = 20;

const POLL_MS = 2000;
/** Claude Code 2.1.328 refuses longer ids, and all but printable ASCII. */
const ID_MAX_CHARS = 128;
/** Stands in no job's id. */
const BETWEEN_IDS = '+';

/** How long a call waits that may answer with a task, in seconds. */
export function inlineSec(asked: number | undefined): number {
  return Math.min(asked ?? INLINE_SEC, INLINE_SEC);
}

/** The state of a task, from the states of its jobs. */
export function taskStatus(statuses: readonly JobStatus[]): TaskStatus {
  if (statuses.some((status) => status === 'queued' || status === 'running')) return 'working';
  return statuses.every((status) => status === 'canceled') ? 'cancelled' : 'completed';
}

/**
 * The id of the task that these jobs would be; undefined if they can be none: a provider that was refused must be told
 * with the answer, which only a group remembers, and an id that is too long is no id for some clients.
 */
export function taskIdOf({ group, started, refused }: Started): string | undefined {
  if (group) return group.id;
  const id = started.map(({ job }) => job.id).join(BETWEEN_IDS);
  return refused.length === 0 && id.length <= ID_MAX_CHARS ? id : undefined;
}

/** What a task's id names: jobs, or the group of them. */
export function namesIn(taskId: string): string[] {
  return [...new Set(taskId.split(BETWEEN_IDS))];
}

/** The ids of a task's jobs. */
export function jobIdsOf({ store }: Engine, taskId: string): string[] {
  return namesIn(taskId).flatMap((id) => (findGroup(store, id) ? jobsOfGroup({ store }, id).map((job) => job.id) : id));
}

/** Whether all of the task's jobs are there. Every job is a task, however it was begun. */
export function isTask(engine: Engine, taskId: string): boolean {
  return (
    namesIn(taskId).join(BETWEEN_IDS) === taskId && jobIdsOf(engine, taskId).every((id) => findJob(engine.store, id))
  );
}

/** The task as it is now, without its result. */
export async function viewTask(engine: Engine, taskId: string, jobs: readonly JobRecord[]): Promise<Task> {
  const lines = await Promise.all(
    jobs.map(async (job) => jobLine({ ...(await viewJob(engine, job)), unread: undefined })),
  );
  const times = jobs.flatMap(({ createdAt, startedAt, finishedAt }) => [createdAt, startedAt ?? 0, finishedAt ?? 0]);
  return {
    taskId,
    status: taskStatus(jobs.map(({ status }) => status)),
    statusMessage: lines.join('; '),
    createdAt: new Date(Math.min(...jobs.map(({ createdAt }) => createdAt))).toISOString(),
    lastUpdatedAt: new Date(Math.max(...times)).toISOString(),
    ttlMs: null,
    pollIntervalMs: POLL_MS,
  };
}

/** The task as the reply to the call that began it, with what else there is to say of the call. */
export async function newTask(
  engine: Engine,
  taskId: string,
  jobs: readonly JobRecord[],
  notes: readonly string[],
): Promise<Task> {
  const task = await viewTask(engine, taskId, jobs);
  const told = [...notes, 'Stopping the task does not end a job that runs; llm_job_cancel does.'].join(' ');
  return {
    ...task,
    statusMessage: `${task.statusMessage}. ${told}`,
    // All that Claude Code shows the model of a new task (seen with 2.1.328).
    _meta: { 'com.anthropic/agent-task': { modelImmediateResponse: told } },
  };
}

/** The task as `tasks/get` shows it: with the result that `llm_run` would have given, once there is one. */
export async function viewTaskInFull(engine: Engine, taskId: string, jobs: readonly JobRecord[]): Promise<Task> {
  const task = await viewTask(engine, taskId, jobs);
  if (task.status !== 'completed') return task;
  const notes = notesOn({ started: jobs.map((job) => ({ job, joined: false })), refused: [] }, engine.paths.scratch);
  const { text, isError } = await replyWith(engine, jobs, notes);
  return { ...task, result: { content: [{ type: 'text', text }], ...(isError && { isError }) } };
}

/** What `llm_run` replies once it has waited for its jobs. */
export async function replyWith(engine: Engine, jobs: readonly JobRecord[], notes: readonly string[]): Promise<Reply> {
  const room = REPLY_MAX_CHARS - notes.join('\n').length;
  return {
    text: [...notes, await jobReplies(engine, jobs, room)].join('\n'),
    isError: jobs.every((job) => job.status === 'failed' || job.status === 'orphaned'),
  };
}
