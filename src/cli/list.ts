// `sidejob list`: jobs, newest first.
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { jobFiles } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { knownProvider } from '../jobs/choose.js';
import type { Engine } from '../jobs/engine.js';
import { ago } from '../jobs/figures.js';
import { findProject } from '../jobs/project.js';
import { settle } from '../jobs/settle.js';
import { visible } from '../output/printable.js';
import { readMaskedPage } from '../output/secrets/page.js';
import { oneLine } from '../providers/json.js';
import { activeJobs, type ListFilter, listJobs } from '../store/jobs.js';
import type { JobStatus } from '../store/record.js';
import type { CommandContext } from './context.js';
import { lasted, type PersonView, personView, STATUS_STYLES, statusText } from './job-view.js';
import { command, JSON_OPTION, listed, oneOf, wholeNumber } from './options.js';
import { type Cell, columnsOf, table } from './terminal.js';
import { withJobs } from './with-jobs.js';

const STATUSES = ['queued', 'running', 'completed', 'failed', 'canceled', 'orphaned'] as const satisfies JobStatus[];
const LIMIT = 30;
/** Of the prompt of a job without a label: what is read for its first line, and what of that is shown. */
const PROMPT_BYTES = 2048;
const PROMPT_COLUMNS = 60;

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
      else if (values.all) context.stdout('No jobs yet.\n');
      else context.stdout(statuses.length > 0 ? 'No such jobs.\n' : 'Nothing runs, nothing is unread.\n');
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

/** The jobs that a filter names, with those that have ended meanwhile told so. */
export async function viewsOf(engine: Engine, filter: ListFilter): Promise<PersonView[]> {
  await Promise.all(activeJobs(engine.store).map(({ id }) => settle(engine, id)));
  return Promise.all(listJobs(engine.store, filter).map((job) => personView(engine, job)));
}

/** Jobs as a table, cut to the terminal. */
export async function jobTable(
  engine: Engine,
  views: readonly PersonView[],
  columns: number | undefined,
): Promise<string> {
  const heads = ['JOB', 'STATUS', 'ASKED', 'TOOK', ''].map((text) => ({ text, style: 'dim' as const }));
  const rows = await Promise.all(views.map(async (view) => rowOf(view, view.label ? '' : await asked(engine, view))));
  return table([heads, ...rows], { columns });
}

/** How the prompt begins; masked before it is cut. Empty where it cannot be read. */
async function asked({ paths, secrets }: Engine, { jobId }: PersonView): Promise<string> {
  const reading = { growing: false };
  const page = await readMaskedPage(secrets, jobFiles(paths, jobId).prompt, 0, PROMPT_BYTES, reading).catch(() => null);
  return oneLine(page?.text ?? '', PROMPT_COLUMNS);
}

function rowOf(view: PersonView, prompt: string): Cell[] {
  const notes = [view.label, view.activity ?? view.error, view.unread && 'unread', view.pinned && 'pinned'];
  const known = visible(notes.filter(Boolean).join(' · '));
  return [
    view.jobId,
    { text: statusText(view), style: STATUS_STYLES[view.status] },
    `${ago(Date.parse(view.createdAt), Date.now())} ago`,
    lasted(view.elapsedSec),
    { text: [known, prompt].filter(Boolean).join(' · '), style: 'dim', from: known.length },
  ];
}
