// `sidejob audit`: what happened to jobs, and what was decided on calls.
import { resolvePaths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { type AuditLine, comingLines, lastLines } from '../jobs/audit-read.js';
import { dollars } from '../jobs/figures.js';
import { visible } from '../output/printable.js';
import { array, number, string } from '../providers/json.js';
import type { CommandContext } from './context.js';
import { command, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

const LINES = 50;

const options = {
  lines: { type: 'string', short: 'n', value: 'N', about: `the last ${LINES}, or N` },
  follow: { type: 'boolean', short: 'f', about: 'and what comes' },
  job: { type: 'string', value: 'ID', about: 'of one job alone' },
  json: { ...JSON_OPTION, about: 'as it stands in audit.log: an object a line' },
} as const;

export const auditCommand = command({ options }, async ({ values }, context) => {
  const count = Number(values.lines ?? LINES);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new SidejobError('bad_argument', `-n ${values.lines} is not a whole number from 1 to 1000000.`);
  }
  const { audit } = resolvePaths(context.env);
  await writeWaiting(context);
  const wanted = (line: AuditLine) => values.job === undefined || isOf(line, values.job.trim().toLowerCase());
  const show = ({ text, fields }: AuditLine) => context.stdout(`${values.json ? text : inWords(fields)}\n`);
  // Begun before the last lines are read, so that none falls in between.
  const coming = values.follow ? await comingLines(audit) : undefined;
  const last = await lastLines(audit, count, wanted);
  for (const line of last) show(line);
  if (last.length === 0 && !values.follow) context.stderr('Nothing is in the audit.\n');
  const shown = new Set(last.map(({ text }) => text));
  for await (const line of coming ?? []) if (wanted(line) && !shown.has(line.text)) show(line);
  return 0;
});

/** Has what waits in the store written. The audit can be read even if the store cannot. */
async function writeWaiting(context: CommandContext): Promise<void> {
  try {
    const problem = await withJobs(context, async ({ audit }) => {
      await audit.flush();
      return audit.problem;
    });
    if (problem) context.stderr(`The last lines are missing: ${problem}\n`);
  } catch (error) {
    if (!(error instanceof SidejobError)) throw error;
    context.stderr(`The last lines may be missing: ${error.line}\n`);
  }
}

/** A job's id, or its beginning, or its random part. */
function isOf({ fields }: AuditLine, typed: string): boolean {
  const ids = [string(fields, 'jobId') ?? '', ...array(fields, 'jobIds').map(String)];
  return ids.some((id) => id.startsWith(typed) || id.slice(id.indexOf('-') + 1).startsWith(typed));
}

/** Time, what, and who or why. */
function inWords(fields: AuditLine['fields']): string {
  const text = (name: string) => string(fields, name) ?? '';
  const words = EVENTS[text('event')]?.(fields, text) ?? [text('event')];
  return visible([when(text('time')), ...words].filter(Boolean).join('  ').trimEnd()).replaceAll('\n', '\\n');
}

type Words = (fields: AuditLine['fields'], text: (name: string) => string) => string[];

const EVENTS: Record<string, Words> = {
  accepted: (_fields, text) => [
    text('jobId'),
    'accepted ',
    `${text('access')} in ${text('cwd')}`,
    text('model'),
    `for ${text('client') || 'unknown'}`,
  ],
  started: (fields, text) => {
    const waited = number(fields, 'waitedMs') ?? 0;
    const attempt = number(fields, 'attempt') ?? 1;
    const tries = attempt > 1 ? `attempt ${attempt}` : '';
    return [text('jobId'), 'started  ', waited >= 1000 ? `after ${seconds(waited)}` : '', tries];
  },
  ended: (fields, text) => {
    const [ran, cost] = [number(fields, 'ranMs'), number(fields, 'costUsd')];
    const tokens = (number(fields, 'inputTokens') ?? 0) + (number(fields, 'outputTokens') ?? 0);
    return [
      text('jobId'),
      text('status').padEnd(9),
      text('reason') || (text('status') === 'canceled' ? text('cause') : ''),
      ran === undefined ? '' : seconds(ran),
      tokens > 0 ? `${tokens} tokens` : '',
      cost === undefined ? '' : dollars(cost),
    ];
  },
  decision: (fields, text) => {
    const providers = [text('provider'), ...array(fields, 'provider').map(String)].filter(Boolean).join(', ');
    const place = text('access') ? `${text('access')} in ${text('cwd')}` : '';
    return [
      text('effect').padEnd(8),
      text('tool'),
      [providers, place].filter(Boolean).join(' '),
      text('rule') && `by ${text('rule')}`,
      text('reason'),
      [text('approval'), ...array(fields, 'jobIds').map(String)].filter(Boolean).join(' '),
      text('client') && `for ${text('client')}`,
    ];
  },
};

function when(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
