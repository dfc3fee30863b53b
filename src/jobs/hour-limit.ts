// How many jobs are accepted within an hour, over all servers on this store.
import { SidejobError } from '../errors.js';
import { acceptedLately, settleRecent } from '../store/recent.js';
import type { Engine } from './engine.js';
import { NOTHING } from './request.js';

/**
 * Puts right what a change of the clock has done to the hour. On its own, before the job is recorded: a refusal takes back
 * what was written with it.
 */
export async function settleHour({ store, config }: Pick<Engine, 'store' | 'config'>): Promise<void> {
  if (config.settings.maxJobsPerHour > 0) await store.write(() => settleRecent(store, Date.now()));
}

/**
 * Refuses a job beyond the limit. Call it in the transaction that records the job.
 * @throws SidejobError `hour_limit`
 */
export function checkHour({ store, config }: Pick<Engine, 'store' | 'config'>): void {
  const { maxJobsPerHour: limit } = config.settings;
  if (limit === 0) return;
  const { jobs, belowAt } = acceptedLately(store, limit);
  if (jobs < limit) return;
  const minutes = Math.max(1, Math.ceil((belowAt - Date.now()) / 60_000));
  throw new SidejobError(
    'hour_limit',
    `${jobs} job${jobs === 1 ? ' was' : 's were'} accepted in the last hour, and maxJobsPerHour is ${limit}.`,
    `Try again in ${minutes} min. ${NOTHING}`,
  );
}
