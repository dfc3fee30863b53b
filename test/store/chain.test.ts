// Jobs that sleep until a limit is over, and the switch to the next CLI, in the store.
import { expect, test } from 'vitest';
import { nextWake, type Switch, switchRun } from '../../src/store/chain.js';
import { findJob } from '../../src/store/jobs.js';
import { takePlace } from '../../src/store/queue.js';
import type { Chain, JobRecord } from '../../src/store/record.js';
import type { Store } from '../../src/store/store.js';
import { cancelQueued, insertJob, recordLaunch, setCause } from '../../src/store/transitions.js';
import { limitedUntil } from '../../src/store/usage.js';
import { newJob, openStore, withJobs } from '../support/store.js';

const LIMITS = { maxRunning: 9, perProvider: () => 9, startGapMs: () => 0 };
const SERVER = { id: 's', host: 'm/b/n' };
const NOW = 1_000_000;
const member = (provider: string) => ({ provider, model: null, loginKey: 'k', login: null });
const chain: Chain = { members: [member('a'), member('b')], past: [], waitForQuota: true, rounds: 0 };
const place = (store: Store, now: number) => takePlace(store, SERVER, LIMITS, now);
const job = (store: Store, id = 'job') => findJob(store, id) as JobRecord;

test('a sleeper gets no place before its time by the wall clock, whichever way that is set, and does not hold up others', async () => {
  const store = await openStore();
  await withJobs(store);
  await store.write(() => insertJob(store, newJob('sleeper', { notBefore: NOW, priority: 1 })));
  await store.write(() => insertJob(store, newJob('other')));
  expect(nextWake(store, 's', NOW - 5000)).toBe(NOW);
  expect(place(store, NOW - 1)).toMatchObject({ id: 'other' });
  expect(place(store, NOW - 1)).toBeUndefined();
  // Set back: it sleeps on.
  expect(place(store, NOW - 86_400_000)).toBeUndefined();
  expect(nextWake(store, 's', NOW - 86_400_000)).toBe(NOW);
  // Set forward: the limit is over by the same clock.
  expect(place(store, NOW)).toMatchObject({ id: 'sleeper' });
  expect(nextWake(store, 's', NOW)).toBeUndefined();
  expect(job(store, 'sleeper').notBefore).toBeNull();
});

test('nobody wakes the sleepers of another server', async () => {
  const store = await openStore();
  await withJobs(store);
  await store.write(() => insertJob(store, newJob('sleeper', { notBefore: NOW })));
  expect(nextWake(store, 'another', NOW - 1)).toBeUndefined();
});

async function running() {
  const store = await openStore();
  await withJobs(store);
  await store.write(() => insertJob(store, newJob('job', { provider: 'a', chain, loginKey: 'k' })));
  place(store, NOW);
  recordLaunch(store, { id: 'job', owner: 's', attempt: 1 }, { host: 'm/b/n', pid: 1, start: '1' }, NOW);
  expect(job(store).status).toBe('running');
  return store;
}

const next: Switch = {
  chain: {
    ...chain,
    past: [{ ...member('a'), reason: 'rate_limited', error: null, at: NOW, resetsAt: NOW + 60, round: 0, ran: true }],
  },
  ...{ provider: 'b', model: null, sessionId: null, loginKey: 'k', login: null, notBefore: null, usage: null },
};

test('of two servers that settle the same run one switches, and the limit that ended it is remembered', async () => {
  const store = await running();
  const seen = job(store);
  expect(await store.write(() => switchRun(store, seen, next, NOW))).toBe(true);
  expect(await store.write(() => switchRun(store, seen, next, NOW))).toBe(false);
  expect(job(store)).toMatchObject({ status: 'queued', run: 2, provider: 'b', pid: null, placed: 0, startedAt: null });
  expect(limitedUntil(store, 'a', 'k', NOW)).toBe(NOW + 60);
  expect(limitedUntil(store, 'a', 'another login', NOW)).toBeUndefined();
  // The run that was judged is over: it cannot finish the next one.
  expect(place(store, NOW)).toMatchObject({ id: 'job', attempt: 2 });
  expect(await store.write(() => switchRun(store, seen, next, NOW))).toBe(false);
});

test('whoever cancels is first or is heard: a canceled run is not followed by another, and a sleeper can be canceled', async () => {
  const store = await running();
  const seen = job(store);
  await store.write(() => setCause(store, 'job', 'cancel', null, NOW));
  expect(await store.write(() => switchRun(store, seen, next, NOW))).toBe(false);
  const other = await running();
  await other.write(() => switchRun(other, job(other), { ...next, notBefore: NOW + 60 }, NOW));
  expect(await other.write(() => cancelQueued(other, 'job', NOW))).toBe(true);
  expect(job(other)).toMatchObject({ status: 'canceled' });
  expect(place(other, NOW + 100)).toBeUndefined();
});
