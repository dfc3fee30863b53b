// The methods of the extension io.modelcontextprotocol/tasks, over the jobs that a task consists of.
import type { ServerContext } from '@modelcontextprotocol/server';
import type { Engine } from '../jobs/engine.js';
import { waitForJobs } from '../jobs/wait.js';
import { findJob } from '../store/jobs.js';
import { withdraw } from '../store/transitions.js';
import { type GoesBy, invalidParams, serveRequest } from './requests.js';
import type { Session } from './session.js';
import { isTask, jobIdsOf, namesIn, viewTaskInFull } from './tasks.js';
import { declaresTasks, missingTasks } from './tasks-extension.js';
import { markShown } from './tools/shown.js';

const METHODS = {
  'tasks/get': getTask,
  // No job asks for input, and answers to what was not asked are to be ignored.
  'tasks/update': async () => ({}),
  'tasks/cancel': withdrawTask,
};

/** A task is an answer of `llm_run` on its way; to poll for it counts for nothing. */
const POLLING = () => ({ tool: 'llm_run' });
const GO_BY: Record<keyof typeof METHODS, (taskId: string) => GoesBy> = {
  'tasks/get': POLLING,
  'tasks/update': POLLING,
  'tasks/cancel': (taskId) => {
    const [jobId, ...others] = namesIn(taskId);
    return { tool: 'llm_job_cancel', args: others.length > 0 ? { jobIds: [jobId, ...others] } : { jobId } };
  },
};

/** Answers `tasks/get`, `tasks/update` and `tasks/cancel`. */
export function answerTask(session: Session, name: keyof typeof METHODS, taskId: string, context: ServerContext) {
  return serveRequest(session, context, GO_BY[name](taskId), async (call) => {
    if (!declaresTasks(context.mcpReq.envelope)) throw missingTasks();
    const { engine } = await call.manager();
    if (!isTask(engine, taskId)) throw invalidParams(`no task ${JSON.stringify(taskId.slice(0, 200))}`);
    if (name === 'tasks/get') await mayRead(session, engine, taskId);
    return METHODS[name](engine, taskId, call.signal);
  });
}

/**
 * Whether the answer of a task may be read. An answer of `llm_run` in this project is on its way to who asked for it; any
 * other goes by what is said of reading answers.
 * @throws SidejobError `denied`, `needs_approval`
 */
export async function mayRead(session: Session, engine: Engine, taskId: string): Promise<void> {
  for (const jobId of jobIdsOf(engine, taskId)) {
    const call = await session.atGate({
      ...{ tool: 'llm_job_result', args: { jobId }, client: 'unknown' },
      answerTo: () => undefined,
    });
    const job = findJob(engine.store, jobId);
    if (job?.kind !== 'deferred' || job.project !== call.project) await (await session.gate()).pass(call);
  }
}

async function getTask(engine: Engine, taskId: string, signal: AbortSignal) {
  const jobs = await waitForJobs(engine, jobIdsOf(engine, taskId), { until: 'all', waitMs: 0 });
  const task = await viewTaskInFull(engine, taskId, jobs);
  if (task.status !== 'working') await markShown(engine, { signal }, jobs);
  return task;
}

/**
 * The client wants nothing more of the task. A job of `llm_run` that waits, and for which nobody else has asked, is taken
 * from the queue; every other goes on, and what it says stays unread: clients cancel tasks by themselves, too, and nothing
 * tells that from a person's wish (docs/clients.md).
 */
async function withdrawTask(engine: Engine, taskId: string) {
  const { store } = engine;
  const ids = jobIdsOf(engine, taskId);
  const taken = await store.write(() => ids.filter((id) => withdraw(store, id, Date.now())));
  if (taken.length > 0) {
    store.bell.ring();
    void engine.schedule();
  }
  return {};
}
