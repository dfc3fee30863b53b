// A chain of CLIs: the first that can answer does, one job, one id; and jobs that sleep until a limit is over.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
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

test('one without a sign of a login, and one whose day is over, are passed over', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  await writeFile(join(sandbox.home, 'config.toml'), '[providers.claude]\nmaxJobsPerDay = 1\n');
  const assistant = await sandbox.assistant({ env: { GEMINI_API_KEY: '' } });
  const ask = async (say: string) =>
    (await assistant.call('llm_run', { prompt: asks({ say }), provider: 'gemini > claude > codex' })).text;
  expect(await ask('one')).toMatch(/, gemini: not_logged_in; answered by claude\none$/);
  expect(await ask('two')).toMatch(/, gemini: not_logged_in; claude: day_limit; answered by codex\ntwo$/);
  const { text } = await assistant.call('llm_run', { prompt: 'x', provider: 'claude' });
  expect(text).toMatch(/^day_limit: /);
});

test('who may answer, who could not, and who does stands in status, list and show', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const prompt = asks(claudeFails(LIMITED), { gate }, { say: 'hi' });
  const jobId = await assistant.submit(prompt, { provider: 'claude:opus > codex' });
  const chain = 'claude:opus > codex';
  expect(await assistant.job(jobId)).toMatchObject({ chain });
  await assistant.jobWhen(jobId, 'goes on', ({ provider, status }) => provider === 'codex' && status === 'running');
  const running = await assistant.call('llm_job_status', { jobId });
  expect(running.text).toMatch(/ running, [\d.]+ s, claude: rate_limited; then codex, /);
  await sandbox.open(gate);
  const past = { chain, provider: 'codex', passedOver: ['claude: rate_limited'] };
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed', ...past });
  const { jobs } = (await assistant.data('llm_job_list', { filter: 'any' })) as { jobs: object[] };
  expect(jobs).toMatchObject([{ jobId, ...past }]);
  expect(JSON.parse((await sidejob(sandbox, 'show', jobId, '--json')).stdout)).toMatchObject(past);
  expect((await sidejob(sandbox, 'show', jobId)).stdout).toMatch(/^chain +claude:opus > codex$/m);
  expect((await sidejob(sandbox, 'list', '--all')).stdout).toContain('claude: rate_limited; answered by codex');
  expect((await sidejob(sandbox, 'audit')).stdout).toMatch(/switched/);
});

test('one that answers first is named, too', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const { text } = await assistant.call('llm_run', { prompt: asks({ say: 'hi' }), provider: 'claude > codex' });
  expect(text).toMatch(/^chain-\w{8} completed, [\d.]+ s, answered by claude\nhi$/);
});

test('a chain stands in providers, and in a panel, beside single ones', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  await writeFile(join(sandbox.home, 'config.toml'), '[panels]\nduo = ["claude > codex", "gemini"]\n');
  const assistant = await sandbox.assistant();
  const prompt = asks(claudeFails(LIMITED), { say: 'hi' });
  for (const providers of [['claude > codex', 'gemini'], ['Duo'], ['duo', 'gemini']]) {
    const { text } = await assistant.call('llm_run', { prompt, providers });
    expect(text).toMatch(/^group-\w{8}: all 2 answered$/m);
    expect(text).toMatch(/^chain-\w{8} completed, [\d.]+ s, claude: rate_limited; answered by codex$/m);
    expect(text).toMatch(/^gemini-\w{8} completed, [\d.]+ s$/m);
  }
  const wrong = await assistant.call('llm_run', { prompt, provider: 'duo' });
  expect(wrong.text).toMatch(/^bad_argument: "duo" is a panel, and provider is one CLI\. Use providers:\["duo"\]\./);
  const both = await assistant.call('llm_run', { prompt: 'x', provider: 'claude, codex' });
  expect(both.text).toMatch(/^bad_argument: provider is one CLI\. Use providers:\["claude","codex"\]\./);
  expect(await assistant.data('llm_providers')).toMatchObject({ panels: { duo: ['claude > codex', 'gemini'] } });
  const slip = await assistant.call('llm_run', { prompt: 'x', providers: ['dou', 'gemini'], waitSec: 0 });
  expect(slip.text).toMatch(/unknown_provider: no provider "dou"\. Panel "duo"\? There are claude, .*; panels duo\./);
  // A panel that is asked about says who is in it.
  const panel = await assistant.data('llm_providers', { provider: 'Duo' });
  expect(panel.panels).toEqual({ duo: ['claude > codex', 'gemini'] });
  expect(panel.providers).toMatchObject([{ name: 'claude' }, { name: 'codex' }, { name: 'gemini' }]);
  expect((await assistant.call('llm_providers', { provider: 'duo' })).text).toContain(
    'Panel "duo" (for providers): claude > codex, gemini.',
  );
  expect((await assistant.call('llm_providers', { provider: 'dou' })).text).toContain('Panel "duo"?');
  expect((await sidejob(sandbox, 'providers')).stdout).toMatch(/^duo +claude > codex, gemini$/m);
  expect(JSON.parse((await sidejob(sandbox, 'config', '--json')).stdout).tables.panels).toEqual({
    duo: ['claude > codex', 'gemini'],
  });
});

