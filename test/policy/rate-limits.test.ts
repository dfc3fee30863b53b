// Calls of a session, counted on a clock that the test holds.
import { expect, test } from 'vitest';
import type { RateLimit } from '../../src/policy/policy.js';
import { RateLimits } from '../../src/policy/rate-limits.js';

const limit = (key: string, max: number, windowSec: number): RateLimit => ({ rule: key, key, max, windowSec });

function counters() {
  const clock = { ms: 1_000_000 };
  return { clock, limits: new RateLimits(() => clock.ms) };
}

test('so many pass in the window, the next one is told when to come again', () => {
  const { clock, limits } = counters();
  const three = limit('a', 3, 60);
  for (const at of [0, 10_000, 20_000]) {
    clock.ms = 1_000_000 + at;
    expect(limits.take([three]).ok).toBe(true);
  }
  expect(limits.take([three])).toEqual({ ok: false, limit: three, retryAfterSec: 40 });
  clock.ms = 1_059_999;
  expect(limits.take([three])).toMatchObject({ ok: false, retryAfterSec: 1 });
  clock.ms = 1_060_000;
  expect(limits.take([three]).ok).toBe(true);
  expect(limits.take([three])).toMatchObject({ ok: false, retryAfterSec: 10 });
});

test('a refused call takes nothing, of no limit', () => {
  const { limits } = counters();
  const [wide, narrow] = [limit('wide', 2, 60), limit('narrow', 1, 600)];
  expect(limits.take([wide, narrow]).ok).toBe(true);
  for (let times = 0; times < 5; times++) {
    expect(limits.take([wide, narrow])).toMatchObject({ ok: false, limit: narrow, retryAfterSec: 600 });
  }
  expect(limits.take([wide]).ok).toBe(true);
  // Of two that are used up, the one that keeps waiting longest is named.
  expect(limits.take([wide, narrow])).toMatchObject({ ok: false, limit: narrow });
  expect(limits.take([wide])).toMatchObject({ ok: false, limit: wide, retryAfterSec: 60 });
});

test('what is given back can be taken again, and no other call with it', () => {
  const { clock, limits } = counters();
  const two = limit('a', 2, 60);
  const first = limits.take([two]);
  clock.ms += 30_000;
  limits.take([two]);
  if (!first.ok) throw new Error('refused');
  first.giveBack();
  first.giveBack();
  expect(limits.take([two]).ok).toBe(true);
  // The oldest that still counts is the second call.
  expect(limits.take([two])).toMatchObject({ ok: false, retryAfterSec: 60 });
});

test('a smaller bound in a new version of the file counts what was before', () => {
  const { limits } = counters();
  for (let calls = 0; calls < 5; calls++) limits.take([limit('a', 9, 60)]);
  expect(limits.take([limit('a', 2, 60)])).toMatchObject({ ok: false, retryAfterSec: 60 });
});

test('no limit refuses nothing', () => {
  expect(counters().limits.take([]).ok).toBe(true);
});
