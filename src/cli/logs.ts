// `sidejob logs ID`: what a job printed; with -f until its end.

import { SidejobError } from '../errors.js';
import type { Engine } from '../jobs/engine.js';
import { requireJob } from '../jobs/lookup.js';
import { type ResultView, readResult } from '../jobs/result.js';
import { waitForJobs } from '../jobs/wait.js';
import { printable } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import { INTERRUPTED } from './exit-status.js';
import { Interrupts } from './interrupt.js';
import { oneId } from './one-id.js';
import { command, wholeNumber } from './options.js';
import { withJobs } from './with-jobs.js';

const PAGE_BYTES = 64 * 1024;
const LOOK_MS = 250;
const LINES_MAX = 1_000_000;
const NEWLINE = 0x0a;

export const logsCommand = command(
  {
    options: {
      follow: { type: 'boolean', short: 'f', about: 'and what comes, to its end' },
      stderr: { type: 'boolean', about: 'its stderr' },
      events: { type: 'boolean', about: 'what its output means, one event a line' },
      lines: { type: 'string', short: 'n', value: 'N', about: 'only the last N lines of what is there' },
      json: { type: 'boolean', about: 'pieces as JSON: { jobId, view, offset, nextOffset, text }, an object a line' },
    },
    words: true,
    notes: 'Ctrl-C ends the view, not the job.',
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    if (values.stderr && values.events) {
      throw new SidejobError('bad_argument', '--stderr and --events exclude each other.');
    }
    const view = values.stderr ? 'stderr' : values.events ? 'events' : 'stdout';
    const lines = values.lines === undefined ? undefined : wholeNumber('lines', values.lines, 0, LINES_MAX);
    return withJobs(
      context,
      async (engine) => {
        const job = requireJob(engine, typed);
        let offset = lines === undefined ? 0 : await startOfLast(engine, job, view, lines);
        const interrupts = new Interrupts(undefined);
        const printNew = async (now: JobRecord) => {
          while (!interrupts.choice) {
            // Nothing is masked for the owner, unless it is set to `strict`.
            const page = await readResult(engine, now, view, offset, PAGE_BYTES);
            if (page.nextOffset <= offset) return;
            const { text, nextOffset } = page;
            // In a file or a pipe it stays as it is.
            if (values.json) context.stdout(`${JSON.stringify({ jobId: job.id, view, offset, nextOffset, text })}\n`);
            else context.stdout(process.stdout.isTTY ? printable(text) : text);
            await context.flushed();
            offset = nextOffset;
          }
        };
        try {
          for (;;) {
            // Whether it has ended is asked first: then everything it wrote is there to be read.
            const options = { until: 'all', waitMs: values.follow ? LOOK_MS : 0, signal: interrupts.signal } as const;
            const [now] = await waitForJobs(engine, [job.id], options);
            await printNew(now ?? job);
            if (interrupts.choice?.go === 'detach') return INTERRUPTED[interrupts.choice.signal] ?? 1;
            if (!values.follow || now?.finishedAt !== null) return 0;
          }
        } finally {
          interrupts.close();
        }
      },
      { attends: values.follow ?? false },
    );
  },
);

/** Where the last lines begin; of events, their number. */
async function startOfLast(engine: Engine, job: JobRecord, view: ResultView, lines: number): Promise<number> {
  const { total } = await readResult(engine, job, view, 0, 0);
  if (view === 'events') return Math.max(0, total - lines);
  if (lines === 0) return total;
  let found = 0;
  for (let start = total; start > 0; ) {
    const from = Math.max(0, start - PAGE_BYTES);
    const page = await readResult(engine, job, view, from, start - from);
    const bytes = Buffer.from(page.text);
    // Where something is masked, places in the text are not those in the file: the page is shown as a whole.
    if (bytes.length !== page.nextOffset - page.offset || page.offset >= start) return page.offset;
    for (let at = bytes.length - 1; at >= 0; at -= 1) {
      const place = page.offset + at;
      // The last line's own end begins no line.
      if (bytes[at] === NEWLINE && place !== total - 1) found += 1;
      if (found === lines) return place + 1;
    }
    start = page.offset;
  }
  return 0;
}
