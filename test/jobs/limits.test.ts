// Limits, stubborn processes, and what is left behind.
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { SidejobError } from '../../src/errors.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { processInfo } from '../../src/process/table.js';
import { findJob } from '../../src/store/jobs.js';
import type { JobRecord } from '../../src/store/record.js';
import { answering, type TestEngine, testEngine } from '../support/engine.js';
import { until } from '../support/until.js';

/** The pids that a script has printed, one a line, once there are `count`. */
async function printedPids({ engine }: TestEngine, job: JobRecord, count: number): Promise<number[]> {
  const { stdout } = jobFiles(engine.paths, job.id);
  return until(`${count} pids`, async () => {
    const pids = (await readFile(stdout, 'utf8')).split('\n').filter(Boolean).map(Number);
    return pids.length >= count && pids;
  });
}

async function isGone(pid: number): Promise<boolean> {
  const info = await processInfo(pid);
  return info === undefined || info.zombie;
}

const IGNORES_TERM = `trap '' TERM; echo $$; while :; do sleep 0.1; done`;

test.each([
  ['a CLI that ignores TERM', IGNORES_TERM, 1, 'SIGKILL'],
  [
    'a grandchild that ignores TERM',
    `sh -c "trap '' TERM; echo \\$\\$; while :; do sleep 0.1; done" & echo $$; wait`,
    2,
    'SIGKILL',
  ],
  ['a child that left with setsid', `setsid sh -c 'echo $$; exec sleep 60' & echo $$; wait`, 2, 'SIGTERM'],
  [
    'a child that left with setsid and was orphaned',
    `(setsid sh -c 'echo $$; exec sleep 60' &) ; echo $$; exec sleep 60`,
    2,
    'SIGTERM',
  ],
  ['a stopped process', `echo $$; kill -STOP $$`, 1, 'SIGTERM'],
  [
    'what is begun when TERM has come',
    `trap 'sleep 60 & exit' TERM; echo $$; while :; do sleep 0.05; done`,
    1,
    'SIGTERM',
  ],
  [
    'what becomes another program then',
    `trap 'exec sleep 60' TERM; echo $$; while :; do sleep 0.05; done`,
    1,
    'SIGTERM',
  ],
])('cancel ends %s', async (_name, script, count, signal) => {
  const server = await testEngine();
  const job = await server.submit(script);
  const pids = await printedPids(server, job, count);
  const begun = performance.now();
  const { job: after } = await cancelJob(server.engine, job.id);
  expect(performance.now() - begun).toBeLessThan(2000);
  expect(after).toMatchObject({ status: 'canceled', signalSent: signal });
  for (const pid of pids) expect(await isGone(pid), String(pid)).toBe(true);
});

test('a job ends when its CLI does; what it left in its group is ended after a grace', async () => {
  const server = await testEngine();
  const job = await server.submit(`sh -c 'echo $$; exec sleep 60' & ${answering('x')}`);
  expect(await server.ended(job)).toMatchObject({ status: 'completed' });
  const { stdout } = jobFiles(server.engine.paths, job.id);
  const pid = await until('pid', async () => Number(/^\d+$/m.exec(await readFile(stdout, 'utf8'))?.[0]) || undefined);
  await until('the leftover is gone', () => isGone(pid));
});

test('the total time limit ends the whole tree', async () => {
  const server = await testEngine();
  const job = await server.submit(`setsid sh -c 'echo $$; exec sleep 60' & echo $$; wait`, { timeoutSec: 1 });
  const pids = await printedPids(server, job, 2);
  expect(await server.ended(job)).toMatchObject({ status: 'failed', reason: 'timeout', cause: 'timeout' });
  for (const pid of pids) expect(await isGone(pid)).toBe(true);
});

test('the idle time limit says how long the job was silent, and any byte resets it', async () => {
  const server = await testEngine();
  const job = await server.submit(`for i in 1 2 3; do echo; sleep 0.7; done; sleep 60`, { idleTimeoutSec: 1 });
  const after = await server.ended(job);
  expect(after).toMatchObject({ status: 'failed', reason: 'idle_timeout' });
  expect(after.error).toMatch(/Ended after \d s without output/);
  expect((after.finishedAt ?? 0) - (after.startedAt ?? 0)).toBeGreaterThan(2400);
});

