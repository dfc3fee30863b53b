// `sidejob discard ID`: throws away what an isolated job has done.
import { SidejobError } from '../errors.js';
import { diffOf, requireWorktree } from '../jobs/isolation/diff.js';
import { discardWork } from '../jobs/isolation/discard.js';
import { checkOwnFolder } from '../jobs/isolation/may.js';
import { discardedText } from '../jobs/isolation/told.js';
import { requireJob } from '../jobs/lookup.js';
import { settledJob } from '../jobs/settle.js';
import { visible } from '../output/printable.js';
import type { CommandContext } from './context.js';
import { checkUngoverned } from './inside-job.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

export const discardCommand = command(
  {
    options: {
      yes: { type: 'boolean', short: 'y', about: 'do not ask' },
      json: { ...JSON_OPTION, about: 'as JSON: { jobId, branch, changed, tip }' },
    },
    words: true,
    notes: 'Its worktree and its branch go, and with them what was not applied. It can be said again.',
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    return withJobs(context, async (engine) => {
      await checkUngoverned(engine, 'sidejob discard');
      const job = await settledJob(engine, requireJob(engine, typed));
      const { top, state, branch } = requireWorktree(engine, job);
      await checkOwnFolder(engine, top);
      const isWork = state === 'made' || state === 'applying';
      if (isWork && !values.yes) {
        // Where it cannot be read any more, it can be discarded all the same.
        const { summary } = await diffOf(engine, job).catch(() => ({ summary: `${branch}, which cannot be read\n` }));
        if (!(await confirmed(context, summary))) {
          context.stderr('Nothing was discarded.\n');
          return 1;
        }
      }
      const discarded = await discardWork(engine, job);
      const { changed, tip } = discarded;
      const data = { jobId: job.id, branch, changed, ...(tip !== undefined && { tip }) };
      context.stdout(values.json ? `${JSON.stringify(data, null, 2)}\n` : `${visible(discardedText(discarded))}\n`);
      return 0;
    });
  },
);

async function confirmed({ ask, stderr }: CommandContext, summary: string): Promise<boolean> {
  if (!ask) {
    throw new SidejobError(
      'bad_argument',
      'these changes were not applied, and there is no terminal to ask on.',
      'Say --yes.',
    );
  }
  stderr(visible(summary));
  return /^y(es)?$/i.test((await ask('Throw these changes away, for good? [y/N] ')).trim());
}
