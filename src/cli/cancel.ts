// `sidejob cancel ID...`: ends jobs with their processes.
import { parseArgs } from 'node:util';
import { SidejobError } from '../errors.js';
import { cancelJob } from '../jobs/cancel.js';
import { requireJob } from '../jobs/lookup.js';
import type { Command } from './context.js';
import { withJobs } from './with-jobs.js';

export const cancelCommand: Command = async (argv, context) => {
  const { positionals } = parseArgs({ args: argv, options: {}, allowPositionals: true });
  if (positionals.length === 0) {
    throw new SidejobError('bad_argument', 'a job id is needed.', '"sidejob list" shows them.');
  }
  return withJobs(context, async (engine) => {
    const jobs = positionals.map((typed) => requireJob(engine, typed));
    const done = await Promise.all(jobs.map((job) => cancelJob(engine, job.id)));
    for (const { job, changed } of done) {
      const how = job.signalSent ? `, ${job.signalSent}` : '';
      const note = changed ? how : ' (it had ended before)';
      context.stdout(`${job.id} ${job.status}${note}\n`);
    }
    return done.every(({ job }) => job.finishedAt !== null) ? 0 : 1;
  });
};
