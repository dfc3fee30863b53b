import { z } from 'zod';
import { cancelJob } from '../../jobs/cancel.js';
import { JOBS, NOTE } from '../fields.js';
import { defineTool } from '../tool.js';
import { namedJobs } from './named-jobs.js';
import { markShown } from './shown.js';

export const cancel = defineTool({
  name: 'llm_job_cancel',
  title: 'End jobs',
  description:
    'End jobs with their whole process tree; what they wrote stays readable. Harmless for jobs that have ended.',
  input: z.strictObject(JOBS),
  output: z.object({
    jobs: z.array(
      z.object({
        jobId: z.string(),
        status: z.string(),
        changed: z.boolean(),
        signal: z.string().optional(),
        cancelRequested: z.boolean().optional(),
      }),
    ),
    note: NOTE,
  }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'stop kill abort background job' },
  async handle(args, call) {
    const { engine } = await call.manager();
    const done = await Promise.all(namedJobs(engine, args).map((job) => cancelJob(engine, job.id)));
    const jobs = done.map(({ job, changed }) => ({
      jobId: job.id,
      status: job.status,
      changed,
      ...(job.signalSent && { signal: job.signalSent }),
      ...(job.finishedAt === null && { cancelRequested: true }),
    }));
    await markShown(
      engine,
      call,
      done.filter(({ changed }) => changed).map(({ job }) => job),
    );
    const line = (job: (typeof jobs)[number]) =>
      [`${job.jobId} ${job.status}`, job.changed ? '' : 'had ended before', job.signal ?? '']
        .concat(job.cancelRequested ? 'its processes are still being ended' : '')
        .filter(Boolean)
        .join(', ');
    return { text: jobs.map(line).join('\n'), data: { jobs } };
  },
});