test('a CLI of the configuration heals by its absence alone: of what it did, nothing is known', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  const own = `[providers.mine]
command = "node"
args = ["-e", "console.error('429 too many requests'); process.exit(1)"]
prompt = "stdin"
[providers.absent]
command = "nowhere"
`;
  await writeFile(join(sandbox.home, 'config.toml'), own);
  const assistant = await sandbox.assistant();
  const gone = await assistant.call('llm_run', { prompt: asks({ say: 'hi' }), provider: 'absent > codex' });
  expect(gone.text).toMatch(/, absent: not_installed; answered by codex\nhi$/);
  const failed = await assistant.submit(asks({ say: 'never' }), { provider: 'mine > codex' });
  expect(await assistant.ended(failed)).toMatchObject({ status: 'failed', provider: 'mine' });
});

/** Whether the CLI of a job has ever begun its run of that number. */
const ran = async (sandbox: Sandbox, jobId: string, run = 1) =>
  (await output(sandbox, jobId, run > 1 ? `stdout.run${run}` : 'stdout').catch(() => '')) !== '';

test('a sleeper is woken by a server with the same login alone', async ({ sandbox }) => {
  const mine = await sandbox.assistant();
  const over = Date.now() + 3000;
  const gate = sandbox.gate();
  const prompt = asks(
    { failOf: { cli: 'claude', raw: `${rejected(over)}\n${LIMITED}`, exit: 1, unless: gate } },
    { say: 'woke' },
  );
  const jobId = await mine.submit(prompt, { provider: 'claude', waitForQuota: true });
  await mine.jobWhen(jobId, 'sleeps', ({ activity }) => String(activity).startsWith('waiting for claude'));
  await sandbox.open(gate);
  await mine.kill();
  const other = await sandbox.assistant({ env: { ANTHROPIC_API_KEY: 'another' } });
  await other.jobWhen(jobId, 'waits for its own', ({ activity }) => String(activity).includes('its server is gone'));
  expect(Date.now()).toBeGreaterThanOrEqual(over);
  expect(await ran(sandbox, jobId, 2)).toBe(false);
  const same = await sandbox.assistant();
  expect(await same.ended(jobId)).toMatchObject({ status: 'completed' });
});

test('a chain goes on under the logins that it was asked with, and no others', async ({ sandbox }) => {
  const mine = await sandbox.assistant();
  const gate = sandbox.gate();
  const prompt = asks({ gate }, claudeFails(LIMITED), { say: 'from codex' });
  const jobId = await mine.submit(prompt, { provider: 'claude > codex' });
  await mine.jobWhen(jobId, 'runs', ({ status }) => status === 'running');
  await mine.kill();
  // It has the login of the one that runs, and looks after it; not that of the next one.
  const other = await sandbox.assistant({ env: { CODEX_API_KEY: 'another' } });
  expect(await other.job(jobId)).toMatchObject({ status: 'running' });
  await sandbox.open(gate);
  await other.jobWhen(jobId, 'is to go on', ({ provider }) => provider === 'codex');
  await other.jobWhen(jobId, 'waits for its own', ({ activity }) => String(activity).includes('its server is gone'));
  expect(await ran(sandbox, jobId, 2)).toBe(false);
  const same = await sandbox.assistant();
  expect(await same.ended(jobId)).toMatchObject({ status: 'completed', provider: 'codex' });
  for (const name of ['stdout', 'stdout.run2']) {
    expect((await output(sandbox, jobId, name)).split(/"subtype":"init"|thread\.started/)).toHaveLength(2);
  }
});
