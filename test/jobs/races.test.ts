// Two things at once: whoever is first wins, and both say the same.
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { processInfo } from '../../src/process/table.js';
import { activeJobs, findJob } from '../../src/store/jobs.js';
import { answering, testEngine } from '../support/engine.js';
import { until } from '../support/until.js';

test('cancel against finish: either it was canceled, or it ended by itself; never half of each', async () => {
  const { engine, submit, ended } = await testEngine();
  const seen = new Set<string>();
  for (let round = 0; round < 30; round += 1) {
    const job = await submit(`sleep 0.0${round % 10}; ${answering('x')}`);
    const { job: told, changed } = await cancelJob(engine, job.id);
    const after = await ended(job);
    expect(after.status).toBe(told.status);
    seen.add(after.status);
    if (after.status === 'canceled') expect(after).toMatchObject({ cause: 'cancel', reason: null });
    else
      expect({ after, changed }).toMatchObject({
        after: { status: 'completed', exitCode: 0, error: null },
        changed: false,
      });
    expect(findJob(engine.store, job.id)).toEqual(after);
  }
  expect(seen).toContain('canceled');
});

test('two servers that cancel one job agree, and one of them has done it', async () => {
  const first = await testEngine();
  const second = await testEngine({ home: first.home });
  const job = await first.submit(`trap '' TERM; while :; do sleep 0.05; done`);
  await until('it runs', () => findJob(second.engine.store, job.id)?.status === 'running');
  const [one, two] = await Promise.all([cancelJob(first.engine, job.id), cancelJob(second.engine, job.id)]);
  expect([one.job.status, two.job.status]).toEqual(['canceled', 'canceled']);
  expect(one.job.finishedAt).toBe(two.job.finishedAt);
});

test('one dedupeKey, many servers, one job', async () => {
  const first = await testEngine();
  const others = await Promise.all([1, 2, 3].map(() => testEngine({ home: first.home })));
  const jobs = await Promise.all(
    [first, ...others].flatMap((server) => [1, 2].map(() => server.submit('sleep 5', { dedupeKey: 'only' }))),
  );
  expect(new Set(jobs.map((job) => job.id)).size).toBe(1);
  expect(activeJobs(first.engine.store)).toHaveLength(1);
});

test('many servers start no more jobs than there are places, and every job once', async () => {
  const env = { SIDEJOB_MAX_RUNNING: '3', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '3' };
  const first = await testEngine({ env });
  const servers = [first, ...(await Promise.all([1, 2].map(() => testEngine({ env, home: first.home }))))];
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, activeJobs(first.engine.store).filter((job) => job.placed).length);
  }, 5);
  onTestFinished(() => clearInterval(watch));
  const jobs = await Promise.all(
    servers.flatMap((server) =>
      Array.from({ length: 8 }, async () => ({ server, job: await server.submit(`echo run; ${answering('x')}`) })),
    ),
  );
  for (const { server, job } of jobs) {
    expect(await server.ended(job)).toMatchObject({ status: 'completed' });
    const stdout = await readFile(jobFiles(first.engine.paths, job.id).stdout, 'utf8');
    expect(stdout.match(/^run$/gm)).toHaveLength(1);
  }
  expect(most).toBeLessThanOrEqual(3);
});

test('a fork storm stops when it is told', async () => {
  const { engine, submit } = await testEngine();
  // Each process keeps two children, three deep, and starts new ones for those that end.
  const storm = `storm() { [ $1 = 0 ] && exec sleep 0.2; while :; do storm $(($1 - 1)) & storm $(($1 - 1)) & wait; done; }; echo $$; storm 3`;
  const job = await submit(storm);
  const { stdout } = jobFiles(engine.paths, job.id);
  const pid = Number(await until('the storm', async () => (await readFile(stdout, 'utf8')).trim() || false));
  const begun = performance.now();
  expect(await cancelJob(engine, job.id)).toMatchObject({ job: { status: 'canceled' } });
  expect(performance.now() - begun).toBeLessThan(3000);
  const left = await processInfo(pid);
  expect(left === undefined || left.zombie).toBe(true);
});

test('a wall clock that jumps a day forwards or backwards ends no job', async () => {
  const { engine, submit } = await testEngine();
  const job = await submit('while :; do echo; sleep 0.1; done', { timeoutSec: 600, idleTimeoutSec: 60 });
  const now = Date.now;
  for (const days of [1, -1]) {
    vi.spyOn(Date, 'now').mockImplementation(() => now() + days * 86_400_000);
    const checks = vi.spyOn(engine.store, 'get');
    await until('a few checks', () => checks.mock.calls.length > 6, 10_000);
    checks.mockRestore();
    vi.restoreAllMocks();
    expect(findJob(engine.store, job.id)).toMatchObject({ status: 'running', cause: null });
  }
});
