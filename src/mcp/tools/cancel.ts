import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { cancelJob } from '../../jobs/cancel.js';
import { findJob } from '../../store/jobs.js';
import type { JobRecord } from '../../store/record.js';
import { JOBS, NOTE } from '../fields.js';
import { defineTool } from '../tool.js';
import { waitLeftMs } from '../waiting.js';
import { namedJobs } from './named-jobs.js';
import { markShown } from './shown.js';

const ELSEWHERE =
  'asked to end: it began on another machine or container, and only a server there can do it. If none does, cancel again after a minute to close its record';

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
    // What does not want to end is seen to further, but the client is not kept waiting for it.
    const patience = sleep(waitLeftMs(call, engine), undefined, { ref: false });
    const cancel = async (job: JobRecord) => {
      const later = patience.then(() => ({ job: findJob(engine.store, job.id) ?? job, changed: true }));
      return Promise.race([cancelJob(engine, job.id), later]);
    };
    const named = namedJobs(engine, args);
    // First what waits for the others: their end must not start it.
    const judges = await Promise.all(named.filter(({ role }) => role === 'judge').map(cancel));
    const others = await Promise.all(named.filter(({ role }) => role !== 'judge').map(cancel));
    const done = [...others, ...judges];
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
      [
        `${job.jobId} ${job.status}`,
        job.changed ? '' : job.signal ? 'was being ended already' : 'had ended before',
        job.signal ?? '',
      ]
        .concat(job.cancelRequested && job.signal ? 'its processes are still being ended' : '')
        .concat(job.cancelRequested && !job.signal ? ELSEWHERE : '')
        .filter(Boolean)
        .join(', ');
    return { text: jobs.map(line).join('\n'), data: { jobs } };
  },
});
