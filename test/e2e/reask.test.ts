// A client that gives up on a call makes its model ask again: the same request is joined to its job.
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { asks } from '../support/steps.js';

test.concurrent('the same request joins its job while that runs, and the reply says so', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const prompt = asks({ gate }, { say: 'forty-two' });
  const first = await assistant.submit(prompt);

  const again = await assistant.data('llm_job_submit', { prompt, provider: 'claude' });
  const asked = assistant.call('llm_run', { prompt, provider: 'claude' });
  await sandbox.open(gate);

  expect(again).toMatchObject({
    jobId: first,
    jobs: [{ jobId: first, joined: true }],
    note: `Joined ${first}: the same was asked before. fresh:true (llm_job_submit) starts another. Collect with llm_job_wait.`,
  });
  expect((await asked).text).toMatch(new RegExp(`^Joined ${first}: .*\n${first} completed, [\\d.]+ s\nforty-two$`));
  expect(await jobCount(assistant)).toBe(1);
});

test.concurrent('the same request gets an answer that nobody has read, once', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello');
  await assistant.jobWhen(first, 'has ended', ({ status }) => status === 'completed');

  const read = await assistant.call('llm_run', { prompt: 'hello', provider: 'claude' });
  const anew = await assistant.call('llm_run', { prompt: 'hello', provider: 'claude' });

  expect(read.text).toMatch(new RegExp(`^Joined ${first}: .*\n${first} completed`));
  expect(anew.text).toMatch(/^claude-\w{8} completed/);
  expect(anew.text).not.toContain(first);
  expect(await jobCount(assistant)).toBe(2);
});

test.concurrent('fresh starts another', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const prompt = asks({ forever: true });
  const first = await assistant.submit(prompt);

  const second = await assistant.submit(prompt, { fresh: true });

  expect(second).not.toBe(first);
  await assistant.call('llm_job_cancel', { jobIds: [first, second] });
});

test.concurrent('a canceled job is not joined', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const prompt = asks({ forever: true });
  const first = await assistant.submit(prompt);
  await assistant.call('llm_job_cancel', { jobId: first });

  const second = await assistant.submit(prompt);

  expect(second).not.toBe(first);
  await assistant.call('llm_job_cancel', { jobId: second });
});

test.concurrent('what differs in any part is another request', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const elsewhere = await sandbox.newProject('elsewhere');
  const prompt = asks({ forever: true });
  const env = { SIDEJOB_MAX_RUNNING_PER_PROVIDER: '10' };
  const other = await sandbox.assistant({ env });
  const ids = [await other.submit(prompt)];

  for (const rest of [
    { model: 'opus' },
    { effort: 'high' },
    { systemPrompt: 'Be brief.' },
    { cwd: elsewhere },
    { provider: 'codex' },
    { access: 'edit', cwd: elsewhere },
  ]) {
    ids.push(await other.submit(prompt, rest));
  }

  expect(new Set(ids).size).toBe(ids.length);
  await assistant.call('llm_job_cancel', { jobIds: ids });
});

test.concurrent('a request is never joined across clients or projects, but across servers of one', async ({
  sandbox,
}) => {
  const elsewhere = await sandbox.newProject('elsewhere');
  const prompt = asks({ forever: true });
  const first = await (await sandbox.assistant({ client: 'one' })).submit(prompt, { cwd: sandbox.project });

  const sibling = await (await sandbox.assistant({ client: 'one' })).submit(prompt, { cwd: sandbox.project });
  const stranger = await (await sandbox.assistant({ client: 'two' })).submit(prompt, { cwd: sandbox.project });
  const moved = await sandbox.assistant({ client: 'one', cwd: elsewhere });
  const abroad = await moved.submit(prompt, { cwd: sandbox.project });

  expect(sibling).toBe(first);
  expect(new Set([first, stranger, abroad]).size).toBe(3);
  await moved.call('llm_job_cancel', { jobIds: [first, stranger, abroad] });
});

test.concurrent('a dedupeKey returns the active job that has it, whatever is asked, and no ended one', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit(asks({ forever: true }), { dedupeKey: 'nightly' });

  const second = await assistant.data('llm_job_submit', {
    prompt: 'something else',
    provider: 'claude',
    dedupeKey: 'nightly',
    fresh: true,
  });
  expect(second).toMatchObject({ jobId: first, jobs: [{ jobId: first, joined: true }] });
  // Another CLI is another question: asking three with one key asks three.
  const other = await assistant.submit('something else', { provider: 'codex', dedupeKey: 'nightly' });
  expect(other).toMatch(/^codex-/);
  await assistant.ended(other);

  await assistant.call('llm_job_cancel', { jobId: first });
  const third = await assistant.submit('hello', { dedupeKey: 'nightly' });
  expect(third).not.toBe(first);
  await assistant.ended(third);
});

async function jobCount(assistant: Assistant): Promise<number> {
  const { jobs } = await assistant.data('llm_job_list', { filter: 'any' });
  return (jobs as unknown[]).length;
}
