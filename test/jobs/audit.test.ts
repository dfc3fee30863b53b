// The audit, as the outbox and the file see it; through the built server it is looked at in test/e2e/audit.test.ts.
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { Audit, auditDecision } from '../../src/jobs/audit.js';
import { appendAudit, auditFiles } from '../../src/jobs/audit-file.js';
import { decisionLine, jobLine } from '../../src/jobs/audit-lines.js';
import { comingLines, lastLines } from '../../src/jobs/audit-read.js';
import { hasAudit, nextAudit } from '../../src/store/audit.js';
import { findJob } from '../../src/store/jobs.js';
import { takePlace } from '../../src/store/queue.js';
import type { JobRecord, Outcome } from '../../src/store/record.js';
import type { Store } from '../../src/store/store.js';
import { cancelQueued, finishJob, recordLaunch, requeue } from '../../src/store/transitions.js';
import { answering, testEngine } from '../support/engine.js';
import { openStore, withJobs } from '../support/store.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const LIMITS = { maxRunning: 9, perProvider: () => 9, startGapMs: () => 0 };
const OUTCOME: Outcome = {
  ...{ status: 'failed', reason: 'exit_code', exitCode: 3, signal: null, error: 'secret', hint: null, resetsAt: null },
  ...{ usage: { inputTokens: 7, costUsd: 0.5 }, usageTotal: null, sessionId: null, model: 'm' },
  ...{ answerBytes: 1, stdoutBytes: 2, stderrBytes: 3, leftovers: 0 },
};

function silentLog() {
  const said: string[] = [];
  const say = (_details: object, message: string) => void said.push(message);
  return { said, log: { warn: say, error: say, debug: say } };
}

function launch(store: Store, id: string, now: number) {
  const place = takePlace(store, { id: 's', host: 'm/b/n' }, LIMITS, now) as { id: string; attempt: number };
  expect(place.id).toBe(id);
  recordLaunch(store, { ...place, owner: 's' }, { host: 'm/b/n', pid: 42, start: '1' }, now);
  return place;
}

const linesIn = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n');

test('every way through the states leaves its lines, and none that were taken back', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  await store.write(() => {
    launch(store, 'a', 1500);
    requeue(store, findJob(store, 'a') as JobRecord);
    launch(store, 'a', 2000);
    finishJob(store, 'a', ['running'], OUTCOME, 5000);
    // Ended is ended.
    finishJob(store, 'a', ['running'], OUTCOME, 6000);
    cancelQueued(store, 'b', 3000);
  });
  await expect(
    store.write(() => {
      cancelQueued(store, 'b', 4000);
      store.run("UPDATE job SET status = 'running' WHERE id = 'b'");
      throw new Error('taken back');
    }),
  ).rejects.toThrow();
  const lines = nextAudit(store, 99).map((row) => JSON.parse(jobLine(row)));
  expect(lines.map(({ seq, event, jobId }) => [seq, event, jobId])).toEqual([
    [1, 'accepted', 'a'],
    [2, 'accepted', 'b'],
    [3, 'started', 'a'],
    [4, 'started', 'a'],
    [5, 'ended', 'a'],
    [6, 'ended', 'b'],
  ]);
  expect(lines[3]).toMatchObject({ time: '1970-01-01T00:00:02.000Z', attempt: 2, pid: 42, waitedMs: 1999 });
  expect(lines[4]).toEqual({
    ...{ time: '1970-01-01T00:00:05.000Z', event: 'ended', jobId: 'a', provider: 'shell', model: 'm', seq: 5 },
    ...{ status: 'failed', reason: 'exit_code', exitCode: 3, ranMs: 3000, stdoutBytes: 2 },
    ...{ inputTokens: 7, costUsd: 0.5 },
  });
  expect(lines[5]).toMatchObject({ status: 'canceled', cause: 'cancel' });
});

test('lines stay under 4 KiB, on one line, and print as they are', () => {
  const long = '\u001b[2J\u202e\u009b\n"é'.repeat(2000);
  const decision = { tool: long, effect: 'deny', rule: long, reason: long, client: long, project: long } as const;
  const rest = { provider: Array(500).fill(long), model: long, access: long, cwd: long, jobIds: Array(500).fill(long) };
  const line = decisionLine({ ...decision, ...rest, approval: 'ok-1' }, 0);
  expect(Buffer.byteLength(line)).toBeLessThan(4096);
  expect(line).toMatch(/^[^\p{Cc}\p{Cf}]+\n$/u);
  expect(JSON.parse(line)).toMatchObject({ event: 'decision', effect: 'deny', approval: 'ok-1' });
});

test('a decision holds the fields that are known, and nothing else that was passed by mistake', () => {
  const decision = { tool: 't', effect: 'allow', prompt: 'secret', args: { prompt: 'secret' } } as const;
  expect(decisionLine(decision, 0)).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","event":"decision","tool":"t","effect":"allow"}\n',
  );
});

test('the outbox is emptied into the file, once, whoever flushes; numbers are never given again', async () => {
  const folder = await tempFolder();
  const audit = join(folder, 'audit.log');
  const stores = [await openStore(folder), await openStore(folder), await openStore(folder)] as const;
  const { log, said } = silentLog();
  const ids = Array.from({ length: 450 }, (_, n) => `j${n}`);
  await withJobs(stores[0], ...ids);
  const writers = stores.map((store) => new Audit(store, { audit }, log));
  await Promise.all(writers.map((writer) => writer.flush()));
  expect((await linesIn(audit)).map((line) => JSON.parse(line).seq)).toEqual(ids.map((_, n) => n + 1));
  expect((await stat(audit)).mode & 0o777).toBe(0o600);
  expect(hasAudit(stores[1])).toBe(false);
  await withJobs(stores[0], 'next');
  await until('the timer', () => !hasAudit(stores[1]), 3000);
  expect(JSON.parse((await linesIn(audit)).at(-1) ?? '')).toMatchObject({ seq: 451, jobId: 'next' });
  for (const writer of writers) writer.close();
  expect(said).toEqual([]);
});

