// What jobs have used, limits for a day, and limits of a vendor: as a client and a person see them.
import { execFile } from 'node:child_process';
import { expect } from 'vitest';
import { dayOf } from '../../src/store/usage.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

function usage(sandbox: Sandbox, ...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: sandbox.env, cwd: sandbox.project };
    const child = execFile(process.execPath, [SERVER, 'usage', ...args], options, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

test('sidejob usage sums up what was reported, and shows nothing that was not', async ({ sandbox }) => {
  expect(await usage(sandbox)).toEqual({ status: 0, stdout: 'Nothing was used in the last 30 days.\n', stderr: '' });
  const assistant = await sandbox.assistant();
  const jobs = [
    await assistant.submit(asks({ say: 'one' }), { label: 'review' }),
    await assistant.submit(asks({ say: 'two' }), { label: 'review', model: 'opus' }),
    await assistant.submit(asks({ say: 'three' }), { provider: 'codex' }),
    await assistant.submit(asks({ exit: 1 }), { provider: 'codex' }),
  ];
  await assistant.call('llm_job_wait', { jobIds: jobs, waitSec: 30 });

  expect((await usage(sandbox)).stdout).toBe(
    [
      'PROVIDER  JOBS  IN  CACHED  OUT  REASONING      COST',
      `claude       2  22       0   14          –  $0.00028  ${'█'.repeat(24)}`,
      `codex        2  11       0    7          0         –  ${'█'.repeat(12)}`,
      'total        4  33       0   21          0  $0.00028',
      '',
      'DAY         JOBS  TOKENS',
      `${dayOf(Date.now())}     4      54  ${'█'.repeat(24)}`,
      '',
    ].join('\n'),
  );
  expect((await usage(sandbox, '--by', 'label')).stdout).toMatch(/^\(no label\) +2 .*\nreview +2 /m);
  expect((await usage(sandbox, '--by', 'model', '--days', '1')).stdout).toMatch(/^opus +1 /m);
  const { by, sums, total } = JSON.parse((await usage(sandbox, '--by', 'day', '--json')).stdout);
  expect({ by, sums, total }).toMatchObject({
    by: 'day',
    sums: [{ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), jobs: 4, inputTokens: 33, outputTokens: 21 }],
    total: { jobs: 4, reasoningTokens: 0 },
  });

  const { text, data } = await assistant.call('llm_providers', { provider: 'claude' });
  expect(text).toMatch(/^claude ready, .*, 2 jobs, 36 tokens, \$0\.00028 today$/m);
  const today = { jobs: 2, inputTokens: 22, outputTokens: 14, costUsd: 0.000276 };
  expect(data).toMatchObject({ providers: [{ name: 'claude', today }] });
});

test.for([
  [['--by', 'week'], 'sidejob: bad_argument: --by week: there are provider, model, day, label.\n'],
  [['--days', '0'], 'sidejob: bad_argument: --days 0 is not a whole number from 1 to 36500.\n'],
  [['--since', '1'], expect.stringMatching(/^sidejob usage: no option "--since"/)],
  [['claude'], expect.stringMatching(/^sidejob usage: Unexpected argument 'claude'/)],
] as const)('usage %j is called wrongly', async ([args, stderr], { sandbox }) => {
  expect(await usage(sandbox, ...args)).toEqual({ status: 2, stdout: '', stderr });
});

test('two servers that race accept as many jobs as the day allows, and the rest hears why', async ({ sandbox }) => {
  const env = { SIDEJOB_MAX_JOBS_PER_DAY: '3' };
  const servers = [await sandbox.assistant({ env }), await sandbox.assistant({ env })];
  const replies = await Promise.all(
    servers.flatMap((server, side) =>
      [1, 2, 3, 4].map((n) => server.call('llm_job_submit', { prompt: `${side} ${n}`, provider: 'codex' })),
    ),
  );
  expect(replies.filter(({ isError }) => !isError)).toHaveLength(3);
  const refused = replies.filter(({ isError }) => isError).map(({ text }) => text);
  const line =
    'day_limit: 3 jobs were accepted today, and maxJobsPerDay is 3. The day ends at midnight. Nothing was started.';
  expect(refused).toEqual(Array(5).fill(line));
  const jobIds = replies.flatMap(({ data }) => (typeof data?.jobId === 'string' ? [data.jobId] : []));
  await servers[0]?.call('llm_job_wait', { jobIds, waitSec: 30 });
});

test("a vendor's limit is shown until it is over, and the default is another CLI meanwhile", async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const { defaultProvider: first } = await assistant.data('llm_providers');
  expect(first).toBe('claude');
  await sandbox.uninstall('claude');
  expect(await assistant.data('llm_providers')).toMatchObject({ defaultProvider: 'codex' });
  const message = 'Rate limit reached for gpt-5. Please try again in 1h30m. Visit https://platform.openai.com';
  const jobId = await assistant.submit(asks({ fail: { exit: 1, message } }), { provider: 'codex' });
  const ended = await assistant.ended(jobId);
  expect(ended).toMatchObject({
    ...{ status: 'failed', reason: 'rate_limited', resetsAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    hint: expect.stringMatching(/^Wait until ([\d-]+ )?\d\d:\d\d, or use another provider\.$/),
  });

  const { text, data } = await assistant.call('llm_providers');
  expect(text).toMatch(/^codex ready, .*, 1 job today, limited until ([\d-]+ )?\d\d:\d\d$/m);
  expect(data).toMatchObject({ defaultProvider: 'gemini' });
  const { providers } = data as { providers: { name: string; limitedUntil?: string }[] };
  expect(providers.find(({ name }) => name === 'codex')?.limitedUntil).toBe(ended.resetsAt);
  expect(Date.parse(String(ended.resetsAt)) - Date.now()).toBeGreaterThan(80 * 60_000);

  const refused = await assistant.call('llm_job_submit', { prompt: 'now?', provider: 'codex' });
  expect(refused.text).toMatch(
    /^rate_limited: codex until ([\d-]+ )?\d\d:\d\d\. Wait .* Ready now: gemini\. Nothing was started\.$/,
  );
  // Insisted on it is asked all the same, and what it answers then shows that the limit is gone.
  await assistant.ended(await assistant.submit(asks({ say: 'here' }), { provider: 'codex', fresh: true }));
  expect(await assistant.data('llm_providers')).toMatchObject({ defaultProvider: 'codex' });
});
