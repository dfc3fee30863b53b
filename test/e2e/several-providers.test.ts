// One question to several CLIs: one job each, and one that is missing does not hold back the others.
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { POSING } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

test.concurrent('each of several providers answers under its own header', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const { text, isError } = await assistant.call('llm_run', {
    prompt: asks({ say: 'forty-two' }),
    providers: ['claude', 'codex', 'gemini', 'codex'],
  });

  expect(isError).toBe(false);
  expect(text.match(/^\w+(?=-\w{8} completed, [\d.]+ s\nforty-two$)/gm)).toEqual(['claude', 'codex', 'gemini']);
});

test.concurrent('a missing CLI is reported, and the others go on', async ({ sandbox }) => {
  await sandbox.uninstall('codex');
  const assistant = await sandbox.assistant();

  const run = await assistant.call('llm_run', { prompt: 'hello', providers: ['codex', 'claude', 'gemini'] });
  const submitted = await assistant.data('llm_job_submit', { prompt: 'hello again', providers: ['claude', 'codex'] });

  expect(run.isError).toBe(false);
  expect(run.text).toMatch(/^codex: not_installed: codex: "codex" was not found on PATH/);
  expect(run.text).toMatch(/^group-\w{8}: 2 of 3 answered; codex: not_installed$/m);
  expect(run.text).toContain('npm install -g @openai/codex. Ready now: claude, gemini, demo.');
  expect(run.text.match(/^\w+(?=-\w{8} completed)/gm)).toEqual(['claude', 'gemini']);
  expect(submitted).toMatchObject({
    jobs: [{ provider: 'claude', status: 'running' }],
    note: expect.stringMatching(/^codex: not_installed: /),
  });
  await assistant.ended(submitted.jobId as string);
});

test.concurrent('one of several that fails is no error of the call, and says so', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const failing = await assistant.submit(asks({ fail: { exit: 1, message: 'no more tokens' } }));
  const working = await assistant.submit(asks({ say: 'forty-two' }), { provider: 'codex' });

  const { text, isError } = await assistant.call('llm_job_wait', { jobIds: [failing, working] });

  expect(isError).toBe(false);
  expect(text).toMatch(new RegExp(`^${failing} failed \\(provider_error\\), [\\d.]+ s: no more tokens`, 'm'));
  expect(text).toMatch(new RegExp(`^${working} completed, [\\d.]+ s\nforty-two$`, 'm'));
});

test.concurrent('with none of the CLIs there, nothing is started', async ({ sandbox }) => {
  await sandbox.uninstall('codex');
  await sandbox.uninstall('gemini');
  const assistant = await sandbox.assistant();

  const { text, isError } = await assistant.call('llm_run', { prompt: 'hello', providers: ['codex', 'gemini'] });

  expect(isError).toBe(true);
  expect(text).toMatch(/^not_installed: codex: .* Nothing was started\.$/);
  expect(await assistant.data('llm_job_list', { filter: 'any' })).toEqual({ jobs: [] });
});

test.concurrent('without a name, a ready CLI of another vendor than the caller answers', async ({ sandbox }) => {
  for (const [client, provider] of [
    ['claude-code', 'codex'],
    ['codex-mcp-client', 'claude'],
    ['somebody', 'claude'],
  ] as const) {
    const assistant = await sandbox.assistant({ client });
    expect((await assistant.call('llm_run', { prompt: 'hello' })).text).toMatch(
      new RegExp(`^${provider}-\\w{8} completed`),
    );
    expect(await assistant.data('llm_providers')).toMatchObject({ defaultProvider: provider });
  }
});

test.concurrent('what is missing, and the remedy, is said without running anything', async ({ sandbox }) => {
  await sandbox.uninstall('codex');
  const assistant = await sandbox.assistant({ env: { GEMINI_API_KEY: '' } });

  const { providers } = (await assistant.data('llm_providers')) as { providers: { name: string }[] };

  expect(providers.filter(({ name }) => [...POSING, 'demo'].some((posing) => posing === name))).toMatchObject([
    {
      name: 'claude',
      status: 'ready',
      path: `${sandbox.bin}/claude`,
      foundOn: 'PATH',
      login: 'api key (ANTHROPIC_API_KEY)',
    },
    { name: 'codex', status: 'not_installed', remedy: 'npm install -g @openai/codex' },
    { name: 'gemini', status: 'not_logged_in', remedy: expect.stringContaining('gemini') },
    { name: 'demo', status: 'ready' },
  ]);
  // Of what is not there, no more than that and how to have it.
  expect(providers.find(({ name }) => name === 'qwen')).toEqual({
    name: 'qwen',
    title: 'Qwen Code',
    status: 'not_installed',
    remedy: 'npm install -g @qwen-code/qwen-code',
  });
});

test.concurrent('a group stands for its jobs: wait, status and cancel take its id, for another client, too', async ({
  sandbox,
}) => {
  const gate = sandbox.gate();
  const assistant = await sandbox.assistant();
  const other = await sandbox.assistant({ client: 'another' });
  const asked = { prompt: asks({ gate }, { say: 'forty-two' }), providers: ['claude', 'codex'] };

  const submitted = (await assistant.data('llm_job_submit', asked)) as { jobId: string; jobs: { jobId: string }[] };
  const again = (await assistant.data('llm_job_submit', asked)) as { jobId: string };
  const pending = await other.call('llm_job_wait', { jobId: submitted.jobId, waitSec: 0 });
  await other.call('llm_job_cancel', { jobId: submitted.jobs[1]?.jobId });
  await sandbox.open(gate);
  const { text } = await other.call('llm_job_wait', { jobId: submitted.jobId });

  expect(submitted.jobId).toMatch(/^group-\w{8}$/);
  expect(again.jobId).toBe(submitted.jobId);
  expect(pending.text).toMatch(/^group-\w{8}: 0 of 2 answered; 2 still going on$/m);
  expect(pending.text).toContain(`llm_job_wait{jobId:"${submitted.jobId}"}`);
  expect(text).toMatch(
    /^group-\w{8}: 1 of 2 answered; codex: canceled\n\nclaude-\w{8} completed, [\d.]+ s\nforty-two$/m,
  );
  expect(await other.data('llm_job_cancel', { jobId: submitted.jobId })).toMatchObject({
    jobs: [
      { status: 'completed', changed: false },
      { status: 'canceled', changed: false },
    ],
  });
});

test.concurrent('a silent answer is a failure, never an agreement', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const { text } = await assistant.call('llm_run', { prompt: asks({ say: '' }), providers: ['claude', 'codex'] });
  expect(text).toMatch(/^group-\w{8}: 0 of 2 answered; claude: empty_answer; codex: empty_answer$/m);
});
