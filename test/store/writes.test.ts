import { expect, onTestFinished, test, vi } from 'vitest';
import { findJob } from '../../src/store/jobs.js';
import { cancelQueued } from '../../src/store/transitions.js';
import { Writes } from '../../src/store/writes.js';
import { openStore, withJobs } from '../support/store.js';
import { until } from '../support/until.js';

test('writes of the same turn are one commit, and each stands for itself', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b', 'c');
  let commits = 0;
  store.onCommit(() => {
    commits += 1;
  });
  const told: string[] = [];
  const cancel = (id: string, fault?: string) =>
    store.write(() => {
      store.note({ kept: () => told.push(id), lost: () => told.push(`not ${id}`) });
      cancelQueued(store, id, 1);
      if (fault !== undefined) throw new Error(fault);
      return id;
    });
  const outcomes = await Promise.allSettled([cancel('a'), cancel('b', 'not this one'), cancel('c')]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: { message: 'not this one' } },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(['a', 'b', 'c'].map((id) => findJob(store, id)?.status)).toEqual(['canceled', 'queued', 'canceled']);
  expect(told).toEqual(['a', 'c']);
  expect(commits).toBe(1);
});

test('what takes a whole transaction back is the fault of one of its writes', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  const told: string[] = [];
  const outcomes = await Promise.allSettled([
    store.write(() => {
      store.note({ kept: () => told.push('a'), lost: () => told.push('not a') });
      return cancelQueued(store, 'a', 1);
    }),
    store.write(() => {
      // As SQLite itself does where the disk is full.
      store.run('ROLLBACK');
      throw new Error('the disk is full');
    }),
    store.write(() => cancelQueued(store, 'b', 1)),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(['a', 'b'].map((id) => findJob(store, id)?.status)).toEqual(['canceled', 'canceled']);
  expect(told).toEqual(['a', 'not a', 'a']);
});

test('many writes at once are all done, in their order', async () => {
  const store = await openStore();
  const order: number[] = [];
  await Promise.all(Array.from({ length: 100 }, (_, index) => store.write(() => order.push(index))));
  expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test('of a store that stays locked all hear at once, and those that came late wait their time', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let [tries, locked] = [0, true];
  const run = (sql: string) => {
    if (sql !== 'BEGIN IMMEDIATE') return;
    tries += 1;
    if (locked) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  };
  const writes = new Writes({ run, inTransaction: false }, () => {});
  const all = Promise.allSettled([1, 2, 3].map((value) => writes.add(() => value)));
  await until('a try', () => tries > 0);
  const late = writes.add(() => 'late');
  const before = tries;
  await until('a try with the late one', () => tries > before);
  vi.advanceTimersByTime(11_000);
  const outcomes = await all;
  expect(outcomes).toMatchObject(Array(3).fill({ status: 'rejected', reason: { code: 'store_busy' } }));
  locked = false;
  expect(await late).toBe('late');
});
