// From an id that was typed to the review it stands for, and its findings as a text to be paged.
import type { Page } from '../../output/read.js';
import { bufferSource, maskedPage } from '../../output/secrets/page.js';
import type { JobRecord } from '../../store/record.js';
import type { Engine } from '../engine.js';
import { requireJobs } from '../lookup.js';
import { settledJob } from '../settle.js';
import { type Review, reviewsAmong } from './outcome.js';
import { heardOf, reviewText } from './words.js';

/** A review, and its jobs as they are now. */
export interface NamedReview {
  review: Review;
  jobs: readonly JobRecord[];
}

/**
 * The review of that group or job. A single job that has not answered is none yet: what it left is its output.
 * @throws SidejobError `unknown_job`
 */
export async function reviewNamed(engine: Engine, typed: string): Promise<NamedReview | undefined> {
  const named = requireJobs(engine, typed);
  const jobs = await Promise.all(named.map((job) => settledJob(engine, job)));
  const [review] = await reviewsAmong(engine, jobs);
  if (!review || (jobs.length === 1 && heardOf(review).heard.length === 0)) return undefined;
  return { review, jobs };
}

/** One page of the findings; see `readResult`. */
export function findingsPage(engine: Engine, review: Review, offset: number, limit: number): Promise<Page> {
  const source = bufferSource(Buffer.from(`${reviewText(review)}\n`));
  return maskedPage(engine.secrets, source, offset, limit, { growing: false });
}
