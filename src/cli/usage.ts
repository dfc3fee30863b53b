// `sidejob usage`: what jobs have used, as far as their CLIs report it.
import { SidejobError } from '../errors.js';
import { dollars, shortCount } from '../jobs/figures.js';
import { oneLine } from '../providers/json.js';
import { dayOf, sumUsage, totalUsage, USAGE_KEYS, type UsageKey, type UsageSum } from '../store/usage.js';
import { command, JSON_OPTION, wholeNumber } from './options.js';
import { bar, type Cell, columnsOf, table } from './terminal.js';
import { withJobs } from './with-jobs.js';

/** What stands for jobs without one. */
const WITHOUT: Partial<Record<UsageKey, string>> = { model: '(not named)', label: '(no label)' };
const DAYS = 30;
const BAR_COLUMNS = 24;
/** Days of the chart; fewer if less was asked for. */
const CHART_DAYS = 14;

type Sum = UsageSum & { key: string };

export const usageCommand = command(
  {
    options: {
      by: {
        type: 'string',
        value: 'KEY',
        of: USAGE_KEYS,
        about: `${USAGE_KEYS.join(', ')}; by provider and day if not said`,
      },
      days: { type: 'string', value: 'N', about: `of the last ${DAYS} days, or N` },
      json: JSON_OPTION,
    },
    notes: '– stands for what no CLI has reported.',
  },
  async ({ values }, context) => {
    const by = USAGE_KEYS.find((key) => key === (values.by ?? 'provider'));
    if (!by) throw new SidejobError('bad_argument', `--by ${values.by}: there are ${USAGE_KEYS.join(', ')}.`);
    const days = values.days === undefined ? DAYS : wholeNumber('days', values.days, 1, 36_500);
    const since = dayBefore(days - 1);
    const { sums, perDay, total } = await withJobs(context, async ({ store }) => ({
      sums: sumUsage(store, by, since),
      perDay: sumUsage(store, 'day', since),
      total: totalUsage(store, since),
    }));
    if (values.json) {
      const named = sums.map(({ key, ...sum }) => ({ [by]: key || null, ...sum }));
      context.stdout(`${JSON.stringify({ since, by, sums: named, total }, null, 2)}\n`);
    } else if (sums.length === 0) {
      context.stdout(days === 1 ? 'Nothing was used today.\n' : `Nothing was used in the last ${days} days.\n`);
    } else {
      context.stdout(usageTable(by, sums, total));
      if (values.by === undefined && days > 1) context.stdout(`\n${dayChart(perDay, Math.min(days, CHART_DAYS))}`);
    }
    return 0;
  },
);

/** The local day so many days ago. */
function dayBefore(days: number): string {
  const today = new Date();
  // At noon, so that no day is lost or doubled when the clocks change.
  return dayOf(new Date(today.getFullYear(), today.getMonth(), today.getDate() - days, 12).getTime());
}

function usageTable(by: UsageKey, sums: readonly Sum[], total: UsageSum): string {
  const measure = measureOf(sums);
  const largest = Math.max(...sums.map(measure));
  const rows: Cell[][] = [
    [by.toUpperCase(), 'JOBS', 'IN', 'CACHED', 'OUT', 'REASONING', 'COST', ''],
    ...sums.map(({ key, ...sum }) => [
      oneLine(key, 48) || (WITHOUT[by] ?? ''),
      ...figures(sum),
      painted(bar(measure(sum), largest, BAR_COLUMNS)),
    ]),
    ['total', ...figures(total), ''],
  ];
  return table(rows, { right: [1, 2, 3, 4, 5, 6], columns: columnsOf() });
}

/** The last days, today at the end; one without jobs has a line, too. */
function dayChart(perDay: readonly Sum[], days: number): string {
  const measure = measureOf(perDay);
  const nothing: UsageSum = {
    ...{ jobs: 0, inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null, costUsd: null },
  };
  const all = Array.from({ length: days }, (_, index) => {
    const day = dayBefore(days - 1 - index);
    return { day, sum: perDay.find(({ key }) => key === day) ?? nothing };
  });
  const first = all.findIndex(({ sum }) => sum.jobs > 0);
  if (first < 0) return '';
  const shown = all.slice(first);
  const largest = Math.max(...shown.map(({ sum }) => measure(sum)));
  const rows: Cell[][] = shown.map(({ day, sum }) => {
    const tokens = tokensOf(sum);
    return [
      day,
      String(sum.jobs),
      tokens === 0 ? '–' : shortCount(tokens),
      painted(bar(measure(sum), largest, BAR_COLUMNS)),
    ];
  });
  return table([['DAY', 'JOBS', 'TOKENS', ''], ...rows], { right: [1, 2], columns: columnsOf() });
}

/** Bars show tokens, in and out; jobs where none were reported. */
function measureOf(sums: readonly UsageSum[]): (sum: UsageSum) => number {
  return sums.some((sum) => tokensOf(sum) > 0) ? tokensOf : ({ jobs }) => jobs;
}

function tokensOf({ inputTokens, outputTokens }: UsageSum): number {
  return (inputTokens ?? 0) + (outputTokens ?? 0);
}

function painted(text: string): Cell {
  return { text, style: 'cyan' };
}

/** What was not reported is no 0. */
function figures({ jobs, inputTokens, cachedTokens, outputTokens, reasoningTokens, costUsd }: UsageSum): string[] {
  const tokens = [inputTokens, cachedTokens, outputTokens, reasoningTokens];
  return [
    String(jobs),
    ...tokens.map((count) => (count === null ? '–' : Math.round(count).toLocaleString('en-US'))),
    costUsd === null ? '–' : dollars(costUsd),
  ];
}
