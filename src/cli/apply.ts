// `sidejob apply ID`: gives the changes of an isolated job to the folder that it came from.
import { applyWork } from '../jobs/isolation/apply.js';
import { requireWorktree } from '../jobs/isolation/diff.js';
import { checkOwnFolder } from '../jobs/isolation/may.js';
import { appliedText } from '../jobs/isolation/told.js';
import { requireJob } from '../jobs/lookup.js';
import { settledJob } from '../jobs/settle.js';
import { visible } from '../output/printable.js';
import { checkUngoverned } from './inside-job.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

export const applyCommand = command(
  {
    options: { json: { ...JSON_OPTION, about: 'as JSON: { jobId, applied, files, note }' } },
    words: true,
    notes: `Files change, and nothing else: no commit, no index, no branch of yours. What you have changed meanwhile is merged; if
both have changed the same lines, the files are named and nothing is applied. Exit status: 1 then.`,
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    return withJobs(context, async (engine) => {
      await checkUngoverned(engine, 'sidejob apply');
      const job = await settledJob(engine, requireJob(engine, typed));
      await checkOwnFolder(engine, requireWorktree(engine, job).top);
      const applied = await applyWork(engine, job);
      const { files, note } = applied;
      const data = { jobId: job.id, applied: files.length > 0, files, ...(note !== undefined && { note }) };
      context.stdout(values.json ? `${JSON.stringify(data, null, 2)}\n` : `${visible(appliedText(applied))}\n`);
      return 0;
    });
  },
);
