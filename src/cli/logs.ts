// `sidejob logs ID`: what a job printed; with -f until its end.
import { parseArgs } from 'node:util';
import { requireJob } from '../jobs/lookup.js';
import { readResult } from '../jobs/result.js';
import { waitForJobs } from '../jobs/wait.js';
import { printable } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import type { Command } from './context.js';
import { oneId } from './one-id.js';
import { withJobs } from './with-jobs.js';

const PAGE_BYTES = 64 * 1024;
const LOOK_MS = 250;

export const logsCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { follow: { type: 'boolean', short: 'f' }, stderr: { type: 'boolean' } },
    allowPositionals: true,
  });
  const typed = oneId(positionals);
  return withJobs(context, async (engine) => {
    const job = requireJob(engine, typed);
    const view = values.stderr ? 'stderr' : 'stdout';
    let offset = 0;
    const printNew = async (now: JobRecord) => {
      for (;;) {
        // Nothing is masked for the owner, unless it is set to `strict`.
        const page = await readResult(engine, now, view, offset, PAGE_BYTES);
        if (page.nextOffset <= offset) return;
        // In a file or a pipe it stays as it is.
        context.stdout(process.stdout.isTTY ? printable(page.text) : page.text);
        offset = page.nextOffset;
      }
    };
    for (;;) {
      // Whether it has ended is asked first: then everything it wrote is there to be read.
      const waitMs = values.follow ? LOOK_MS : 0;
      const [now] = await waitForJobs(engine, [job.id], { until: 'all', waitMs });
      await printNew(now ?? job);
      if (!values.follow || now?.finishedAt !== null) return 0;
    }
  });
};
