// `sidejob prune`: removes ended jobs now, before their time.
import { SidejobError } from '../errors.js';
import { checkPerson } from '../jobs/checks.js';
import { count } from '../jobs/doctor/finding.js';
import type { Engine } from '../jobs/engine.js';
import { fileSize } from '../jobs/figures.js';
import { tidyWorktrees } from '../jobs/isolation/tidy.js';
import { prunableJobs, pruneJobs } from '../jobs/retention.js';
import { visible } from '../output/printable.js';
import type { Prune } from '../store/retention.js';
import { unmergedWorktrees } from '../store/worktrees.js';
import type { CommandContext } from './context.js';
import { command, duration, JSON_OPTION, listed, oneOf } from './options.js';
import { withJobs } from './with-jobs.js';

const NAMED = 10;
const ENDED = ['completed', 'failed', 'canceled', 'orphaned'] as const;

export const pruneCommand = command(
  {
    options: {
      'older-than': { type: 'string', value: 'TIME', about: 'only what ended so long ago: 90 (seconds), 12h, 7d' },
      status: {
        ...{ type: 'string', multiple: true, value: 'STATUS', of: ENDED },
        about: `only these: ${ENDED.join(', ')}`,
      },
      unread: { type: 'boolean', about: 'unread ones, too' },
      unmerged: { type: 'boolean', about: 'isolated ones, too, whose changes were neither applied nor discarded' },
      'dry-run': { type: 'boolean', short: 'n', about: 'only say what would be removed' },
      yes: { type: 'boolean', short: 'y', about: 'do not ask' },
      json: JSON_OPTION,
    },
    notes: `Jobs that have not ended and pinned ones stay. What jobs have used stays in "sidejob usage". Without it, jobs are
removed after keepDays.`,
  },
  ({ values }, context) => {
    const olderSec = values['older-than'] === undefined ? 0 : duration('older-than', values['older-than']);
    const dryRun = values['dry-run'] ?? false;
    const prune: Prune = {
      endedBefore: Date.now() - olderSec * 1000,
      statuses: listed(values.status).map((status) => oneOf('status', ENDED, status) ?? 'completed'),
      unread: values.unread ?? false,
      unmerged: values.unmerged ?? false,
    };
    return withJobs(context, async (engine) => {
      await checkPerson(engine, '"sidejob prune"');
      // What may have left processes behind is not removed before they are gone.
      await engine.supervision.tidy();
      // Also what the person has merged himself.
      await tidyWorktrees(engine, Date.now(), 0);
      const kept = values.unmerged ? '' : keptText(engine);
      if (kept && !values.json) context.stderr(kept);
      const found = await prunableJobs(engine, prune);
      const what = `${found.jobs} ${found.jobs === 1 ? 'job' : 'jobs'}, ${fileSize(found.bytes)}`;
      const report = (removed: typeof found) => {
        if (values.json) context.stdout(`${JSON.stringify({ ...removed, dryRun }, null, 2)}\n`);
      };
      if (found.jobs === 0 || dryRun) {
        report(found);
        if (!values.json) context.stdout(found.jobs === 0 ? 'There is nothing to remove.\n' : `${what} would go.\n`);
        return 0;
      }
      if (!values.yes && !(await confirmed(context, what))) {
        context.stderr('Nothing was removed.\n');
        return 1;
      }
      const removed = await pruneJobs(engine, prune);
      report(removed);
      if (!values.json) context.stdout(`Removed ${removed.jobs} of them: ${fileSize(removed.bytes)} are free again.\n`);
      return 0;
    });
  },
);

/** Jobs that stay because of what is in their worktrees. */
function keptText({ store }: Engine): string {
  const worktrees = unmergedWorktrees(store);
  if (worktrees.length === 0) return '';
  const named = worktrees.slice(0, NAMED).map(({ id, top }) => `${id} in ${top}`);
  const more = worktrees.length > NAMED ? [`… and ${worktrees.length - NAMED} more`] : [];
  const what = `${count(worktrees.length, 'isolated job')} stay${worktrees.length === 1 ? 's' : ''}`;
  return visible(
    `${what}, because the changes were neither applied nor discarded (--unmerged throws them away):\n${[...named, ...more].map((line) => `  ${line}\n`).join('')}`,
  );
}

async function confirmed({ ask }: CommandContext, what: string): Promise<boolean> {
  if (!ask) throw new SidejobError('bad_argument', `${what}: there is no terminal to ask on.`, 'Say --yes.');
  return /^y(es)?$/i.test((await ask(`Remove ${what}, for good? [y/N] `)).trim());
}
