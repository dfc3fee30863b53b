import { expect, test } from 'vitest';
import { type CounterLimit, limitsReached, takeLimits } from '../../src/policy/limits.js';
import { oncePerCall } from '../../src/policy/once.js';
import { isAhead, rebaseCounters, removeExpired } from '../../src/store/counters.js';
import type { Store } from '../../src/store/store.js';
import { answering, testEngine } from '../support/engine.js';
import { openStore } from '../support/store.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const T = Date.UTC(2026, 4, 10, 23, 59, 30);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const submits: CounterLimit = { counter: 'submits', window: 'hour', max: 3, rule: 'tools.llm_job_submit.limits[0]' };

/** How many of so many calls pass at a time. */
async function passed(store: Store, limits: CounterLimit[], calls: number, now: number): Promise<number> {
  let n = 0;
  for (let call = 0; call < calls; call += 1) {
    await store
      .write(() => takeLimits(store, limits, now))
      .then(
        () => (n += 1),
        (error) => expect(error).toMatchObject({ code: 'denied' }),
      );
  }
  return n;
}

test('a refusal names the counter, the limit, the rule and when to try again, and takes nothing', async () => {
  const store = await openStore();
  expect(await passed(store, [submits], 2, T)).toBe(2);
  expect(await passed(store, [submits], 1, T + 10 * MINUTE)).toBe(1);
  const refused = store.write(() => takeLimits(store, [submits], T + 20 * MINUTE));
  await expect(refused).rejects.toMatchObject({
    line: 'denied: counter "submits" is at its limit of 3 in an hour (tools.llm_job_submit.limits[0]). Try again in 41 min. Nothing was done.',
  });
  expect(await passed(store, [submits], 9, T + 59 * MINUTE)).toBe(0);
  expect(limitsReached(store, [submits], T + 20 * MINUTE)).toMatchObject({ taken: 3 });
});

test('what it says of the time is true: no room before, room then', async () => {
  for (const [window, length] of [
    ['minute', MINUTE],
    ['hour', HOUR],
    ['day', DAY],
  ] as const) {
    const store = await openStore();
    const limit = { counter: 'c', window, max: 5 };
    expect(await passed(store, [limit], 9, T)).toBe(5);
    const retryAt = limitsReached(store, [limit], T)?.retryAt ?? 0;
    expect(retryAt - T).toBeGreaterThanOrEqual(length);
    expect(retryAt - T).toBeLessThanOrEqual(length * (61 / 60));
    expect(await passed(store, [limit], 1, retryAt - 1)).toBe(0);
    expect(await passed(store, [limit], 1, retryAt)).toBe(1);
  }
});

test('no stretch as long as the window holds more than the limit, at no border of it', async () => {
  const store = await openStore();
  const limit: CounterLimit = { counter: 'c', window: 'hour', max: 10 };
  const times: number[] = [];
  // Irregular, as a linear congruence makes them: the same in every run.
  for (let now = T, n = 1; times.length < 60; n = (n * 48_271) % 2_147_483_647, now += n % (9 * MINUTE)) {
    const took = await passed(store, [limit], n % 5, now);
    times.push(...Array<number>(took).fill(now));
  }
  for (const begin of times) {
    expect(times.filter((time) => time >= begin && time < begin + HOUR).length).toBeLessThanOrEqual(10);
  }
});

test('all limits must leave room, or none is taken; the one that lasts longest is named', async () => {
  const store = await openStore();
  const minute: CounterLimit = { counter: 'a', window: 'minute', max: 1 };
  const day: CounterLimit = { counter: 'b', window: 'day', max: 1 };
  expect(await passed(store, [day], 1, T)).toBe(1);
  expect(await passed(store, [minute, day], 1, T)).toBe(0);
  expect(await passed(store, [minute], 1, T)).toBe(1);
  expect(limitsReached(store, [minute, day], T)?.limit).toBe(day);
  expect(limitsReached(store, [{ ...day, max: 0 }, minute], T)).toMatchObject({ retryAt: null });
});

test('one counter under several limits is taken once; scopes count apart', async () => {
  const store = await openStore();
  const hour: CounterLimit = { counter: 'c', window: 'hour', max: 4 };
  const day: CounterLimit = { counter: 'c', window: 'day', max: 6 };
  expect(await passed(store, [hour, day], 9, T)).toBe(4);
  expect(await passed(store, [hour, day], 9, T + 2 * HOUR)).toBe(2);
  expect(await passed(store, [{ ...hour, scope: 'codex' }], 9, T)).toBe(4);
  // Two rules, one bound each: one place.
  const twice: CounterLimit = { counter: 'd', window: 'hour', max: 2 };
  expect(await passed(store, [twice, { ...twice, max: 3 }], 9, T)).toBe(2);
});

