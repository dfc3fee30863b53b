import { z } from 'zod';
import { startJobs } from '../asking.js';
import { ASKING, WAIT_SEC } from '../fields.js';
import { notesOn } from '../notes.js';
import { inlineSec, newTask, replyWith, taskIdOf } from '../tasks.js';
import { defineTool } from '../tool.js';
import { waitInCall } from '../waiting.js';
import { markShown } from './shown.js';

export const run = defineTool({
  name: 'llm_run',
  title: 'Ask an LLM CLI',
  description:
    'Ask one or more LLM CLIs and get the answer; changes no files. Past the wait it goes on in the background ' +
    '(deferred) and a jobId comes back: do not ask again, use llm_job_wait.',
  input: z.strictObject({ ...ASKING, waitSec: WAIT_SEC }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  meta: { 'anthropic/alwaysLoad': true },
  async handle({ waitSec, ...asked }, call) {
    const { engine } = await call.manager();
    const outcome = await startJobs(call, 'deferred', asked);
    const ids = outcome.started.map(({ job }) => job.id);
    const taskId = call.tasks ? taskIdOf(outcome) : undefined;
    const longest = taskId === undefined ? waitSec : inlineSec(waitSec);
    const jobs = await waitInCall(call, engine, ids, { until: 'all', waitSec: longest });
    const notes = notesOn(outcome, engine.paths.scratch);
    const reply = await replyWith(engine, jobs, notes);
    if (taskId !== undefined && jobs.some((job) => job.finishedAt === null)) {
      return { ...reply, task: await newTask(engine, taskId, jobs, notes) };
    }
    await markShown(engine, call, jobs);
    return reply;
  },
});
