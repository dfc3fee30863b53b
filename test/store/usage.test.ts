// Sums of what jobs have used, and what is known of a vendor's own limits.
import { expect, test } from 'vitest';
import type { Usage } from '../../src/providers/provider.js';
import type { NewJob, Outcome } from '../../src/store/record.js';
import { registerServer } from '../../src/store/servers.js';
import type { Store } from '../../src/store/store.js';
import {
  cancelQueued,
  cancelUnbegun,
  finishJob,
  insertJob,
  recordLaunch,
  setCause,
} from '../../src/store/transitions.js';
import { acceptedOn, dayOf, limitedUntil, sumUsage, totalUsage, usedOn } from '../../src/store/usage.js';
import { newJob, openStore as openEmptyStore } from '../support/store.js';

const HOST = 'm/b/n';
const NOON = new Date(2026, 10, 20, 12).getTime();
const DAY_MS = 86_400_000;
const NOTHING = { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null, costUsd: null };

async function openStore(): Promise<Store> {
  const store = await openEmptyStore();
  await store.write(() => registerServer(store, { id: 's', host: HOST, pid: 1, pidStart: '1', startedAt: 1 }));
  return store;
}

let count = 0;

/** A job that is queued, of which only what matters here is named. */
function queued(store: Store, job: Partial<NewJob> = {}): string {
  count += 1;
  const id = `job-${count}`;
  insertJob(
    store,
    newJob(id, { provider: 'codex', loginKey: 'mine', timeoutSec: 1, owner: 's', createdAt: NOON, ...job }),
  );
  return id;
}

/** A job that has begun. */
function running(store: Store, job: Partial<NewJob> = {}, startedAt = NOON): string {
  const id = queued(store, job);
  store.run('UPDATE job SET placed = 1, attempt = 1 WHERE id = $id', { id });
  recordLaunch(store, { id, owner: 's', attempt: 1 }, { host: HOST, pid: 1, start: '1' }, startedAt);
  return id;
}

function finish(store: Store, id: string, at: number, outcome: Partial<Outcome> = {}): boolean {
  const all: Outcome = {
    ...{ status: 'completed', reason: null, exitCode: 0, signal: null, error: null, hint: null, resetsAt: null },
    ...{ usage: null, usageTotal: null, sessionId: null, model: null, answerBytes: 1, stdoutBytes: 2, stderrBytes: 3 },
    ...{ leftovers: 0, ...outcome },
  };
  return finishJob(store, id, ['queued', 'running'], all, at);
}

function used(store: Store, usage: Usage | null, job: Partial<NewJob> = {}, at = NOON, model: string | null = null) {
  finish(store, running(store, job), at, { usage, model });
}

test('sums by provider, model, day and label; what nobody reported is null, and what one reported counts', async () => {
  const store = await openStore();
  await store.write(() => {
    used(store, { inputTokens: 10, outputTokens: 1, costUsd: 0.5 }, { provider: 'claude', label: 'a' });
    used(store, { inputTokens: 5, outputTokens: 2 }, { provider: 'claude', label: 'a' });
    used(store, null, { provider: 'claude', label: 'b' }, NOON - DAY_MS, 'opus');
    used(store, { inputTokens: 7, cachedTokens: 0 }, { provider: 'codex' }, NOON - 2 * DAY_MS);
  });
  const claude = { ...NOTHING, jobs: 3, inputTokens: 15, outputTokens: 3, costUsd: 0.5 };
  const codex = { ...NOTHING, jobs: 1, inputTokens: 7, cachedTokens: 0 };
  expect(sumUsage(store, 'provider', '2026-11-01')).toEqual([
    { key: 'claude', ...claude },
    { key: 'codex', ...codex },
  ]);
  expect(sumUsage(store, 'day', '2026-11-01').map(({ key, jobs }) => [key, jobs])).toEqual([
    ['2026-11-20', 2],
    ['2026-11-19', 1],
    ['2026-11-18', 1],
  ]);
  expect(sumUsage(store, 'model', '2026-11-01').map(({ key }) => key)).toEqual(['', 'opus']);
  expect(sumUsage(store, 'label', '2026-11-01').map(({ key, jobs }) => [key, jobs])).toEqual([
    ['a', 2],
    ['', 1],
    ['b', 1],
  ]);
  expect(sumUsage(store, 'provider', '2026-11-21')).toEqual([]);
  expect(totalUsage(store, '2026-11-19')).toEqual(claude);
  expect(usedOn(store, '2026-11-20', 'claude')).toEqual({ ...claude, jobs: 2 });
  expect(usedOn(store, '2026-11-20', 'codex')).toEqual({ ...NOTHING, jobs: 0 });
});

