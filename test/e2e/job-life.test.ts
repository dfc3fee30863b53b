// The life of one job, as each kind of client sees it.
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { describe, expect } from 'vitest';
import { type Assistant, ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { asks, echoIn } from '../support/steps.js';

describe.for(ERAS)('%s', (era) => {
  test.concurrent('a job is submitted, waited for, and read', async ({ sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const gate = sandbox.gate();

    const submitted = await assistant.data('llm_job_submit', {
      prompt: asks({ say: 'thinking' }, { gate }, { say: 'forty-two' }),
      provider: 'claude',
      model: 'opus',
      label: 'the question',
    });
    const jobId = submitted.jobId as string;
    expect(submitted).toEqual({
      jobId: expect.stringMatching(/^claude-[0-9a-hjkmnp-tv-z]{8}$/),
      jobs: [{ jobId, provider: 'claude', status: 'running' }],
      pollAfterSec: 10,
      note: 'Collect with llm_job_wait.',
    });

    const running = await assistant.jobWhen(jobId, 'says something', (job) => job.activity === 'writing');
    expect(running).toMatchObject({
      ...{ jobId, kind: 'async', status: 'running', provider: 'claude', model: 'opus', label: 'the question' },
      ...{ cwd: sandbox.project, answerBytes: 8, elapsedSec: expect.any(Number), idleSec: expect.any(Number) },
    });
    expect(running).not.toHaveProperty('exitCode');

    const waiting = assistant.call('llm_job_wait', { jobId });
    await sandbox.open(gate);
    const { text } = await waiting;
    expect(text).toMatch(new RegExp(`^${jobId} completed, [\\d.]+ s, "the question"\nforty-two$`));

    const result = await assistant.call('llm_job_result', { jobId });
    expect(result.text).toMatch(/\nused: 11 tokens in, 7 out, \$0\.000138\nanswer: 0–9 of 9 bytes\nforty-two$/);
    expect(await assistant.job(jobId)).toMatchObject({ status: 'completed', exitCode: 0, answerBytes: 9 });
  });

  test.concurrent('a running job is canceled, and cancel may be said twice', async ({ sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const jobId = await assistant.submit(asks({ say: 'so far' }, { forever: true }));
    await assistant.jobWhen(jobId, 'has said something', (job) => job.answerBytes === 6);

    const first = await assistant.data('llm_job_cancel', { jobId });
    const second = await assistant.data('llm_job_cancel', { jobId });

    expect(first).toEqual({ jobs: [{ jobId, status: 'canceled', changed: true, signal: 'SIGTERM' }] });
    expect(second).toEqual({ jobs: [{ jobId, status: 'canceled', changed: false, signal: 'SIGTERM' }] });
    expect((await assistant.call('llm_job_result', { jobId })).text).toMatch(
      /canceled.*\nanswer: 0–6 of 6 bytes\nso far$/,
    );
  });

  test.concurrent('data comes with a schema that it fits, answers come as text alone', async ({ sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const jobId = await assistant.submit('hello');
    await assistant.ended(jobId);
    const calls: [string, object][] = [
      ['llm_run', { prompt: 'hello', provider: 'codex' }],
      ['llm_job_submit', { prompt: 'hello', provider: 'gemini' }],
      ['llm_job_status', { jobIds: [jobId] }],
      ['llm_job_wait', { jobId }],
      ['llm_job_result', { jobId, view: 'stdout' }],
      ['llm_job_cancel', { jobId }],
      ['llm_job_list', { filter: 'any' }],
      ['llm_providers', {}],
      ['llm_process_health', {}],
    ];
    const tools = await assistant.tools();
    // One is for isolated jobs alone: isolation.test.ts.
    const others = tools.map(({ name }) => name).filter((name) => name !== 'llm_job_changes');
    expect(calls.map(([name]) => name)).toEqual(others);

    for (const [name, args] of calls) {
      const reply = await assistant.call(name, { ...args });
      expect(reply.isError, reply.text).toBe(false);
      const schema = tools.find((tool) => tool.name === name)?.outputSchema;
      if (schema) {
        const verdict = new AjvJsonSchemaValidator().getValidator(schema)(reply.data);
        expect(verdict, name).toMatchObject({ valid: true });
      } else {
        expect(reply.data, name).toBeUndefined();
      }
    }
    await endAll(assistant);
  });
});

test.concurrent('lists page from the newest to the oldest, by filter, provider and words', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const ids: string[] = [];
  for (const [index, provider] of ['claude', 'codex', 'claude', 'codex', 'claude'].entries()) {
    ids.push(await assistant.submit(`hello ${index}`, { provider, label: `number ${index}` }));
  }
  await assistant.call('llm_job_wait', { jobIds: ids });
  const [, , , oldCodex, newest] = ids;

  const first = await listed(assistant, { filter: 'any', limit: 2 });
  expect(first.ids).toEqual([newest, oldCodex]);
  const second = await listed(assistant, { filter: 'any', limit: 2, cursor: first.nextCursor });
  const third = await listed(assistant, { filter: 'any', limit: 2, cursor: second.nextCursor });
  expect([...first.ids, ...second.ids, ...third.ids]).toEqual(ids.toReversed());
  expect(third.nextCursor).toBeUndefined();

  expect((await listed(assistant, { filter: 'ended', provider: 'codex' })).ids).toEqual([ids[3], ids[1]]);
  expect((await listed(assistant, { filter: 'any', query: 'number 2' })).ids).toEqual([ids[2]]);
  expect((await listed(assistant, { filter: 'active' })).ids).toEqual([]);
});

test.concurrent('a job works in the folder it was given, without the guards against nesting, one deeper', async ({
  sandbox,
}) => {
  const folder = await sandbox.newProject('elsewhere');
  const assistant = await sandbox.assistant({ env: { CLAUDECODE: '1', SIDEJOB_DEPTH: '1' } });

  const jobId = await assistant.submit('hello', { cwd: folder });
  const { text } = await assistant.call('llm_job_wait', { jobId });

  expect(echoIn(text)).toMatchObject({ cwd: folder, guarded: false, depth: '2' });
});

test.concurrent('an id may be given as a prefix or by its tail, in any case', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit('hello');
  await assistant.ended(jobId);

  for (const typed of [jobId.slice(0, -3), jobId.split('-')[1], jobId.toUpperCase(), ` ${jobId} `]) {
    expect(await assistant.data('llm_job_status', { jobId: typed })).toMatchObject({ jobs: [{ jobId }] });
  }
});

async function listed(assistant: Assistant, args: object) {
  const { jobs, nextCursor } = await assistant.data('llm_job_list', { ...args });
  return { ids: (jobs as { jobId: string }[]).map(({ jobId }) => jobId), nextCursor };
}

async function endAll(assistant: Assistant): Promise<void> {
  const { ids } = await listed(assistant, { filter: 'active' });
  if (ids.length > 0) await assistant.call('llm_job_wait', { jobIds: ids });
}
