// `sidejob wait ID...`: until jobs end. Its own end never touches one.
import type { Engine } from '../jobs/engine.js';
import { requireJobs } from '../jobs/lookup.js';
import { reviewsAmong } from '../jobs/review/outcome.js';
import { heardOf, reviewHead } from '../jobs/review/words.js';
import { waitForJobs } from '../jobs/wait.js';
import { visible } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import type { CommandContext } from './context.js';
import { EXIT, exitStatusOfAll, INTERRUPTED } from './exit-status.js';
import { endLine } from './follow.js';
import { Interrupts } from './interrupt.js';
import { personView } from './job-view.js';
import { someIds } from './one-id.js';
import { command, duration, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

const FOREVER_MS = 366 * 86_400_000;

export const waitCommand = command(
  {
    options: {
      any: { type: 'boolean', about: 'until the first of them ends' },
      timeout: { type: 'string', short: 't', value: 'TIME', about: 'no longer than 90 (seconds), 15m, 2h' },
      json: JSON_OPTION,
    },
    words: true,
    notes: `Says of each how it ended; "sidejob result ID" shows its answer. A job whose server is gone is looked after meanwhile.
Exit status: the job's own; of several, that of the first, in the order given, that was not completed: 0 completed,
1 failed, 3 canceled, 4 orphaned, 5 not ended when the time was up, 124 ended at its time limit.`,
  },
  async ({ values, positionals }, context) => {
    const typed = someIds(positionals);
    const waitMs = values.timeout === undefined ? FOREVER_MS : duration('timeout', values.timeout) * 1000;
    return withJobs(
      context,
      async (engine) => {
        const ids = [...new Set(typed.flatMap((id) => requireJobs(engine, id).map((job) => job.id)))];
        const interrupts = new Interrupts(undefined);
        try {
          const told = new Set<string>();
          const until = performance.now() + waitMs;
          const tell = async (jobs: readonly JobRecord[]) => {
            for (const job of jobs.filter(({ id, finishedAt }) => finishedAt !== null && !told.has(id))) {
              told.add(job.id);
              if (!values.json) context.stdout(endLine(await personView(engine, job), job, process.stdout));
            }
          };
          let jobs: JobRecord[] = [];
          for (;;) {
            const open = ids.filter((id) => !told.has(id));
            const left = Math.max(0, until - performance.now());
            const options = { until: 'any', waitMs: left, signal: interrupts.signal } as const;
            const now = await waitForJobs(engine, open, options);
            await tell(now);
            jobs = [...jobs.filter(({ id }) => !open.includes(id)), ...now];
            const enough = values.any ? told.size > 0 : told.size === ids.length;
            if (enough || interrupts.choice || performance.now() >= until) break;
          }
          const inOrder = ids.map((id) => jobs.find((job) => job.id === id)).filter((job) => job !== undefined);
          if (!values.json) await tellReviews(engine, context, inOrder);
          else {
            const views = await Promise.all(inOrder.map((job) => personView(engine, job)));
            context.stdout(`${JSON.stringify(views, null, 2)}\n`);
          }
          if (interrupts.choice?.go === 'detach') return INTERRUPTED[interrupts.choice.signal] ?? EXIT.failed;
          const ended = inOrder.filter(({ finishedAt }) => finishedAt !== null);
          return exitStatusOfAll(values.any && ended.length > 0 ? ended : inOrder);
        } finally {
          interrupts.close();
        }
      },
      { attends: true },
    );
  },
);

/** What reviewers have found all in all, in a sentence; the findings themselves stay unread. */
async function tellReviews(engine: Engine, { stdout }: CommandContext, jobs: readonly JobRecord[]): Promise<void> {
  const reviews = await reviewsAmong(engine, jobs);
  for (const review of reviews) {
    if (heardOf(review).heard.length > 0) stdout(`${visible(reviewHead(review))}\n`);
  }
}
