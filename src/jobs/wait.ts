// Waiting for jobs to end. A wait has a limit of its own, and its end never touches a job.
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import { atMost } from './at-most.js';
import type { Engine } from './engine.js';
import { settle } from './settle.js';

export interface WaitOptions {
  until: 'all' | 'any';
  waitMs: number;
  signal?: AbortSignal;
}

/** How often the jobs themselves are looked at, whatever the bell says: their server may have died. */
const CHECK_MS = 1000;

/**
 * Resolves when all (or any) of the jobs have ended, when the time is up, or when the caller gives up; with the
 * records as they are then, in the order given.
 */
export async function waitForJobs(engine: Engine, ids: readonly string[], options: WaitOptions): Promise<JobRecord[]> {
  const end = performance.now() + options.waitMs;
  const { store } = engine;
  let wake = () => {};
  const asked = new Set(ids);
  const stopListening = store.bell.listen((job) => {
    if (job === undefined || asked.has(job)) wake();
  });
  const onAbort = () => wake();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    let checkAt = performance.now();
    for (;;) {
      const rung = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (performance.now() >= checkAt) {
        await Promise.all(ids.map((id) => settle(engine, id)));
        checkAt = performance.now() + CHECK_MS;
      }
      const jobs = ids.map((id) => findJob(store, id)).filter((job) => job !== undefined);
      const ended = jobs.filter((job) => job.finishedAt !== null).length;
      const enough = options.until === 'all' ? ended === jobs.length : ended > 0;
      const now = performance.now();
      const left = end - now;
      if (enough || left <= 0 || options.signal?.aborted) return jobs;
      await atMost(rung, Math.max(0, Math.min(left, checkAt - now)));
    }
  } finally {
    stopListening();
    options.signal?.removeEventListener('abort', onAbort);
  }
}