test('closing writes what waits', async () => {
  const folder = await tempFolder();
  const audit = join(folder, 'audit.log');
  const store = await openStore(folder);
  const writer = new Audit(store, { audit }, silentLog().log);
  await withJobs(store, 'a');
  writer.close();
  expect(await linesIn(audit)).toHaveLength(1);
});

test('what cannot be written stays in the store, is said once, harms no job, and is written later', async () => {
  const folder = await tempFolder();
  const audit = join(folder, 'audit.log');
  const store = await openStore(folder);
  const { log, said } = silentLog();
  const writer = new Audit(store, { audit }, log);
  await symlink('/etc/passwd', audit);
  await withJobs(store, 'a');
  await writer.flush();
  await writer.flush();
  expect(said).toEqual([expect.stringMatching(/audit\.log cannot be written; its lines wait in the store$/)]);
  expect(writer.problem).toMatch(/ELOOP/);
  for (let n = 0; n < 3; n += 1) auditDecision({ audit }, log, { tool: 't', effect: 'deny' });
  expect(said).toHaveLength(2);
  await rm(audit);
  await mkdir(audit);
  await writer.flush();
  expect(nextAudit(store, 9)).toHaveLength(1);
  await rm(audit, { recursive: true });
  await writer.flush();
  expect(writer.problem).toBeUndefined();
  expect(await linesIn(audit)).toHaveLength(1);
  writer.close();
});

test('half a line that a killed writer has left does not spoil the next', async () => {
  const folder = await tempFolder();
  const audit = join(folder, 'audit.log');
  await writeFile(audit, '{"event":"accepted","jobId":"cut of');
  appendAudit(audit, '{"event":"ended"}\n', false);
  expect(await linesIn(audit)).toEqual(['{"event":"accepted","jobId":"cut of', '{"event":"ended"}']);
  expect(await lastLines(audit, 9, () => true)).toMatchObject([{ fields: { event: 'ended' } }]);
});

test('full files are put aside, the newest are kept, and nothing else is touched', async () => {
  const folder = await tempFolder();
  const audit = join(folder, 'audit.log');
  const strangers = ['audit.log.bak', 'audit.1.log', 'audit.000001-zzzz.log', 'xaudit.000001-abcd.log', 'store.db'];
  for (const stranger of strangers) await writeFile(join(folder, stranger), 'mine');
  const rotation = { maxBytes: 100, kept: 3 };
  for (let n = 0; n < 100; n += 1) appendAudit(audit, `{"n":${n}}\n`, false, rotation);
  const files = auditFiles(audit);
  expect(files.map((file) => basename(file).replace(/-.*/, ''))).toEqual([
    expect.stringMatching(/^audit\.0000\d\d$/),
    expect.stringMatching(/^audit\.0000\d\d$/),
    expect.stringMatching(/^audit\.0000\d\d$/),
    'audit.log',
  ]);
  const kept = (await Promise.all(files.map(linesIn))).flat().map((line) => JSON.parse(line).n);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 100 - kept.length + at));
  expect(kept.length).toBeGreaterThan(30);
  expect(await readdir(folder)).toEqual(expect.arrayContaining(strangers));
  expect((await lastLines(audit, 25, () => true)).map(({ fields }) => fields.n)).toEqual(kept.slice(-25));
  const even = await lastLines(audit, 999, ({ fields }) => (fields.n as number) % 2 === 0);
  expect(even.map(({ fields }) => fields.n)).toEqual(kept.filter((n) => n % 2 === 0));
});

test('a follower sees every line over rotations', async () => {
  const audit = join(await tempFolder(), 'audit.log');
  appendAudit(audit, '{"n":-1}\n', false);
  const coming = await comingLines(audit);
  for (let n = 0; n < 30; n += 1) {
    appendAudit(audit, `{"n":${n}}\n`, false, { maxBytes: 80, kept: 2 });
    expect((await coming.next()).value).toMatchObject({ fields: { n } });
  }
  await coming.return(undefined);
});

test('no free text of a job is in its lines', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await submit(`${answering('sec-ret')}; echo sec-ret >&2; echo '{"error":"sec-ret"}'; exit 3`, {
    label: 'sec-ret',
    dedupeKey: 'sec-ret',
  });
  await ended(job);
  await engine.audit.flush();
  const text = await readFile(engine.paths.audit, 'utf8');
  expect(text.split('\n')).toHaveLength(4);
  expect(text).not.toContain('sec-ret');
});

test('what is not committed yet is in no line: it may be taken back', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  const folder = await tempFolder();
  const paths = { audit: join(folder, 'audit.log') };
  const audit = new Audit(store, paths, silentLog().log);
  let tries = 0;
  const outcomes = await Promise.allSettled([
    store.write(() => {
      tries += 1;
      if (tries > 1) throw new Error('the disk is full');
      cancelQueued(store, 'a', 2000);
    }),
    audit.flush(),
    // The whole transaction goes, as when the disk is full.
    store.write(() => store.run('ROLLBACK')),
  ]);
  expect(outcomes[0]?.status).toBe('rejected');
  await audit.flush();
  const told = (await linesIn(paths.audit)).map((line) => JSON.parse(line));
  expect(told.map(({ seq, jobId, event }) => [seq, jobId, event])).toEqual([
    [1, 'a', 'accepted'],
    [2, 'b', 'accepted'],
  ]);
  audit.close();
});
