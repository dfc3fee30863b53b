// `sidejob usage`: what jobs have used, as far as their CLIs report it.
import { parseArgs } from 'node:util';
import { SidejobError } from '../errors.js';
import { dollars } from '../jobs/figures.js';
import { oneLine } from '../providers/json.js';
import { dayOf, sumUsage, totalUsage, USAGE_KEYS, type UsageKey, type UsageSum } from '../store/usage.js';
import type { Command } from './context.js';
import { withJobs } from './with-jobs.js';

/** What stands for jobs without one. */
const WITHOUT: Partial<Record<UsageKey, string>> = { model: '(not named)', label: '(no label)' };

export const usageCommand: Command = async (argv, context) => {
  const { values } = parseArgs({
    args: argv,
    options: {
      by: { type: 'string', default: 'provider' },
      days: { type: 'string', default: '30' },
      json: { type: 'boolean' },
    },
  });
  const by = USAGE_KEYS.find((key) => key === values.by);
  if (!by) throw new SidejobError('bad_argument', `--by ${values.by}: there are ${USAGE_KEYS.join(', ')}.`);
  const days = Number(values.days);
  if (!Number.isInteger(days) || days < 1 || days > 36_500) {
    throw new SidejobError('bad_argument', `--days ${values.days} is not a whole number from 1 to 36500.`);
  }
  const since = firstDay(days);
  const { sums, total } = await withJobs(context, async ({ store }) => ({
    sums: sumUsage(store, by, since),
    total: totalUsage(store, since),
  }));
  if (values.json) {
    const named = sums.map(({ key, ...sum }) => ({ [by]: key || null, ...sum }));
    context.stdout(`${JSON.stringify({ since, by, sums: named, total }, null, 2)}\n`);
  } else if (sums.length === 0) {
    context.stdout(days === 1 ? 'Nothing was used today.\n' : `Nothing was used in the last ${days} days.\n`);
  } else {
    context.stdout(table(by, sums, total));
  }
  return 0;
};

/** The first of so many days, of which today is the last. */
function firstDay(days: number): string {
  const today = new Date();
  // At noon, so that no day is lost or doubled when the clocks change.
  return dayOf(new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1), 12).getTime());
}

function table(by: UsageKey, sums: readonly (UsageSum & { key: string })[], total: UsageSum): string {
  const rows = [
    [by.toUpperCase(), 'JOBS', 'IN', 'CACHED', 'OUT', 'REASONING', 'COST'],
    ...sums.map(({ key, ...sum }) => [oneLine(key, 48) || (WITHOUT[by] ?? ''), ...cells(sum)]),
    ['total', ...cells(total)],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return `${rows.map((row) => row.map(pad).join('  ')).join('\n')}\n`;
}

/** What was not reported is no 0. */
function cells({ jobs, inputTokens, cachedTokens, outputTokens, reasoningTokens, costUsd }: UsageSum): string[] {
  const tokens = [inputTokens, cachedTokens, outputTokens, reasoningTokens];
  return [
    String(jobs),
    ...tokens.map((count) => (count === null ? '–' : Math.round(count).toLocaleString('en-US'))),
    costUsd === null ? '–' : dollars(costUsd),
  ];
}
