// Named limits: how often something may happen within a window, over all servers and restarts.
import { SidejobError } from '../errors.js';
import { type Full, fullAt, type Span, takeOne } from '../store/counters.js';
import type { Store } from '../store/store.js';

/** A limit of a named counter. Limits that name the same counter, window and scope look at the same takings. */
export interface CounterLimit {
  counter: string;
  window: Span;
  max: number;
  /** Counts apart from other scopes of this counter; absent: `global`. */
  scope?: string | undefined;
  /** Where the limit stands, and the owner's words, for whoever is refused: `tools.llm_job_submit.limits[0]`. */
  rule?: string | undefined;
  reason?: string | undefined;
}

/** A limit that leaves no room now. */
export interface LimitReached extends Full {
  limit: CounterLimit;
}

/** Of the limits that leave no room, the one that lasts longest. Takes nothing; may be asked outside of a transaction. */
export function limitsReached(store: Store, limits: readonly CounterLimit[], now: number): LimitReached | undefined {
  const reached = limits.map((limit) => reachedNow(store, limit, now)).filter((each) => each !== undefined);
  const last = ({ retryAt }: LimitReached) => retryAt ?? Number.POSITIVE_INFINITY;
  return reached.sort((a, b) => last(b) - last(a))[0];
}

/**
 * Takes one of each counter, if all limits leave room for it; one call takes a counter once, however many limits name
 * it. Call it inside `store.write`: then servers that race take no more between them, and what the rest of that
 * transaction refuses is not taken.
 * @throws SidejobError `denied`, which names the limit and when to try again; nothing is taken then
 */
export function takeLimits(store: Store, limits: readonly CounterLimit[], now: number): void {
  const reached = limitsReached(store, limits, now);
  if (reached) throw limitRefusal(reached, now);
  const taken = new Set<string>();
  for (const { counter, window, scope = 'global' } of limits) {
    const key = JSON.stringify([counter, window, scope]);
    if (!taken.has(key)) takeOne(store, { name: counter, scope }, window, now);
    taken.add(key);
  }
}

/** What a caller that met a limit is told. */
export function limitRefusal({ limit, retryAt }: LimitReached, now: number): SidejobError {
  const why = [limit.rule, limit.reason].filter(Boolean).join(': ');
  const where = why && ` (${why})`;
  const what = `counter "${limit.counter}" is at its limit of ${limit.max} in ${ARTICLES[limit.window]}${where}.`;
  const when = retryAt === null ? 'It never has room.' : `Try again in ${within(retryAt - now)}.`;
  return new SidejobError('denied', what, `${when} Nothing was done.`);
}

const ARTICLES: Record<Span, string> = { minute: 'a minute', hour: 'an hour', day: 'a day' };

function reachedNow(store: Store, limit: CounterLimit, now: number): LimitReached | undefined {
  const { counter: name, scope = 'global', window, max } = limit;
  const full = fullAt(store, { name, scope }, window, max, now);
  return full && { limit, ...full };
}

/** Rounded up: a caller that waits so long does not come too early. */
function within(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds <= 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes <= 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