test('a counter lasts over servers and restarts', async () => {
  const folder = await tempFolder();
  const [one, two] = [await openStore(folder), await openStore(folder)];
  expect(await passed(one, [submits], 2, T)).toBe(2);
  expect(await passed(two, [submits], 9, T)).toBe(1);
  expect(await passed(await openStore(folder), [submits], 9, T + MINUTE)).toBe(0);
});

test('a clock that is set back neither opens a counter nor jams it for longer than its window', async () => {
  const store = await openStore();
  expect(await passed(store, [submits], 3, T)).toBe(3);
  const back = T - 400 * DAY;
  expect(isAhead(store, back)).toBe(true);
  expect(await passed(store, [submits], 9, back)).toBe(0);
  // Said truly even before anybody has noticed.
  expect((limitsReached(store, [submits], back)?.retryAt ?? 0) - back).toBeLessThanOrEqual(HOUR * (61 / 60));
  await store.write(() => rebaseCounters(store, back));
  expect(isAhead(store, back)).toBe(false);
  expect(await passed(store, [submits], 9, back + 59 * MINUTE)).toBe(0);
  expect(await passed(store, [submits], 9, back + 61 * MINUTE)).toBe(3);
});

test('a server notices a clock that was set back', async () => {
  const { engine, home } = await testEngine();
  await engine.store.write(() => takeLimits(engine.store, [submits], Date.now() + 400 * DAY));
  expect(isAhead(engine.store, Date.now())).toBe(true);
  await testEngine({ home });
  await until('it is put right', () => !isAhead(engine.store, Date.now()));
  expect(limitsReached(engine.store, [{ ...submits, max: 1 }], Date.now())).toMatchObject({ taken: 1 });
});

test('a clock that is set forth frees a counter as waiting would, and no more', async () => {
  const store = await openStore();
  expect(await passed(store, [submits], 3, T)).toBe(3);
  expect(await passed(store, [submits], 9, T + 400 * DAY)).toBe(3);
  // Back again: what was taken meanwhile counts.
  await store.write(() => rebaseCounters(store, T));
  expect(await passed(store, [submits], 9, T)).toBe(0);
});

test('a counter costs the same however much it has counted', async () => {
  const store = await openStore();
  const limit: CounterLimit = { counter: 'c', window: 'day', max: 1_000_000 };
  const rows = () => store.get<{ n: number }>('SELECT count(*) AS n FROM counter')?.n;
  await store.write(() => {
    for (let call = 0; call < 5000; call += 1) takeLimits(store, [limit], T + call * 5 * MINUTE);
  });
  expect(rows()).toBeLessThanOrEqual(62);
  await store.write(() => removeExpired(store, T + 400 * DAY));
  expect(rows()).toBe(0);
});

test('servers that race for the last place of a counter record one job, and the refused leave nothing', async () => {
  const first = await testEngine();
  const servers = [first, await testEngine({ home: first.home }), await testEngine({ home: first.home })];
  const now = Date.now();
  const results = await Promise.allSettled(
    servers.flatMap((server) =>
      [1, 2, 3].map(() => {
        const { store } = server.engine;
        return server.submit(answering('x'), { admit: () => takeLimits(store, [submits], now) });
      }),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'denied' });
    else await first.ended(result.value);
  }
  expect(first.engine.store.get('SELECT count(*) AS n FROM job')).toEqual({ n: 3 });
});

test('a joined job and a refused one take nothing; a call for several jobs takes once', async () => {
  const { engine, submit, ended } = await testEngine();
  const { store } = engine;
  const taken = () => limitsReached(store, [{ ...submits, max: 0 }], Date.now())?.taken;
  const admit = () => takeLimits(store, [submits], Date.now());
  const job = await submit('sleep 0.2', { fresh: false, admit });
  expect((await submit('sleep 0.2', { fresh: false, admit })).id).toBe(job.id);
  expect(taken()).toBe(1);
  // Refused for another reason.
  const writing = { access: 'edit', cwd: await tempFolder() } as const;
  const writer = await submit('sleep 0.5', writing);
  await expect(submit('true', { ...writing, admit })).rejects.toMatchObject({ code: 'folder_busy' });
  expect(taken()).toBe(1);

  const once = oncePerCall(store, admit);
  await expect(
    store.write(() => {
      once();
      throw new Error('refused afterwards');
    }),
  ).rejects.toThrow('refused afterwards');
  expect(taken()).toBe(1);
  const jobs = await Promise.all([1, 2, 3].map((n) => submit(answering(`${n}`), { admit: once })));
  expect(taken()).toBe(2);
  for (const each of [job, writer, ...jobs]) await ended(each);
});
