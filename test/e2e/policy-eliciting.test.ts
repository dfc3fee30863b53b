// A call that needs a person is put to the client's user where the client can ask, in both protocol eras.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { decisionsOf, shownText, writePolicy } from '../support/policy.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

/** Longer than it takes to be taken for a person, in milliseconds. */
const READING_MS = 700;
const POLICY = {
  tools: Object.fromEntries(['llm_job_submit', 'llm_job_cancel'].map((tool) => [tool, { action: 'require_approval' }])),
};

type Said = { action: 'accept'; content: Record<string, string> } | { action: 'decline' | 'cancel' };
const APPROVE: Said = { action: 'accept', content: { decision: 'approve' } };

/** A client whose user answers each question with the next of these, after that time; and what it was asked. */
async function client(
  sandbox: Sandbox,
  mode: 'auto' | 'legacy',
  answers: readonly Said[],
  after = () => sleep(READING_MS),
) {
  await writePolicy(sandbox, POLICY);
  const one = new Client(
    { name: 'asked', version: '1' },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
  );
  const asked: string[] = [];
  one.setRequestHandler('elicitation/create', async ({ params }) => {
    const answer = answers[asked.length] ?? { action: 'cancel' };
    asked.push(params.message);
    await after();
    return answer;
  });
  await one.connect(new StdioClientTransport({ ...sandbox.parameters(), stderr: 'ignore' }));
  sandbox.adopt(one);
  const call = async (name: string, args: Record<string, unknown>) => {
    const { content } = await one.callTool({ name, arguments: args });
    return (content as { text?: string }[])[0]?.text ?? '';
  };
  const submit = (prompt: string) => call('llm_job_submit', { prompt, provider: 'claude' });
  return { call, submit, asked };
}

const STARTED = /^claude-\w{8} (queued|running|completed)/;
const WAITS = /^needs_approval: llm_job_submit waits for a person's approval, (ok-\w{8}) /;
const effects = async (sandbox: Sandbox) => (await decisionsOf(sandbox)).map(({ effect }) => effect);
const pending = async (sandbox: Sandbox) =>
  (JSON.parse((await sidejob(sandbox, 'approvals', '--json')).stdout) as { id: string }[]).map(({ id }) => id);

describe.for(['auto', 'legacy'] as const)('in a client that asks its user (%s)', (mode) => {
  test.concurrent('approved: it passes, and the next one is asked about anew', async ({ sandbox }) => {
    const { submit, asked } = await client(sandbox, mode, [APPROVE]);
    expect(await submit('one\n\u001b[2Jtwo')).toMatch(STARTED);
    expect(asked[0]).toMatch(
      /^May this call pass, once\?\n\nprompt \(11 characters, 2 lines\):\n {2}\| one\n {2}\| \\u\{1b\}\[2Jtwo\n/,
    );
    for (const fact of [
      'tool         llm_job_submit',
      'provider     claude',
      'access       read-only',
      `cwd          ${sandbox.project}`,
    ]) {
      expect(asked[0]?.split('\n')).toContain(fact);
    }
    expect(await submit('other')).toMatch(WAITS);
    expect(asked).toHaveLength(2);
    expect(await effects(sandbox)).toEqual(['approve', 'approved', 'used', 'approve', 'approve']);
  });

  test.concurrent('denied, in either way: refused, and not asked about again', async ({ sandbox }) => {
    const denied: Said = { action: 'accept', content: { decision: 'deny' } };
    const { submit, asked } = await client(sandbox, mode, [denied, { action: 'decline' }]);
    for (const prompt of ['one', 'two', 'one', 'two']) {
      expect(await submit(prompt)).toMatch(
        /^denied: a person refused this call \(ok-\w{8}\): declined in the client\. Nothing was done\.$/,
      );
    }
    expect(asked).toHaveLength(2);
    expect(await pending(sandbox)).toEqual([]);
  });

  test.concurrent.for([{ action: 'decline' }, APPROVE] as const)(
    '%j at once is nobody: it stays open for the command line',
    async (answer, { sandbox }) => {
      const { submit } = await client(sandbox, mode, Array(20).fill(answer), async () => {});
      let [n, id] = [0, ''];
      // A busy machine may be as slow as a person.
      while (id === '' && n < 20) id = WAITS.exec(await submit(`try ${++n}`))?.[1] ?? '';
      expect(await pending(sandbox)).toEqual([id]);
      await sidejob(sandbox, 'approve', id, '--yes');
      expect(await submit(`try ${n}`)).toMatch(STARTED);
    },
  );

  test.concurrent('closed without an answer: it stays open, and the next call asks again', async ({ sandbox }) => {
    const { submit, asked } = await client(sandbox, mode, [{ action: 'cancel' }, APPROVE]);
    expect(await submit('hi')).toMatch(WAITS);
    expect(await submit('hi')).toMatch(STARTED);
    expect(asked).toHaveLength(2);
  });

  test.concurrent('a call that is too long for a form is left to the command line', async ({ sandbox }) => {
    const { submit, asked } = await client(sandbox, mode, []);
    const prompt = 'long '.repeat(2000);
    const [, id = ''] = WAITS.exec(await submit(prompt)) ?? [];
    expect(asked).toEqual([]);
    expect(shownText((await sidejob(sandbox, 'approve', id, '--yes')).stdout, 'prompt')).toBe(prompt);
    expect(await submit(prompt)).toMatch(STARTED);
  });

  test.concurrent('a tool that starts nothing is asked about, too', async ({ sandbox }) => {
    const { call, submit, asked } = await client(sandbox, mode, [APPROVE, APPROVE]);
    const jobId = (await submit(asks({ forever: true }))).split(' ')[0] as string;
    expect(await call('llm_job_cancel', { jobId })).toMatch(new RegExp(`^${jobId} canceled`));
    expect(asked[1]).toMatch(/^tool +llm_job_cancel$/m);
    expect(shownText(asked[1] ?? '', 'jobId')).toBe(jobId);
  });

  test.concurrent('what a person has said on the command line meanwhile counts', async ({ sandbox }) => {
    const decided = Promise.withResolvers<void>();
    const { submit, asked } = await client(sandbox, mode, [{ action: 'decline' }], () => decided.promise);
    const reply = submit('hi');
    await until('it is asked', () => asked.length === 1);
    const id = /^approval +(ok-\w{8})$/m.exec(asked[0] ?? '')?.[1] ?? '';
    await sidejob(sandbox, 'approve', id, '--yes');
    decided.resolve();
    expect(await reply).toMatch(STARTED);
  });
});
