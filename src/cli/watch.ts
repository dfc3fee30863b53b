// `sidejob list --watch`: the table, drawn anew whenever something changes.
import type { Engine } from '../jobs/engine.js';
import { findJob } from '../store/jobs.js';
import type { ListFilter } from '../store/list.js';
import type { CommandContext } from './context.js';
import { Interrupts } from './interrupt.js';
import { jobTable, viewsOf } from './job-table.js';
import { personView, statusText } from './job-view.js';
import { nextChange } from './next-change.js';
import { canRedraw, columnsOf, cutTo, paint } from './terminal.js';

const EVERY_MS = 1000;
/** Not more often, however much changes. */
const LEAST_MS = 100;
/** The other screen, without a cursor; and back again. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_LINE = '\u001b[K\n';
const BELOW = '\u001b[J';

/** Exit status 0 when the person ends it. */
export async function watchJobs(
  engine: Engine,
  context: CommandContext,
  filter: ListFilter,
  json: boolean,
): Promise<number> {
  const interrupts = new Interrupts(undefined);
  try {
    if (canRedraw() && !json) await redraw(engine, context, filter, interrupts.signal);
    else await printChanges(engine, context, filter, interrupts.signal, json);
    return 0;
  } finally {
    interrupts.close();
  }
}

async function redraw(
  engine: Engine,
  { stdout }: CommandContext,
  filter: ListFilter,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const stopListening = onKey(() => stop.abort());
  const ended = AbortSignal.any([signal, stop.signal]);
  stdout(ENTER);
  try {
    while (!ended.aborted) {
      const rows = Math.max(4, process.stdout.rows ?? 24);
      const columns = columnsOf() ?? 80;
      const views = await viewsOf(engine, { ...filter, limit: Math.min(filter.limit, rows - 3) });
      const lines =
        views.length > 0
          ? (await jobTable(engine, views, columns)).trimEnd().split('\n')
          : ['Nothing runs, nothing is unread.'];
      const head = cutTo(`Sidejob, ${new Date().toLocaleTimeString()}; q ends this view, not the jobs`, columns);
      const shown = [paint('dim', head), ...lines].slice(0, rows - 1);
      stdout(HOME + shown.map((line) => line + END_LINE).join('') + BELOW);
      await nextSight(engine, ended);
    }
  } finally {
    stopListening();
    stdout(LEAVE);
  }
}

/** A line for each job whose status is new. */
async function printChanges(
  engine: Engine,
  { stdout }: CommandContext,
  filter: ListFilter,
  signal: AbortSignal,
  json: boolean,
): Promise<void> {
  const seen = new Map<string, string>();
  while (!signal.aborted) {
    const views = await viewsOf(engine, filter);
    const there = new Set(views.map(({ jobId }) => jobId));
    // What has left the list (somebody has read it) may have ended first.
    for (const id of [...seen.keys()].filter((each) => !there.has(each))) {
      const job = findJob(engine.store, id);
      if (job) views.push(await personView(engine, job));
      else seen.delete(id);
    }
    for (const view of views.reverse()) {
      if (seen.get(view.jobId) === view.status) continue;
      seen.set(view.jobId, view.status);
      stdout(json ? `${JSON.stringify(view)}\n` : `${view.jobId} ${statusText(view)}\n`);
    }
    await nextSight(engine, signal);
  }
}

/** A change in the store, or of the window; not more often than there is need. */
async function nextSight(engine: Engine, signal: AbortSignal): Promise<void> {
  const least = new Promise((resolve) => setTimeout(resolve, LEAST_MS));
  const resized = new AbortController();
  const onResize = () => resized.abort();
  process.stdout.on('resize', onResize);
  await nextChange(engine, AbortSignal.any([signal, resized.signal]), EVERY_MS);
  process.stdout.off('resize', onResize);
  if (!signal.aborted) await least;
}

/** Calls `end` on q, Ctrl-C, Ctrl-D and Escape; returns how to stop. */
function onKey(end: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const heard = (keys: Buffer) => {
    if (['q', 'Q', '\u0003', '\u0004', '\u001b'].includes(keys.toString('latin1'))) end();
  };
  stdin.setRawMode(true);
  stdin.on('data', heard);
  return () => {
    stdin.off('data', heard);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
