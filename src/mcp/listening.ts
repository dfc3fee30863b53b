// What the clients that listen are told: which tasks there are, and the end of each. Loaded with the first that listens.
import type { Engine } from '../jobs/engine.js';
import { waitForJobs } from '../jobs/wait.js';
import { maskedReply } from './masked.js';
import type { Session } from './session.js';
import { mayRead } from './task-methods.js';
import { isTask, jobIdsOf, viewTaskInFull } from './tasks.js';
import type { Task } from './tool.js';

export { jobEnded } from './resource-updates.js';

async function engineOf(session: Session): Promise<Engine> {
  const call = await session.call('unknown', new AbortController().signal, undefined);
  return (await call.manager()).engine;
}

/** As for `tasks/get`. */
async function isClosed(session: Session): Promise<boolean> {
  return (await session.gate()).isClosed('llm_run');
}

/** Those tasks that are there, and may be read. */
export async function knownTasks(session: Session, taskIds: readonly string[]): Promise<string[]> {
  if (await isClosed(session)) return [];
  const engine = await engineOf(session);
  const known = taskIds.filter((taskId) => isTask(engine, taskId));
  const readable = known.map((taskId) =>
    mayRead(session, engine, taskId).then(
      () => taskId,
      () => undefined,
    ),
  );
  return (await Promise.all(readable)).filter((taskId) => taskId !== undefined);
}

/**
 * The task once it has ended. What is on its way is not shown yet, so that nothing is marked as read.
 * @returns undefined if nobody listens any more, its jobs were removed, or it may not be read
 */
export async function endedTask(session: Session, taskId: string, signal: AbortSignal): Promise<Task | undefined> {
  const engine = await engineOf(session);
  const waiting = { until: 'all', waitMs: Number.POSITIVE_INFINITY, signal } as const;
  const jobs = await waitForJobs(engine, jobIdsOf(engine, taskId), waiting);
  if (signal.aborted || !isTask(engine, taskId) || (await isClosed(session))) return undefined;
  return maskedReply(engine.secrets, await viewTaskInFull(engine, taskId, jobs));
}
