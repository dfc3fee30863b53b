// When it makes sense to look again: an assistant that polls burns its budget.
import type { JobRecord } from '../store/record.js';

/** Seconds until the next look; 0 if everything has ended. Young jobs soon, old ones seldom. */
export function pollAfterSec(jobs: readonly JobRecord[], now: number = Date.now()): number {
  const ages = jobs.filter((job) => job.finishedAt === null).map((job) => (now - job.createdAt) / 1000);
  if (ages.length === 0) return 0;
  return Math.round(Math.min(120, Math.max(10, Math.min(...ages) / 3)));
}