test('a job over its output limit is ended and keeps what it wrote', async () => {
  const server = await testEngine({ env: { SIDEJOB_OUTPUT_LIMIT_MB: '1' } });
  const job = await server.submit('while :; do head -c 100000 /dev/zero; sleep 0.02; done');
  const after = await server.ended(job);
  expect(after).toMatchObject({ status: 'failed', reason: 'output_limit' });
  expect(after.stdoutBytes).toBeGreaterThan(1024 * 1024);
});

test('places are given by priority, then by age, and never more than there are', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const blocker = await server.submit('sleep 60');
  const older = await server.submit(answering('older'));
  const newer = await server.submit(answering('newer'));
  const urgent = await server.submit(answering('urgent'), { kind: 'deferred' });
  expect([older, newer, urgent].map((job) => job.status)).toEqual(['queued', 'queued', 'queued']);
  await cancelJob(server.engine, blocker.id);
  const [first, second, third] = await Promise.all([urgent, older, newer].map((job) => server.ended(job)));
  expect(first?.finishedAt).toBeLessThanOrEqual(second?.startedAt ?? 0);
  expect(second?.finishedAt).toBeLessThanOrEqual(third?.startedAt ?? 0);
});

test('limits hold over two servers on one store, and a freed place wakes the other', async () => {
  const env = { SIDEJOB_MAX_RUNNING: '2', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '2' };
  const first = await testEngine({ env });
  const second = await testEngine({ env, home: first.home });
  const blockers = [await first.submit('sleep 60'), await first.submit('sleep 60')];
  const waiting = await second.submit(answering('x'));
  expect(waiting.status).toBe('queued');
  await cancelJob(first.engine, blockers[0]?.id ?? '');
  expect(await second.ended(waiting, 2000)).toMatchObject({ status: 'completed' });
});

test('a queue that is full refuses, and nothing is recorded', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1', SIDEJOB_MAX_QUEUED: '1' } });
  await server.submit('sleep 60');
  await server.submit(answering('x'));
  await expect(server.submit(answering('y'))).rejects.toMatchObject({ code: 'queue_full' });
});

test('a disk that is full while several jobs are being started keeps them queued, and nothing is thrown away', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const { store, config, schedule } = server.engine;
  await server.submit('sleep 60');
  const waiting = [await server.submit(answering('x')), await server.submit(answering('y'))];
  const write = store.write.bind(store);
  let full = false;
  const spy = vi.spyOn(store, 'write').mockImplementation(async <T>(action: () => T) => {
    if (full) throw new SidejobError('store_unavailable', 'The disk is full.');
    const result = await write(action);
    // The first has its place, and its launcher is not recorded.
    if (result && typeof result === 'object' && 'attempt' in result) full = true;
    return result;
  });
  Object.assign(config.settings, { maxRunning: 3 });
  void schedule();
  await until('the first is held back', () => findJob(store, waiting[0]?.id ?? '')?.placed === 1 && full);
  await until('its launcher was given up', async () => {
    return !server.engine.starting.has(waiting[0]?.id ?? '');
  });
  spy.mockRestore();
  for (const job of waiting) expect(await server.ended(job)).toMatchObject({ status: 'completed' });
});

test('a job that was put back into the queue is looked after as what it is when it runs', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const { supervision, store } = server.engine;
  const blocker = await server.submit('sleep 60');
  const waiting = await server.submit(`sleep 0.3; ${answering('x')}`);
  // An earlier start of it, by a server that died before it let go.
  await store.write(() => store.run('UPDATE job SET attempt = 1 WHERE id = $id', { id: waiting.id }));
  supervision.watch({ ...waiting, attempt: 1 });
  expect(supervision.adopted).toBe(1);
  await cancelJob(server.engine, blocker.id);
  await until('it is a child of this server', () => supervision.holds(waiting.id));
  expect(supervision.adopted).toBe(0);
  expect(await server.ended(waiting)).toMatchObject({ status: 'completed', attempt: 2 });
});
