// `sidejob result ID`: the answer alone, or something else that a job left, for pipes and files.
import type { Engine } from '../jobs/engine.js';
import { requireJob } from '../jobs/lookup.js';
import { RESULT_VIEWS, type ResultView, readResult } from '../jobs/result.js';
import { type NamedReview, reviewNamed } from '../jobs/review/named.js';
import { settledJob } from '../jobs/settle.js';
import { printable } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-status.js';
import { endLine } from './follow.js';
import { personView } from './job-view.js';
import { oneId } from './one-id.js';
import { command, oneOf } from './options.js';
import { printReviews } from './review.js';
import { asRead, nowRead, withAnswer } from './stay.js';
import { withJobs } from './with-jobs.js';

const PAGE_BYTES = 256 * 1024;

export const resultCommand = command(
  {
    options: {
      view: {
        ...{ type: 'string', short: 'v', value: 'VIEW', of: RESULT_VIEWS },
        about: `${RESULT_VIEWS.join(', ')}; the answer if not said, or the findings of a review`,
      },
      json: { type: 'boolean', about: 'the job with its answer as JSON, or another view as { jobId, view, text }' },
    },
    words: true,
    notes: `Of a review, and of a group of reviewers by its id, the findings are shown as one list.\nExit status: 0, or 5 if the job has not ended, and this is what there is so far.`,
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    const asked = oneOf('view', RESULT_VIEWS, values.view);
    const view = asked ?? 'answer';
    return withJobs(context, async (engine) => {
      const named = asked === undefined ? await reviewNamed(engine, typed) : undefined;
      if (named) return showReview(engine, context, named, values.json ?? false);
      const settled = await settledJob(engine, requireJob(engine, typed));
      const job = view === 'answer' ? asRead(settled) : settled;
      if (!values.json) {
        for await (const text of pagesOf(engine, job, view)) {
          // In a file or a pipe it stays as it is.
          context.stdout(process.stdout.isTTY ? printable(text) : text);
          await context.flushed();
        }
      } else if (view === 'answer') {
        context.stdout(`${JSON.stringify(await withAnswer(engine, job), null, 2)}\n`);
      } else {
        const pages = [];
        for await (const text of pagesOf(engine, job, view)) pages.push(text);
        context.stdout(`${JSON.stringify({ jobId: job.id, view, text: pages.join('') }, null, 2)}\n`);
      }
      await context.flushed();
      if (view === 'answer') await nowRead(engine, settled);
      if (view === 'answer' && job.status !== 'completed') context.stderr(endLine(await personView(engine, job), job));
      return job.finishedAt === null ? EXIT.unfinished : 0;
    });
  },
);

async function showReview(
  engine: Engine,
  context: CommandContext,
  { review, jobs }: NamedReview,
  json: boolean,
): Promise<number> {
  printReviews(context, [review], json);
  await context.flushed();
  for (const job of jobs) await nowRead(engine, job);
  return jobs.every(({ finishedAt }) => finishedAt !== null) ? 0 : EXIT.unfinished;
}

/** All of a view, page by page; an answer ends with a line end. Nothing is masked for the owner, unless `strict` is set. */
async function* pagesOf(engine: Engine, job: JobRecord, view: ResultView): AsyncGenerator<string> {
  let last = '';
  for (let offset = 0; ; ) {
    const page = await readResult(engine, job, view, offset, PAGE_BYTES);
    if (page.nextOffset <= offset) break;
    offset = page.nextOffset;
    last = page.text;
    yield page.text;
  }
  if (view === 'answer' && last !== '' && !last.endsWith('\n')) yield '\n';
}
