// A chain of CLIs: the first that can answer does, one job, one id; and jobs that sleep until a limit is over.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const result = (status: number, words: string) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: true, api_error_status: status, result: words });
/** The real claude's words on a limit of the account, with the time at which it is over. */
const rejected = (at: number) =>
  JSON.stringify({ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: Math.ceil(at / 1000) } });
const LIMITED = result(429, 'API Error: Request rejected (429)');
const claudeFails = (raw: string) => ({ failOf: { cli: 'claude', raw, exit: 1 } });

const output = (sandbox: Sandbox, jobId: string, name: string) =>
  readFile(join(sandbox.home, 'jobs', jobId, name), 'utf8');

test.for([
  ['rate_limited', LIMITED],
  ['auth_required', result(401, 'Invalid API key · Please run /login')],
  ['quota_exhausted', result(400, 'Credit balance is too low')],
])('%s: the next one answers, under the same id', async ([reason = '', raw = ''], { sandbox }) => {
  const assistant = await sandbox.assistant();
  const prompt = asks(claudeFails(raw), { say: 'from the second' });
  const { text } = await assistant.call('llm_run', { prompt, provider: 'claude:opus > codex > gemini', waitSec: 30 });
  expect(text).toMatch(
    new RegExp(`^chain-\\w{8} completed, [\\d.]+ s, claude: ${reason}; answered by codex\nfrom the second$`),
  );
  const jobId = text.split(' ')[0] ?? '';
  expect(await assistant.job(jobId)).toMatchObject({ provider: 'codex', passedOver: [`claude: ${reason}`] });
  // What the first said stays readable.
  expect(await output(sandbox, jobId, 'stdout')).toContain(JSON.parse(raw).result);
  const events = (await readFile(join(sandbox.home, 'audit.log'), 'utf8').catch(() => '')).split('\n');
  expect(events.filter((line) => line.includes('"ended"')).length).toBeLessThanOrEqual(1);
});

test('one that is not installed is passed over; with nobody else, the error is its own', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  await sandbox.uninstall('claude');
  const { text } = await assistant.call('llm_run', { prompt: asks({ say: 'hi' }), provider: 'claude > codex' });
  expect(text).toMatch(/^chain-\w{8} completed, [\d.]+ s, claude: not_installed; answered by codex\nhi$/);
  await sandbox.uninstall('gemini');
  const none = await assistant.call('llm_run', { prompt: 'x', provider: 'claude > gemini' });
  expect(none.text).toMatch(/^not_installed: claude/);
});

test.for([
  ['a tool', { tool: 'true' }],
  ['a word of an answer', { say: 'half' }],
] as const)('after %s nobody else is asked', async ([, step], { sandbox }) => {
  const assistant = await sandbox.assistant();
  const prompt = asks(step, claudeFails(LIMITED), { say: 'never' });
  const jobId = await assistant.submit(prompt, { provider: 'claude > gemini' });
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'failed', reason: 'rate_limited', provider: 'claude' });
});

test.for(['API Error: 500 overloaded', 'There’s an issue with the selected model. model not found'])(
  'what another cannot heal stays as it is: %s',
  async (words, { sandbox }) => {
    const assistant = await sandbox.assistant();
    const status = words.includes('500') ? 500 : 404;
    const prompt = asks(claudeFails(result(status, words)), { say: 'never' });
    const jobId = await assistant.submit(prompt, { provider: 'claude > codex' });
    expect(await assistant.ended(jobId)).toMatchObject({ status: 'failed', provider: 'claude' });
  },
);

test('a limit that is known is not run into: by one it is refused, by a chain passed over, by a sleeper slept through', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant();
  const prompt = asks(claudeFails(`${rejected(Date.now() + 3_600_000)}\n${LIMITED}`), { say: 'codex here' });
  await assistant.ended(await assistant.submit(prompt, { provider: 'claude > codex' }));

  const one = await assistant.call('llm_run', { prompt: 'again', provider: 'claude' });
  expect(one.text).toMatch(/^rate_limited: claude until .*Nothing was started\.$/);
  const chain = await assistant.call('llm_run', { prompt: asks({ say: 'ok' }), provider: 'claude > codex' });
  expect(chain.text).toMatch(/claude: rate_limited until [\d: -]+; answered by codex\nok$/);
  const sleeper = await assistant.submit(asks({ say: 'x' }), { provider: 'claude', waitForQuota: true });
  expect(await assistant.job(sleeper)).toMatchObject({
    ...{ status: 'queued', activity: expect.stringMatching(/^waiting for claude's limit until /) },
  });
  expect((await assistant.call('llm_job_cancel', { jobId: sleeper })).text).toContain('canceled');
  expect(await assistant.job(sleeper)).toMatchObject({ status: 'canceled' });
});

test('a job sleeps through its limit while no server lives, and runs once more and no oftener', async ({ sandbox }) => {
  const first = await sandbox.assistant();
  const over = Date.now() + 4000;
  const gate = sandbox.gate();
  // The first run meets the limit, the second finds the gate's sign and answers.
  const prompt = asks(
    { failOf: { cli: 'claude', raw: `${rejected(over)}\n${LIMITED}`, exit: 1, unless: gate } },
    { say: 'woke' },
  );
  const jobId = await first.submit(prompt, { provider: 'claude', waitForQuota: true });
  await until('it sleeps', async () => String((await first.job(jobId)).activity).startsWith('waiting for claude'));
  await first.close();
  await sandbox.open(gate);

  const next = await sandbox.assistant();
  expect(await next.job(jobId)).toMatchObject({ status: 'queued' });
  expect(await next.ended(jobId)).toMatchObject({ status: 'completed', provider: 'claude' });
  expect(Date.now()).toBeGreaterThanOrEqual(over);
  for (const name of ['stdout', 'stdout.run2']) {
    expect((await output(sandbox, jobId, name)).split('"subtype":"init"')).toHaveLength(2);
  }
});

test('a member that is not allowed is no way around it', async ({ sandbox }) => {
  const allowed = await sandbox.assistant({ env: { SIDEJOB_ALLOWED_PROVIDERS: 'claude' } });
  const { text } = await allowed.call('llm_run', { prompt: 'x', provider: 'claude > codex' });
  expect(text).toMatch(/^not_allowed: provider "codex"/);
});
