// `sidejob list`: jobs, newest first.
import { parseArgs } from 'node:util';
import { SidejobError } from '../errors.js';
import { ago } from '../jobs/figures.js';
import { type JobView, viewJob } from '../jobs/view.js';
import { listJobs } from '../store/jobs.js';
import type { Command } from './context.js';
import { withJobs } from './with-jobs.js';

export const listCommand: Command = async (argv, context) => {
  const { values } = parseArgs({
    args: argv,
    options: {
      all: { type: 'boolean' },
      json: { type: 'boolean' },
      limit: { type: 'string', default: '30' },
    },
  });
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new SidejobError('bad_argument', `--limit ${values.limit} is not a whole number above 0.`);
  }
  const views = await withJobs(context, async (engine) => {
    const jobs = listJobs(engine.store, { filter: values.all ? 'any' : 'open', project: null, limit: limit + 1 });
    // Nothing is masked for the owner, unless it is set to `strict`.
    return engine.secrets.maskAll(await Promise.all(jobs.map((job) => viewJob(engine, job))));
  });
  const more = views.length > limit;
  views.length = Math.min(views.length, limit);
  if (more) context.stderr(`The newest ${limit}; --limit N shows more.\n`);
  if (values.json) context.stdout(`${JSON.stringify(views, null, 2)}\n`);
  else if (views.length === 0) context.stdout(values.all ? 'No jobs yet.\n' : 'Nothing runs, nothing is unread.\n');
  else context.stdout(table(views));
  return 0;
};

function table(views: JobView[]): string {
  const rows = views.map((view) => [
    view.jobId,
    view.status + (view.reason ? ` (${view.reason})` : ''),
    `${ago(Date.parse(view.createdAt), Date.now())} ago`,
    `${view.elapsedSec} s`,
    [view.label, view.activity ?? view.error, view.unread && 'unread'].filter(Boolean).join(' · '),
  ]);
  const all = [['JOB', 'STATUS', 'ASKED', 'TOOK', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${all.map((row) => line(row).trimEnd()).join('\n')}\n`;
}