test('a job counts once, when it ends, and not at all if it never began', async () => {
  const store = await openStore();
  await store.write(() => {
    cancelQueued(store, queued(store), NOON);
    finish(store, queued(store), NOON, { status: 'failed', reason: 'spawn_failed' });
    const unbegun = running(store);
    setCause(store, unbegun, 'cancel', null, NOON);
    cancelUnbegun(store, { id: unbegun, attempt: 1 }, NOON);
  });
  expect(usedOn(store, '2026-11-20')).toEqual({ ...NOTHING, jobs: 0 });
  await store.write(() => {
    const id = running(store);
    expect(usedOn(store, '2026-11-20').jobs).toBe(0);
    expect(finish(store, id, NOON, { status: 'orphaned', usage: { inputTokens: 1 } })).toBe(true);
    expect(finish(store, id, NOON, { usage: { inputTokens: 1 } })).toBe(false);
  });
  expect(usedOn(store, '2026-11-20')).toEqual({ ...NOTHING, jobs: 1, inputTokens: 1 });
  // Accepted they all were.
  expect(acceptedOn(store, '2026-11-20')).toBe(4);
  expect(acceptedOn(store, '2026-11-20', 'claude')).toBe(0);
});

test('a transaction that fails adds to no sum', async () => {
  const store = await openStore();
  const failing = store.write(() => {
    used(store, { inputTokens: 1 });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(usedOn(store, '2026-11-20').jobs).toBe(0);
  expect(acceptedOn(store, '2026-11-20')).toBe(0);
});

test('no figure of a CLI keeps a job from ending', async () => {
  const store = await openStore();
  for (const inputTokens of [1.5, -3, 1e300, Number.MAX_VALUE, Number.MAX_VALUE, Number.NaN]) {
    await store.write(() => used(store, { inputTokens }));
  }
  expect(usedOn(store, '2026-11-20').jobs).toBe(6);
});

test('a day is a local one', () => {
  expect(dayOf(new Date(2026, 0, 2, 0, 0, 0, 0).getTime())).toBe('2026-01-02');
  expect(dayOf(new Date(2026, 0, 2, 0, 0, 0, -1).getTime())).toBe('2026-01-01');
});

test('a limit lasts until the latest time that was told, for that provider and login', async () => {
  const store = await openStore();
  const limited = (resetsAt: number, job: Partial<NewJob> = {}, at = NOON) =>
    finish(store, running(store, job, at - 1), at, { status: 'failed', reason: 'quota_exhausted', resetsAt });
  await store.write(() => {
    limited(NOON + 2000);
    limited(NOON + 1000);
    limited(NOON + 9000, { loginKey: 'of somebody else' });
    limited(NOON + 9000, { provider: 'claude' });
  });
  expect(limitedUntil(store, 'codex', 'mine', NOON)).toBe(NOON + 2000);
  expect(limitedUntil(store, 'codex', 'mine', NOON + 2000)).toBeUndefined();
  expect(limitedUntil(store, 'gemini', 'mine', NOON)).toBeUndefined();
  // What had begun before and ended well says nothing; what began later and ended well does.
  await store.write(() => finish(store, running(store, {}, NOON - 5), NOON + 10));
  expect(limitedUntil(store, 'codex', 'mine', NOON + 20)).toBe(NOON + 2000);
  await store.write(() => finish(store, running(store, { loginKey: 'of somebody else' }, NOON + 5), NOON + 10));
  expect(limitedUntil(store, 'codex', 'mine', NOON + 20)).toBe(NOON + 2000);
  await store.write(() => finish(store, running(store, {}, NOON + 5), NOON + 10));
  expect(limitedUntil(store, 'codex', 'mine', NOON + 20)).toBeUndefined();
});
