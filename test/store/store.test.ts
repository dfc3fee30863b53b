import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { countByStatus, findJob } from '../../src/store/jobs.js';
import { listJobs } from '../../src/store/list.js';
import { SCHEMA_VERSION, storeError } from '../../src/store/open.js';
import { placesTaken, takePlace } from '../../src/store/queue.js';
import type { JobRecord, Outcome } from '../../src/store/record.js';
import { findIds } from '../../src/store/search.js';
import { cancelQueued, finishJob, insertJob, recordLaunch, requeue, setCause } from '../../src/store/transitions.js';
import { newJob, openStore, withJobs } from '../support/store.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const HERE = { id: 's', host: 'm/b/n' };
const LAUNCHER = { host: 'm/b/n', pid: 4242, start: '1' };
const OUTCOME: Outcome = {
  ...{ status: 'completed', reason: null, exitCode: 0, signal: null, error: null, hint: null, resetsAt: null },
  ...{ usage: null, usageTotal: null, sessionId: null, model: null, answerBytes: 1, stdoutBytes: 2, stderrBytes: 3 },
  leftovers: 0,
};

const limits = (maxRunning: number, per = maxRunning) => ({ maxRunning, perProvider: () => per, startGapMs: () => 0 });

test('what was let go after it had been judged does not go back to the queue: it would run twice', async () => {
  const store = await openStore();
  await withJobs(store, 'a');
  await store.write(() => {
    takePlace(store, HERE, limits(1), 0);
    const judged = findJob(store, 'a') as JobRecord;
    recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 5);
    expect(requeue(store, judged)).toBe(false);
    expect(findJob(store, 'a')).toMatchObject({ status: 'running', pid: LAUNCHER.pid });
    expect(requeue(store, findJob(store, 'a') as JobRecord)).toBe(true);
  });
});

test('an ended job never changes again', async () => {
  const store = await openStore();
  await withJobs(store, 'a');
  await store.write(() => {
    expect(takePlace(store, HERE, limits(1), 0)).toEqual({ id: 'a', attempt: 1 });
    expect(recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 5)).toBe(true);
    expect(finishJob(store, 'a', ['running'], OUTCOME, 6)).toBe(true);
    const before = findJob(store, 'a');
    expect(finishJob(store, 'a', ['queued', 'running'], { ...OUTCOME, status: 'failed' }, 7)).toBe(false);
    expect(setCause(store, 'a', 'cancel', null, 7)).toBe(false);
    expect(cancelQueued(store, 'a', 7)).toBe(false);
    expect(requeue(store, before as JobRecord)).toBe(false);
    expect(recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 8)).toBe(false);
    expect(findJob(store, 'a')).toEqual(before);
  });
});

test('a job that was canceled, taken over, or tried again meanwhile is not let go', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b', 'c');
  await store.write(() => {
    for (let place = 0; place < 3; place += 1) takePlace(store, HERE, limits(3), 0);
    cancelQueued(store, 'a', 2);
    expect(recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 5)).toBe(false);
    expect(recordLaunch(store, { id: 'b', owner: 'another', attempt: 1 }, LAUNCHER, 5)).toBe(false);
    expect(recordLaunch(store, { id: 'c', owner: 's', attempt: 2 }, LAUNCHER, 5)).toBe(false);
  });
});

test('the first cause wins', async () => {
  const store = await openStore();
  await withJobs(store, 'a');
  await store.write(() => {
    takePlace(store, HERE, limits(1), 0);
    recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 5);
    expect(setCause(store, 'a', 'timeout', 'late', 6)).toBe(true);
    expect(setCause(store, 'a', 'cancel', null, 7)).toBe(false);
    expect(findJob(store, 'a')).toMatchObject({ cause: 'timeout', causeNote: 'late', causeAt: 6 });
  });
});

test('places are never more than the limits, in all and by provider', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b', 'c');
  await store.write(() => insertJob(store, newJob('d', { provider: 'other' })));
  await store.write(() => {
    expect(takePlace(store, HERE, limits(3, 1), 0)).toMatchObject({ id: 'a' });
    expect(takePlace(store, HERE, limits(3, 1), 0)).toMatchObject({ id: 'd' });
    expect(takePlace(store, HERE, limits(3, 1), 0)).toBeUndefined();
    expect(takePlace(store, HERE, limits(2, 2), 0)).toBeUndefined();
    expect(takePlace(store, { ...HERE, id: 'nobody' }, limits(9, 9), 0)).toBeUndefined();
    expect(placesTaken(store, HERE.host).total).toBe(2);
  });
});

test('between two starts of a CLI that needs it there is a gap, over all servers; others are not held up', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  const gap = { ...limits(9), startGapMs: (name: string) => (name === 'shell' ? 500 : 0) };
  await store.write(() => {
    insertJob(store, newJob('c', { provider: 'other' }));
    expect(takePlace(store, HERE, gap, 1000)).toMatchObject({ id: 'a' });
    // Its start is under way: how long it takes is not known.
    expect(takePlace(store, HERE, gap, 1000)).toMatchObject({ id: 'c' });
    expect(takePlace(store, HERE, gap, 1000)).toEqual({ againInMs: 500 });
    recordLaunch(store, { id: 'a', owner: 's', attempt: 1 }, LAUNCHER, 1100);
    expect(takePlace(store, HERE, gap, 1200)).toEqual({ againInMs: 400 });
    // Set back: held up for no longer than the gap.
    expect(takePlace(store, HERE, gap, 0)).toEqual({ againInMs: 500 });
    expect(takePlace(store, HERE, gap, 1600)).toMatchObject({ id: 'b' });
  });
});

