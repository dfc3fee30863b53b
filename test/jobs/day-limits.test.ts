// The limits for a day, and what becomes of a vendor's own limits.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { cancelJob } from '../../src/jobs/cancel.js';
import { describeProviders } from '../../src/jobs/providers.js';
import { removeOld } from '../../src/jobs/retention.js';
import { viewJob } from '../../src/jobs/view.js';
import { listJobs } from '../../src/store/list.js';
import { dayOf, usedOn } from '../../src/store/usage.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';

const using = (usage: object) => `echo '${JSON.stringify({ usage })}'; ${answering('x')}`;

async function homeWith(config: string): Promise<string> {
  const home = join(await tempFolder(), 'home');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'config.toml'), config);
  return home;
}

test('jobs beyond the limit are refused in one line, canceled ones included, and the day ends at midnight', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_JOBS_PER_DAY: '2' } });
  const first = await server.submit('sleep 60');
  await cancelJob(server.engine, first.id);
  const job = await server.submit(answering('x'), { dedupeKey: 'same' });
  await expect(server.submit(answering('y'))).rejects.toMatchObject({
    code: 'day_limit',
    line: 'day_limit: 2 jobs were accepted today, and maxJobsPerDay is 2. The day ends at midnight. Nothing was started.',
  });
  expect(listJobs(server.engine.store, { filter: 'any', project: null, limit: 9 })).toHaveLength(2);
  await server.ended(job);
  const tomorrow = new Date().setHours(24, 0, 0, 0);
  vi.spyOn(Date, 'now').mockReturnValue(tomorrow);
  const next = await server.submit(answering('z')).finally(() => vi.restoreAllMocks());
  await server.ended(next);
});

test('a request that joins a job needs no room in the day', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_JOBS_PER_DAY: '1' } });
  const job = await server.submit('sleep 60', { dedupeKey: 'same' });
  expect((await server.submit('sleep 60', { dedupeKey: 'same' })).id).toBe(job.id);
});

test.each([
  [
    'maxTokensPerDay = 40',
    { inputTokens: 30, outputTokens: 11 },
    '41 tokens were used today, and maxTokensPerDay is 40.',
  ],
  ['maxCostPerDay = 0.25', { costUsd: 0.3 }, '$0.30 was used today, and maxCostPerDay is $0.25.'],
  [
    '[providers.shell]\nmaxTokensPerDay = 40',
    { inputTokens: 40 },
    '40 tokens were used on shell today, and providers.shell.maxTokensPerDay is 40. Use another provider;',
  ],
  [
    '[providers.shell]\nmaxJobsPerDay = 1',
    {},
    '1 job was accepted on shell today, and providers.shell.maxJobsPerDay is 1. Use another provider;',
  ],
])('%s refuses what comes once it is used up', async (config, usage, words) => {
  const server = await testEngine({ home: await homeWith(config) });
  await server.ended(await server.submit(using(usage)));
  const refused = await server.submit(answering('y')).catch((error) => error);
  expect(refused.line).toContain(`day_limit: ${words}`);
  expect(refused.line).toMatch(/at midnight\. Nothing was started\.$/);
});

test.each([
  ['below it', 'maxTokensPerDay = 40', { inputTokens: 30, outputTokens: 9 }],
  [
    'on another provider',
    '[providers.other]\ncommand = "/bin/cat"\nmaxTokensPerDay = 1\nmaxJobsPerDay = 1',
    { inputTokens: 30 },
  ],
  ['with a cost that nobody has told', 'maxCostPerDay = 0.01', { inputTokens: 1_000_000, outputTokens: 1_000_000 }],
])('%s, jobs are accepted', async (_name, config, usage) => {
  const server = await testEngine({ home: await homeWith(config) });
  await server.ended(await server.submit(using(usage)));
  await server.ended(await server.submit(using({})));
});

test('servers that race accept exactly as many as there may be', async () => {
  const env = { SIDEJOB_MAX_JOBS_PER_DAY: '5' };
  const first = await testEngine({ env });
  const servers = [first, await testEngine({ env, home: first.home }), await testEngine({ env, home: first.home })];
  const results = await Promise.allSettled(
    servers.flatMap((server) => [1, 2, 3, 4].map(() => server.submit('exit 0'))),
  );
  const accepted = results.filter(({ status }) => status === 'fulfilled');
  expect(accepted).toHaveLength(5);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'day_limit' });
    else await first.ended(result.value);
  }
});

test('sums and the count of accepted jobs outlive the jobs', async () => {
  const env = { SIDEJOB_KEEP_DAYS: '1', SIDEJOB_KEEP_UNREAD_DAYS: '1', SIDEJOB_MAX_JOBS_PER_DAY: '2' };
  const server = await testEngine({ env });
  const { store } = server.engine;
  for (let round = 0; round < 2; round += 1) {
    await server.ended(await server.submit(using({ inputTokens: 10, outputTokens: 2, costUsd: 0.05 })));
  }
  expect(await removeOld(server.engine, Date.now() + 2 * 86_400_000)).toMatchObject({ jobs: 2 });
  expect(listJobs(store, { filter: 'any', project: null, limit: 9 })).toEqual([]);
  expect(usedOn(store, dayOf(Date.now()))).toMatchObject({ jobs: 2, inputTokens: 20, outputTokens: 4, costUsd: 0.1 });
  await expect(server.submit('exit 0')).rejects.toMatchObject({ code: 'day_limit' });
  const [view] = await describeProviders(server.engine, [shell]);
  expect(view?.today).toEqual({ jobs: 2, inputTokens: 20, outputTokens: 4, costUsd: 0.1 });
});

test("a vendor's limit is kept with the job that met it, and told until it is over", async () => {
  const server = await testEngine();
  const resetsAt = Date.now() + 90 * 60_000;
  const job = await server.ended(await server.submit(`echo '{"limit":${resetsAt}.4}'; echo '{"error":"slow down"}'`));
  expect(job).toMatchObject({ reason: 'rate_limited', resetsAt: resetsAt + 1 });
  expect(await viewJob(server.engine, job)).toMatchObject({
    resetsAt: new Date(resetsAt + 1).toISOString(),
    hint: expect.stringMatching(/^Wait until ([\d-]+ )?\d\d:\d\d, or use another provider\.$/),
  });
  const [view] = await describeProviders(server.engine, [shell]);
  expect(view).toMatchObject({ limitedUntil: new Date(resetsAt + 1).toISOString(), today: { jobs: 1 } });
  // Another login is another account, and what is over is over.
  const other = await testEngine({ home: server.home, env: { SHELL_LOGIN: 'another' } });
  expect((await describeProviders(other.engine, [shell]))[0]).not.toHaveProperty('limitedUntil');
  vi.spyOn(Date, 'now').mockReturnValue(resetsAt + 2);
  expect((await viewJob(server.engine, job)).hint).toBe('That limit is over by now; submit it again if wanted.');
  expect((await describeProviders(server.engine, [shell]))[0]).not.toHaveProperty('limitedUntil');
  vi.restoreAllMocks();
});

test.each([1e300, -5, 0])('a time that cannot be (%s) is none', async (limit) => {
  const server = await testEngine();
  const job = await server.ended(await server.submit(`echo '{"limit":${limit}}'; echo '{"error":"slow down"}'`));
  expect(job).toMatchObject({ reason: 'rate_limited', resetsAt: null });
});
