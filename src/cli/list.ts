// `sidejob list`: jobs, newest first.
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, SidejobError } from '../errors.js';
import { knownProvider } from '../jobs/choose.js';
import { findProject } from '../jobs/project.js';
import type { ListFilter } from '../store/list.js';
import type { JobStatus } from '../store/record.js';
import type { CommandContext } from './context.js';
import { jobTable, viewsOf } from './job-table.js';
import { command, JSON_OPTION, listed, oneOf, wholeNumber } from './options.js';
import { columnsOf } from './terminal.js';
import { withJobs } from './with-jobs.js';

const STATUSES = ['queued', 'running', 'completed', 'failed', 'canceled', 'orphaned'] as const satisfies JobStatus[];
const LIMIT = 30;

export const listCommand = command(
  {
    options: {
      all: { type: 'boolean', about: 'ended and read ones, too' },
      project: { type: 'string', value: 'DIR', of: 'folder', about: 'only of the project around DIR' },
      provider: { type: 'string', short: 'p', value: 'NAME', of: 'provider', about: 'only of this CLI' },
      status: {
        ...{ type: 'string', multiple: true, value: 'STATUS', of: STATUSES },
        about: `only these: ${STATUSES.join(', ')}; read ones, too`,
      },
      limit: { type: 'string', value: 'N', about: `the newest ${LIMIT}, or N` },
      watch: {
        type: 'boolean',
        short: 'w',
        about: 'live; q or Ctrl-C ends it. Without a terminal: a line for each change',
      },
      json: { ...JSON_OPTION, about: 'as JSON; with --watch an object a line' },
    },
  },
  async ({ values }, context) => {
    const limit = values.limit === undefined ? LIMIT : wholeNumber('limit', values.limit, 1);
    const statuses = listed(values.status).map((status) => oneOf('status', STATUSES, status) ?? 'queued');
    const project = values.project === undefined ? null : await projectAround(values.project, context);
    return withJobs(context, async (engine) => {
      const filter: ListFilter = {
        filter: values.all || statuses.length > 0 ? 'any' : 'open',
        ...{ project, statuses, limit: limit + 1 },
        ...(values.provider && { provider: knownProvider(engine.providers, values.provider).name }),
      };
      if (values.watch) {
        const { watchJobs } = await import('./watch.js');
        return watchJobs(engine, context, { ...filter, limit }, values.json ?? false);
      }
      const views = await viewsOf(engine, filter);
      if (views.length > limit) context.stderr(`The newest ${limit}; --limit N shows more.\n`);
      views.length = Math.min(views.length, limit);
      if (values.json) context.stdout(`${JSON.stringify(views, null, 2)}\n`);
      else if (views.length > 0) context.stdout(await jobTable(engine, views, columnsOf()));
      else if (statuses.length > 0 || values.provider || project) context.stdout('No such jobs.\n');
      else context.stdout(values.all ? 'No jobs yet.\n' : 'Nothing runs, nothing is unread.\n');
      return 0;
    });
  },
);

/** The project that its jobs name: the one around a folder, or the folder itself. */
async function projectAround(folder: string, { env }: CommandContext): Promise<string> {
  try {
    const real = await realpath(resolve(folder));
    return (await findProject({}, real, env.HOME ?? '')) ?? real;
  } catch (error) {
    throw new SidejobError('bad_argument', `--project ${folder} cannot be used: ${messageOf(error)}.`);
  }
}
