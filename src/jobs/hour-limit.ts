// How many jobs are accepted within an hour, over all servers on this store.
import { SidejobError } from '../errors.js';
import { fullAt, takeOne } from '../store/counters.js';
import type { Engine } from './engine.js';
import { NOTHING } from './request.js';

/** No policy's counter has a scope of this name. */
const ACCEPTED = { name: 'accepted', scope: 'sidejob' };

/**
 * Counts a job, or refuses one beyond the limit. Call it in the transaction that records the job.
 * @param now milliseconds since 1970
 * @throws SidejobError `hour_limit`
 */
export function countInHour({ store, config }: Pick<Engine, 'store' | 'config'>, now: number): void {
  const { maxJobsPerHour: limit } = config.settings;
  const full = limit === 0 ? undefined : fullAt(store, ACCEPTED, 'hour', limit, now);
  if (full) {
    const minutes = Math.max(1, Math.ceil(((full.retryAt ?? now) - now) / 60_000));
    throw new SidejobError(
      'hour_limit',
      `${full.taken} job${full.taken === 1 ? ' was' : 's were'} accepted in the last hour, and maxJobsPerHour is ${limit}.`,
      `Try again in ${minutes} min. ${NOTHING}`,
    );
  }
  // Without a limit, too: it may be set at any time.
  takeOne(store, ACCEPTED, 'hour', now);
}
