// Counters of a policy: of one client session, and named ones over all servers; what takes of them, and what does not.
import { describe, expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { decisionsOf, writePolicy } from '../support/policy.js';
import { asks } from '../support/steps.js';

const limit = (max: number, more: object = {}) => ({ counter: 'n', window: 'hour', max, ...more });
const text = async (assistant: Assistant, name: string, args: Record<string, unknown> = {}) =>
  (await assistant.call(name, args)).text;
const submit = (assistant: Assistant, prompt: string, args: Record<string, unknown> = {}) =>
  text(assistant, 'llm_job_submit', { prompt, provider: 'claude', ...args });
const FULL =
  /^denied: counter "n" is at its limit of \d+ in an hour \(tools\.llm_job_submit\.limits\[0\]\)\. Try again in 6[01] min\. Nothing was done\.$/;
const STARTED = /^\w+-\w{8} /;

describe('rate_limit', () => {
  test.concurrent('is of one session, of one tool, and says when to try again', async ({ sandbox }) => {
    await writePolicy(sandbox, { tools: { llm_providers: { rate_limit: { max: 2, window: 60 }, reason: 'slowly' } } });
    const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
    for (const assistant of [one, two]) {
      for (let n = 0; n < 2; n += 1) expect(await text(assistant, 'llm_providers')).not.toContain('denied');
      expect(await text(assistant, 'llm_providers')).toMatch(
        /^denied: rule tools\.llm_providers\.rate_limit \(too many calls\): slowly\. Try again in (60|5\d) s\. Nothing was done\.$/,
      );
      expect(await text(assistant, 'llm_job_list')).not.toContain('denied');
    }
    const decided = await decisionsOf(sandbox);
    expect(decided.filter(({ effect }) => effect === 'deny')).toMatchObject([
      { tool: 'llm_providers', rule: 'tools.llm_providers.rate_limit', reason: 'slowly' },
      { tool: 'llm_providers' },
    ]);
  });

  test.concurrent('counts all tools together under "*", and a scope of its own is one of the session', async ({
    sandbox,
  }) => {
    await writePolicy(sandbox, {
      all_tools: { limits: [limit(3, { scope: 'session' })] },
      tools: { '*': { rate_limit: '2/hour' } },
    });
    const assistant = await sandbox.assistant();
    expect(await text(assistant, 'llm_providers')).not.toContain('denied');
    expect(await text(assistant, 'llm_job_list')).not.toContain('denied');
    expect(await text(assistant, 'llm_process_health')).toMatch(/^denied: rule tools\.\*\.rate_limit/);
    await writePolicy(sandbox, { all_tools: { limits: [limit(2, { scope: 'session' })] } });
    expect(await text(assistant, 'llm_providers')).toMatch(
      /^denied: rule all_tools\.limits\[0\].*Try again in 3\d\d\d s/,
    );
    expect(await text(await sandbox.assistant(), 'llm_providers')).not.toContain('denied');
  });

  test.concurrent('takes nothing for a call that is denied, fails, or joins a job', async ({ sandbox }) => {
    const rules = { rate_limit: { max: 2, window: 60 }, deny_if: [{ path: 'access', op: 'eq', value: 'edit' }] };
    await writePolicy(sandbox, { tools: { llm_job_submit: rules } });
    const assistant = await sandbox.assistant();
    const gate = sandbox.gate();
    for (let n = 0; n < 3; n += 1) {
      expect(await submit(assistant, 'x', { access: 'edit' })).toMatch(/^denied: rule tools\.llm_job_submit\.deny_if/);
      expect(await submit(assistant, 'x', { attach: ['/not/there'] })).toMatch(/^bad_argument|^no_file|not/);
    }
    expect(await submit(assistant, asks({ gate }))).toMatch(STARTED);
    for (let n = 0; n < 3; n += 1) expect(await submit(assistant, asks({ gate }))).toContain('Joined');
    expect(await submit(assistant, 'another')).toMatch(STARTED);
    expect(await submit(assistant, 'a third')).toMatch(/^denied: rule tools\.llm_job_submit\.rate_limit/);
    await sandbox.open(gate);
  });
});

describe('named limits', () => {
  test.concurrent('hold over two servers and a restart, and count a call with several CLIs once', async ({
    sandbox,
  }) => {
    const shared = { limits: [limit(3)] };
    await writePolicy(sandbox, { tools: { llm_job_submit: shared, llm_run: shared } });
    const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
    const three = { prompt: 'three', providers: ['claude', 'codex', 'gemini'] };
    expect((await text(one, 'llm_run', three)).match(/-\w{8} completed/g)).toHaveLength(3);
    expect(await submit(two, 'second')).toMatch(STARTED);
    await one.close();
    await two.close();
    const next = await sandbox.assistant();
    expect(await submit(next, 'third')).toMatch(STARTED);
    expect(await submit(next, 'fourth')).toMatch(FULL);
    expect(await text(next, 'llm_run', { ...three, prompt: 'fifth' })).toMatch(/^denied: counter "n"/);
    const { jobs } = await next.data('llm_job_list', { filter: 'any', scope: 'all' });
    expect(jobs).toHaveLength(5);
  });

  test.concurrent('take nothing for a call that is denied, fails, or joins a job', async ({ sandbox }) => {
    const rules = { limits: [limit(2)], deny_if: [{ path: 'access', op: 'eq', value: 'edit' }] };
    await writePolicy(sandbox, { tools: { llm_job_submit: rules } });
    const assistant = await sandbox.assistant();
    const gate = sandbox.gate();
    for (let n = 0; n < 3; n += 1) {
      expect(await submit(assistant, 'x', { access: 'edit' })).toMatch(/^denied: rule/);
      expect(await submit(assistant, 'x', { cwd: '/not/there' })).toMatch(/^no_folder/);
    }
    expect(await submit(assistant, asks({ gate }))).toMatch(STARTED);
    for (let n = 0; n < 3; n += 1) expect(await submit(assistant, asks({ gate }))).toContain('Joined');
    expect(await submit(assistant, 'another')).toMatch(STARTED);
    expect(await submit(assistant, 'a third')).toMatch(FULL);
    // What is there may be joined still.
    expect(await submit(assistant, asks({ gate }))).toContain('Joined');
    await sandbox.open(gate);
    expect((await decisionsOf(sandbox)).filter(({ reason }) => /at its limit/.test(String(reason)))).toMatchObject([
      { tool: 'llm_job_submit', effect: 'deny' },
    ]);
  });

  test.concurrent('of ten calls at once on two servers, exactly as many pass as there is room for', async ({
    sandbox,
  }) => {
    await writePolicy(sandbox, { tools: { llm_job_submit: { limits: [limit(3)] } } });
    const servers = await Promise.all([sandbox.assistant(), sandbox.assistant()]);
    const said = await Promise.all(Array.from({ length: 10 }, (_, n) => submit(servers[n % 2] as Assistant, `${n}`)));
    expect(said.filter((each) => STARTED.test(each))).toHaveLength(3);
    expect(said.filter((each) => FULL.test(each))).toHaveLength(7);
    const { jobs } = await (servers[0] as Assistant).data('llm_job_list', { filter: 'any', scope: 'all' });
    expect(jobs).toHaveLength(3);
  });

  test.concurrent('of all tools count every call, also of those that start nothing', async ({ sandbox }) => {
    await writePolicy(sandbox, { all_tools: { limits: [{ counter: 'calls', window: 'day', max: 3 }] } });
    const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
    expect(await submit(one, 'hi')).toMatch(STARTED);
    expect(await text(two, 'llm_job_list')).not.toContain('denied');
    expect(await text(one, 'llm_providers')).not.toContain('denied');
    for (const name of ['llm_job_list', 'llm_process_health', 'llm_providers']) {
      expect(await text(two, name)).toMatch(
        /^denied: counter "calls" is at its limit of 3 in a day \(all_tools\.limits\[0\]\)\. Try again in 2[45] h\./,
      );
    }
    expect(await submit(one, 'more')).toMatch(/^denied: counter "calls"/);
  });
});
