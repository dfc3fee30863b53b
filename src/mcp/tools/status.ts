import { z } from 'zod';
import { structuredOf } from '../../jobs/result.js';
import { reviewsAmong } from '../../jobs/review/outcome.js';
import { reviewHead } from '../../jobs/review/words.js';
import { settledJob } from '../../jobs/settle.js';
import { type JobView, viewJob } from '../../jobs/view.js';
import { JOB_VIEW, JOBS, NOTE } from '../fields.js';
import { fitViews, REPLY_MAX_CHARS } from '../fit.js';
import { jobLine } from '../format.js';
import { pollAfterSec } from '../polling.js';
import { reviewData } from '../review.js';
import { defineTool } from '../tool.js';
import { namedJobs } from './named-jobs.js';

export const status = defineTool({
  name: 'llm_job_status',
  title: 'Look at jobs',
  description:
    'Lifecycle status and latest activity of jobs, now. To wait for them, use llm_job_wait instead of polling.',
  input: z.strictObject(JOBS),
  output: z.object({
    jobs: z.array(JOB_VIEW),
    reviews: z.array(z.unknown()).optional(),
    pollAfterSec: z.number(),
    note: NOTE,
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'background job progress state' },
  async handle(args, call) {
    const { engine } = await call.manager();
    const named = namedJobs(engine, args);
    const jobs = await Promise.all(named.map((job) => settledJob(engine, job)));
    const shown = fitViews(await Promise.all(jobs.map((job) => viewJob(engine, job))), REPLY_MAX_CHARS);
    let room = REPLY_MAX_CHARS - JSON.stringify(shown).length;
    const reviews = (await reviewsAmong(engine, jobs)).map((review, index, all) => {
      const data = reviewData(review, Math.max(0, room) / (all.length - index));
      room -= JSON.stringify(data).length;
      return { review, data };
    });
    const inReview = new Set(reviews.flatMap(({ review }) => review.reviewers.map(({ jobId }) => jobId)));
    const views = await Promise.all(
      jobs.map(async (job, index) => {
        if (inReview.has(job.id)) return shown[index] as JobView;
        room -= job.outputSchema === null ? 0 : (job.answerBytes ?? 0);
        // Beyond it, llm_job_result reads them one by one.
        const structured = room < 0 ? undefined : await structuredOf(engine, job);
        return { ...(shown[index] as JobView), ...(structured !== undefined && { structured }) };
      }),
    );
    return {
      text: [...views.map(jobLine), ...reviews.map(({ review }) => reviewHead(review))].join('\n'),
      data: {
        jobs: views,
        ...(reviews.length > 0 && { reviews: reviews.map(({ data }) => data) }),
        pollAfterSec: pollAfterSec(jobs),
      },
    };
  },
});