test('counts are kept, not counted', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  await store.write(() => cancelQueued(store, 'b', 2));
  expect(countByStatus(store)).toEqual({ queued: 1, running: 0, completed: 0, failed: 0, canceled: 1, orphaned: 0 });
});

test('lists are paged by key, newest first', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b', 'c');
  const page = (before?: number) =>
    listJobs(store, { filter: 'any', project: '/p', limit: 2, ...(before !== undefined && { before }) });
  const first = page();
  expect(first.map((job) => job.id)).toEqual(['c', 'b']);
  expect(page(first.at(-1)?.seq).map((job) => job.id)).toEqual(['a']);
  expect(listJobs(store, { filter: 'any', project: '/elsewhere', limit: 9 })).toEqual([]);
  expect(listJobs(store, { filter: 'any', project: null, query: "%_'", limit: 9 })).toEqual([]);
  await store.write(() => insertJob(store, newJob('d', { label: 'fix_login 100%!' })));
  for (const query of ['fix_login', '100%', '%!', '_']) {
    expect(listJobs(store, { filter: 'any', project: null, query, limit: 9 }).map((job) => job.id)).toEqual(['d']);
  }
});

test('ids are found by prefix and by tail', async () => {
  const store = await openStore();
  await withJobs(store, 'codex-7f3k9m2q', 'claude-7f000000');
  expect(findIds(store, 'codex-7', 9)).toEqual(['codex-7f3k9m2q']);
  expect(findIds(store, '7f', 9)).toEqual(['claude-7f000000', 'codex-7f3k9m2q']);
});

test('a failed transaction leaves nothing behind', async () => {
  const store = await openStore();
  await withJobs(store, 'a');
  const failing = store.write(() => {
    insertJob(store, newJob('b'));
    insertJob(store, newJob('a'));
  });
  await expect(failing).rejects.toThrow(/UNIQUE/);
  expect(findJob(store, 'b')).toBeUndefined();
});

test('a lock held by another process is waited for without blocking the event loop', async () => {
  const folder = await tempFolder();
  const store = await openStore(folder);
  await withJobs(store, 'a');
  const other = new Database(join(folder, 'store.db'));
  other.exec('BEGIN IMMEDIATE');
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const write = store.write(() => cancelQueued(store, 'a', 2));
  setTimeout(() => other.exec('COMMIT'), 400);
  expect(await write).toBe(true);
  clearInterval(beat);
  other.close();
  expect(longest).toBeLessThan(200);
});

test('many opening one empty folder at the same instant all get the one schema', async () => {
  const folder = await tempFolder();
  const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(folder)));
  expect(stores.map((store) => store.facts().schemaVersion)).toEqual(Array(8).fill(SCHEMA_VERSION));
  expect(stores[0]?.facts().journalMode).toBe('wal');
});

test.each([
  ['garbage', 'not a database at all, but long enough to be looked at', /not a SQLite file/],
  ['a truncated store', `SQLite format 3\0${'x'.repeat(200)}`, /damaged/],
])('%s is a clear error, and the file stays as it was', async (_name, content, message) => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'store.db'), content);
  await expect(openStore(folder)).rejects.toMatchObject({ code: 'store_unavailable', message });
  expect(await readFile(join(folder, 'store.db'), 'utf8')).toBe(content);
  expect(await readdir(folder)).toEqual(['store.db']);
});

test('a store of a newer version is left alone', async () => {
  const folder = await tempFolder();
  const db = new Database(join(folder, 'store.db'));
  db.pragma('user_version = 99');
  db.close();
  await expect(openStore(folder)).rejects.toMatchObject({ code: 'store_unavailable', message: /newer Sidejob/ });
});

test('a folder that cannot be made is a clear error', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(openStore(join(folder, 'file'))).rejects.toMatchObject({ code: 'store_unavailable' });
});

test('the bell wakes the others, and the poll wakes them where the bell is gone', async () => {
  const folder = await tempFolder();
  const [ringer, listener] = [await openStore(folder), await openStore(folder)];
  let heard = 0;
  onTestFinished(
    listener.bell.listen(() => {
      heard += 1;
    }),
  );
  await withJobs(ringer, 'a');
  ringer.bell.ring();
  await until('the ring', () => heard > 0, 900);
  const { rm } = await import('node:fs/promises');
  await rm(join(folder, 'bell'));
  await until('the watch has told of the removal', () => heard > 1, 900).catch(() => {});
  heard = 0;
  await ringer.write(() => cancelQueued(ringer, 'a', 2));
  await until('the poll', () => heard > 0, 3000);
});

test.each([
  ['SQLITE_FULL', /the disk is full/],
  ['SQLITE_IOERR_WRITE', /the disk reports an error/],
  ['SQLITE_CORRUPT', /damaged/],
  ['SQLITE_READONLY_DBMOVED', /cannot be written/],
  ['ENOSPC', /the disk is full/],
])('%s is told as what it is, with a remedy', (code, message) => {
  const shaped = storeError('/x/store.db', Object.assign(new Error('raw words'), { code }));
  expect(shaped).toMatchObject({ code: 'store_unavailable', message, hint: expect.stringMatching(/\.$/) });
});
