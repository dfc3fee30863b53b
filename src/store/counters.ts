// Named counters with sliding windows. What is taken is added to slots of a sixtieth of each window, so a counter has at
// most some sixty rows a window, whatever its limit is; a slot counts until all of it is older than the window, so no
// stretch of time as long as the window ever holds more than the limit.
import type { Store } from './store.js';

const SPANS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type Span = keyof typeof SPANS;
const NAMES = Object.keys(SPANS) as Span[];
const SLOTS = 60;

export interface CounterKey {
  name: string;
  /** Counters of one name count apart for each scope. */
  scope: string;
}

/** A counter with no room left. */
export interface Full {
  taken: number;
  /** When there is room again (milliseconds since 1970), if nobody else takes it; null: never. */
  retryAt: number | null;
}

/** Whether `max` have been taken within the span before `now`; undefined: there is room. Takes nothing. */
export function fullAt(store: Store, key: CounterKey, span: Span, max: number, now: number): Full | undefined {
  const parts = takenOf(store, key, span, now);
  const taken = parts.reduce((sum, part) => sum + part.taken, 0);
  if (taken < max) return undefined;
  let left = taken;
  for (const part of parts) {
    left -= part.taken;
    if (left < max) return { taken, retryAt: part.until };
  }
  return { taken, retryAt: null };
}

/** What has been taken of a counter within the span before `now`, and at which time each part of it counts no more. */
function takenOf(
  store: Store,
  { name, scope }: CounterKey,
  span: Span,
  now: number,
): { taken: number; until: number }[] {
  const length = SPANS[span] / SLOTS;
  const rows = store.all<{ slot: number; taken: number }>(
    'SELECT slot, taken FROM counter WHERE name = $name AND scope = $scope AND span = $span AND slot > $before ORDER BY slot',
    { name, scope, span, before: now - SPANS[span] - length },
  );
  // What a clock that has been set back left in the future counts as taken now: see rebaseCounters.
  return rows.map(({ slot, taken }) => ({ taken, until: Math.min(slot, slotAt(span, now)) + length + SPANS[span] }));
}

/** Takes one. Call inside `write`. */
export function takeOne(store: Store, { name, scope }: CounterKey, span: Span, now: number): void {
  store.run(
    `INSERT INTO counter (name, scope, span, slot, taken) VALUES ($name, $scope, $span, $slot, 1)
       ON CONFLICT DO UPDATE SET taken = taken + 1`,
    { name, scope, span, slot: slotAt(span, now) },
  );
  store.run('DELETE FROM counter WHERE name = $name AND scope = $scope AND span = $span AND slot <= $before', {
    ...{ name, scope, span },
    before: expiredBefore(span, now),
  });
}

/** Removes what counts no more, of all counters. Call inside `write`. */
export function removeExpired(store: Store, now: number): void {
  for (const span of NAMES) {
    store.run('DELETE FROM counter WHERE span = $span AND slot <= $before', { span, before: expiredBefore(span, now) });
  }
}

/** Whether the clock was set back: something was taken at a time that has not come yet. */
export function isAhead(store: Store, now: number): boolean {
  return store.get('SELECT 1 FROM counter WHERE slot > $now LIMIT 1', { now }) !== undefined;
}

/**
 * Has what was taken at times that have not come yet count as taken now: not to be forgotten, but neither to last
 * longer than one window from now. Call inside `write`.
 */
export function rebaseCounters(store: Store, now: number): void {
  for (const span of NAMES) {
    const slot = slotAt(span, now);
    store.run(
      `INSERT INTO counter (name, scope, span, slot, taken)
         SELECT name, scope, span, $slot, sum(taken) FROM counter WHERE span = $span AND slot > $slot GROUP BY name, scope
         ON CONFLICT DO UPDATE SET taken = taken + excluded.taken`,
      { span, slot },
    );
    store.run('DELETE FROM counter WHERE span = $span AND slot > $slot', { span, slot });
  }
}

function slotAt(span: Span, now: number): number {
  const length = SPANS[span] / SLOTS;
  return Math.floor(now / length) * length;
}

function expiredBefore(span: Span, now: number): number {
  return now - SPANS[span] - SPANS[span] / SLOTS;
}
