// `sidejob cancel ID...`: ends jobs with their processes.
import { cancelJob } from '../jobs/cancel.js';
import { requireJobs } from '../jobs/lookup.js';
import { checkUngoverned } from './inside-job.js';
import { personView } from './job-view.js';
import { someIds } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { nowRead } from './stay.js';
import { withJobs } from './with-jobs.js';

export const cancelCommand = command(
  { options: { json: JSON_OPTION }, words: true, notes: 'Exit status: 1 if one of them could not be ended.' },
  ({ values, positionals }, context) => {
    const ids = someIds(positionals);
    return withJobs(context, async (engine) => {
      await checkUngoverned(engine, 'sidejob cancel');
      const jobs = ids.flatMap((typed) => requireJobs(engine, typed));
      const done = await Promise.all(
        jobs.map(async ({ id }) => {
          const { job, changed } = await cancelJob(engine, id);
          // Whose end one has asked for, one knows of.
          return { job: changed ? await nowRead(engine, job) : job, changed };
        }),
      );
      if (values.json) {
        const views = done.map(async ({ job, changed }) => ({ ...(await personView(engine, job)), changed }));
        context.stdout(`${JSON.stringify(await Promise.all(views), null, 2)}\n`);
      }
      for (const { job, changed } of values.json ? [] : done) {
        const how = job.signalSent ? `, ${job.signalSent}` : '';
        context.stdout(`${job.id} ${job.status}${changed ? how : ' (it had ended before)'}\n`);
      }
      return done.every(({ job }) => job.finishedAt !== null) ? 0 : 1;
    });
  },
);
