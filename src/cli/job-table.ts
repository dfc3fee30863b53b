// Jobs as the table that `sidejob list` prints, once or live.
import { jobFiles } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { ago } from '../jobs/figures.js';
import { settle } from '../jobs/settle.js';
import { chainNote } from '../jobs/view.js';
import { visible } from '../output/printable.js';
import { readMaskedPage } from '../output/secrets/page.js';
import { oneLine } from '../providers/json.js';
import { activeJobs } from '../store/jobs.js';
import { type ListFilter, listJobs } from '../store/list.js';
import { lasted, type PersonView, personView, STATUS_STYLES, statusText } from './job-view.js';
import { type Cell, table } from './terminal.js';

/** Of the prompt of a job without a label: what is read for its first line, and what of that is shown. */
const PROMPT_BYTES = 2048;
const PROMPT_COLUMNS = 60;

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
async function asked({ paths, secrets }: Engine, { jobId, role, groupId }: PersonView): Promise<string> {
  // Of a judge all prompts begin alike.
  if (role === 'judge') return `judge of ${groupId}`;
  const reading = { growing: false };
  const page = await readMaskedPage(secrets, jobFiles(paths, jobId).prompt, 0, PROMPT_BYTES, reading).catch(() => null);
  return oneLine(page?.text ?? '', PROMPT_COLUMNS);
}

/** Of an isolated job: what it has changed, and what became of that. */
function changesOf({ isolated }: PersonView): string | undefined {
  return isolated?.split(', ').slice(1).join(', ');
}

function rowOf(view: PersonView, prompt: string): Cell[] {
  // The id of any other job begins with its CLI.
  const chain = (view.chain || view.passedOver) && chainNote(view);
  const notes = [
    view.label,
    chain,
    view.activity ?? view.error,
    changesOf(view),
    view.unread && 'unread',
    view.pinned && 'pinned',
  ];
  const known = visible(notes.filter(Boolean).join(' · '));
  return [
    view.jobId,
    { text: statusText(view), style: STATUS_STYLES[view.status] },
    `${ago(Date.parse(view.createdAt), Date.now())} ago`,
    lasted(view.elapsedSec),
    { text: [known, prompt].filter(Boolean).join(' · '), style: 'dim', from: known.length },
  ];
}
