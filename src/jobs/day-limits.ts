// The limits for a day, which ends at local midnight: jobs accepted, tokens and cost as far as CLIs report them.
import { SidejobError } from '../errors.js';
import type { NewJob } from '../store/record.js';
import type { Store } from '../store/store.js';
import { acceptedOn, dayOf, usedOn } from '../store/usage.js';
import type { Engine } from './engine.js';
import { dollars } from './figures.js';
import { NOTHING } from './request.js';

/** What the owner may limit, for all CLIs together and for each. Absent or 0: no limit. */
interface DayLimits {
  maxJobsPerDay?: number;
  maxTokensPerDay?: number;
  maxCostPerDay?: number;
}

/** A limit that is reached, in words. */
interface Reached {
  setting: keyof DayLimits;
  limit: string;
  used: string;
}

/**
 * Refuses a job beyond the day's limits. Call it in the transaction that records the job: then servers that race
 * accept no more between them. Running jobs have reported nothing yet, so tokens and cost may go beyond theirs.
 * @throws SidejobError `day_limit`
 */
export function checkDay(
  { store, config }: Pick<Engine, 'store' | 'config'>,
  { provider, createdAt }: Pick<NewJob, 'provider' | 'createdAt'>,
): void {
  const day = dayOf(createdAt);
  const reached = reachedOn(store, day, config.settings);
  if (reached) throw refusal(reached.setting, '', reached, 'The day ends at midnight.');
  const here = reachedOn(store, day, config.providers[provider] ?? {}, provider);
  if (here) {
    const setting = `providers.${provider}.${here.setting}`;
    throw refusal(setting, ` on ${provider}`, here, 'Use another provider; the day ends at midnight.');
  }
}

/** Whether the owner's limits for one provider are reached today. */
export function isDayOver({ store, config }: Pick<Engine, 'store' | 'config'>, provider: string, now: number): boolean {
  return reachedOn(store, dayOf(now), config.providers[provider] ?? {}, provider) !== undefined;
}

function refusal(setting: string, where: string, { used, limit }: Reached, hint: string): SidejobError {
  return new SidejobError('day_limit', `${used}${where} today, and ${setting} is ${limit}.`, `${hint} ${NOTHING}`);
}

/** The first limit that is reached, in all or on one provider. What reports no tokens or cost is not guessed at. */
function reachedOn(store: Store, day: string, limits: DayLimits, provider?: string): Reached | undefined {
  const { maxJobsPerDay = 0, maxTokensPerDay = 0, maxCostPerDay = 0 } = limits;
  const jobs = maxJobsPerDay > 0 ? acceptedOn(store, day, provider) : 0;
  if (maxJobsPerDay > 0 && jobs >= maxJobsPerDay) {
    const used = `${jobs} job${jobs === 1 ? ' was' : 's were'} accepted`;
    return { setting: 'maxJobsPerDay', limit: String(maxJobsPerDay), used };
  }
  if (maxTokensPerDay === 0 && maxCostPerDay === 0) return undefined;
  const { inputTokens, outputTokens, costUsd } = usedOn(store, day, provider);
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0);
  if (maxTokensPerDay > 0 && tokens >= maxTokensPerDay) {
    return { setting: 'maxTokensPerDay', limit: String(maxTokensPerDay), used: `${tokens} tokens were used` };
  }
  const cost = costUsd ?? 0;
  if (maxCostPerDay > 0 && cost >= maxCostPerDay) {
    return { setting: 'maxCostPerDay', limit: dollars(maxCostPerDay), used: `${dollars(cost)} was used` };
  }
  return undefined;
}
