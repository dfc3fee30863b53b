import { z } from 'zod';
import { JOBS, WAIT_SEC } from '../fields.js';
import { jobReplies } from '../format.js';
import { defineTool } from '../tool.js';
import { waitInCall } from '../waiting.js';
import { namedJobs } from './named-jobs.js';
import { markShown } from './shown.js';

export const wait = defineTool({
  name: 'llm_job_wait',
  title: 'Wait for jobs',
  description:
    'Block until jobs end and return their answers; what is still pending is listed. Ending early never touches ' +
    'the jobs: call it again.',
  input: z.strictObject({
    ...JOBS,
    until: z.enum(['all', 'any']).optional().describe('default all'),
    waitSec: WAIT_SEC,
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'collect answer of background job' },
  async handle({ until = 'all', waitSec, ...named }, call) {
    const { engine } = await call.manager();
    const ids = namedJobs(engine, named).map((job) => job.id);
    const jobs = await waitInCall(call, engine, ids, { until, waitSec });
    const text = await jobReplies(engine, jobs);
    await markShown(engine, call, jobs);
    return { text };
  },
});
