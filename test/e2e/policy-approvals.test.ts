// Calls that wait for a person, who answers on the command line.
import { expect } from 'vitest';
import { type Assistant, ERAS } from '../support/assistant.js';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { decisionsOf, shownText, writePolicy } from '../support/policy.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const APPROVAL = { action: 'require_approval', reason: 'mine to decide' };
const BOTH = { tools: { llm_run: APPROVAL, llm_job_submit: APPROVAL } };

const text = async (assistant: Assistant, tool: string, args: Record<string, unknown>) =>
  (await assistant.call(tool, args)).text;
const submit = (assistant: Assistant, prompt: string, args: Record<string, unknown> = {}) =>
  text(assistant, 'llm_job_submit', { prompt, provider: 'claude', ...args });
const STARTED = /^claude-\w{8} (queued|running|completed)/;

/** The id in the reply to a call that waits. */
function waiting(reply: string): string {
  const [, id = ''] = /^needs_approval: .*\b(ok-\w{8})\b/.exec(reply) ?? [];
  expect(reply).toMatch(
    new RegExp(
      `waits for a person's approval, ${id} \\(tools\\.\\S+\\.action(: mine to decide)?\\)\\. Nothing was done\\. Ask the person to run "sidejob approve ${id}" in a terminal; then make the same call again, unchanged\\.$`,
    ),
  );
  return id;
}

async function approve(sandbox: Sandbox, id: string): Promise<string> {
  const ran = await sidejob(sandbox, 'approve', id, '--yes');
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout;
}

test.concurrent.for(ERAS)('waits, is approved, passes once, and is asked about anew, %s', async (era, { sandbox }) => {
  await writePolicy(sandbox, BOTH);
  const [one, two] = [await sandbox.assistant({ era }), await sandbox.assistant({ era })];
  const gate = sandbox.gate();
  const prompt = asks({ gate }, { say: 'done' });
  const id = waiting(await submit(one, prompt));
  expect(waiting(await submit(two, prompt))).toBe(id);
  expect((await one.data('llm_job_list', { filter: 'any' })).jobs).toEqual([]);

  await approve(sandbox, id);
  const started = await submit(one, prompt);
  expect(started).toMatch(STARTED);
  const jobId = started.split(' ')[0] as string;
  // Asked again because a client gave up, on whichever server: it joins, and needs no second word.
  for (const assistant of [one, two]) expect(await submit(assistant, prompt)).toContain(`Joined ${jobId}`);
  await sandbox.open(gate);
  await one.ended(jobId);

  const again = waiting(await submit(two, prompt));
  expect(again).not.toBe(id);
  expect(waiting(await submit(one, prompt))).toBe(again);
  const { jobs } = await one.data('llm_job_list', { filter: 'any' });
  expect(jobs).toHaveLength(1);
  const decided = (await decisionsOf(sandbox)).filter(
    ({ tool, approval }) => tool === 'llm_job_submit' && approval === id,
  );
  expect(decided.map(({ effect }) => effect)).toEqual(['approve', 'approve', 'approved', 'used', 'allow', 'allow']);
  expect(decided[3]).toMatchObject({ jobIds: [jobId], rule: 'tools.llm_job_submit.action', provider: 'claude' });
});

test.concurrent('a call that is made twice at once passes once', async ({ sandbox }) => {
  await writePolicy(sandbox, BOTH);
  const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
  const id = waiting(await submit(one, 'hi', { fresh: true }));
  await approve(sandbox, id);
  const said = await Promise.all([one, two, one, two].map((each) => submit(each, 'hi', { fresh: true })));
  expect(said.filter((reply) => STARTED.test(reply))).toHaveLength(1);
  const others = said.filter((reply) => !STARTED.test(reply)).map(waiting);
  expect(others).toHaveLength(3);
  expect(others).not.toContain(id);
});

test.concurrent('a denial reaches the assistant with its reason, and stays', async ({ sandbox }) => {
  await writePolicy(sandbox, BOTH);
  const assistant = await sandbox.assistant();
  const id = waiting(await submit(assistant, 'hi'));
  await sidejob(sandbox, 'deny', id, '--reason', 'not on a Friday');
  for (const server of [assistant, await sandbox.assistant()]) {
    expect(await submit(server, 'hi')).toBe(
      `denied: a person refused this call (${id}): not on a Friday. Nothing was done.`,
    );
  }
  expect((await decisionsOf(sandbox)).map(({ effect }) => effect)).toEqual(['approve', 'denied', 'deny', 'deny']);
});

test.concurrent('how long it waits makes no other call of it; any other argument does, and another rule', async ({
  sandbox,
}) => {
  await writePolicy(sandbox, BOTH);
  const assistant = await sandbox.assistant();
  const run = (args: object) => text(assistant, 'llm_run', { prompt: 'hi', provider: 'claude', ...args });
  const id = waiting(await run({ waitSec: 10 }));
  await approve(sandbox, id);
  const others = [
    { prompt: 'hi!' },
    { model: 'big' },
    { provider: 'codex' },
    { cwd: sandbox.bin },
    { attach: [`${sandbox.project}/package.json`] },
  ];
  const ids = [];
  for (const other of others) ids.push(waiting(await run(other)));
  expect(new Set([id, ...ids]).size).toBe(others.length + 1);
  await writePolicy(sandbox, { tools: { llm_run: {}, '*': APPROVAL } });
  expect(waiting(await run({}))).not.toBe(id);
  await writePolicy(sandbox, BOTH);
  expect(await run({ waitSec: 20 })).toMatch(/^claude-\w{8} completed/);
});

test.concurrent('a call that fails, or finds no room, has not used its approval up', async ({ sandbox }) => {
  const full = { limits: [{ counter: 'n', window: 'hour', max: 1 }] };
  await writePolicy(sandbox, { tools: { llm_job_submit: { ...APPROVAL, ...full }, llm_run: full } });
  const assistant = await sandbox.assistant();
  const id = waiting(await submit(assistant, 'hi'));
  await approve(sandbox, id);
  await assistant.call('llm_run', { prompt: 'fills it', provider: 'codex' });
  expect(await submit(assistant, 'hi')).toMatch(/^denied: counter "n" is at its limit of 1/);
  await writePolicy(sandbox, { tools: { llm_job_submit: APPROVAL } });
  await sandbox.uninstall('claude');
  const server = await sandbox.assistant();
  expect(await submit(server, 'hi')).toMatch(/^not_installed: /);
  expect((await decisionsOf(sandbox)).at(-1)).toMatchObject({ effect: 'allow', approval: id });
  expect(await submit(assistant, 'hi')).not.toMatch(/needs_approval/);
});

test.concurrent('a tool that starts nothing waits, too: a job goes on until its end is approved', async ({
  sandbox,
}) => {
  await writePolicy(sandbox, { tools: { llm_job_cancel: APPROVAL } });
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ forever: true }));
  const cancel = () => text(assistant, 'llm_job_cancel', { jobId });
  const id = waiting(await cancel());
  await assistant.jobWhen(jobId, 'goes on', ({ status }) => status === 'running');
  const shown = await approve(sandbox, id);
  expect(shown).toMatch(/^tool +llm_job_cancel$/m);
  expect(shownText(shown, 'jobId')).toBe(jobId);
  expect(await cancel()).toMatch(new RegExp(`^${jobId} canceled`));
  expect(waiting(await cancel())).not.toBe(id);
});

test.concurrent('what is approved is shown in full, and hides nothing', async ({ sandbox }) => {
  await writePolicy(sandbox, BOTH);
  const assistant = await sandbox.assistant();
  const prompt = `first\n\u001b[2Jcleared\u202egnp.exe\naccess       read-only\n${'word '.repeat(2000)}\nlast`;
  const attach = [`${sandbox.project}/package.json`];
  const more = { systemPrompt: 'be\nbad', label: 'harmless', access: 'edit', model: 'big', timeoutSec: 77, attach };
  const id = waiting(await submit(assistant, prompt, { ...more, outputSchema: { type: 'object' }, effort: 'high' }));
  const shown = await approve(sandbox, id);
  const visible = prompt.replace('\u001b', '\\u{1b}').replace('\u202e', '\\u{202e}').replaceAll('\n', '');
  expect(shownText(shown, 'prompt')).toBe(visible);
  const said = { systemPrompt: 'bebad', label: 'harmless', effort: 'high', timeoutSec: '77', attach: attach[0] };
  for (const [name, value] of Object.entries({ ...said, outputSchema: '{"type":"object"}' })) {
    expect(shownText(shown, name), name).toBe(value);
  }
  const facts = { access: 'edit', cwd: sandbox.project, provider: 'claude', model: 'big', tool: 'llm_job_submit' };
  for (const [name, value] of Object.entries(facts)) {
    expect(shown.split('\n').filter((line) => line.startsWith(`${name} `))).toEqual([`${name.padEnd(12)} ${value}`]);
  }
});

test.concurrent('an answer that is already there when the same call comes hides no later question', async ({
  sandbox,
}) => {
  await writePolicy(sandbox, BOTH);
  const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
  const first = waiting(await submit(one, 'hi', { fresh: true }));
  await approve(sandbox, first);
  expect(await submit(one, 'hi', { fresh: true })).toMatch(STARTED);
  const second = waiting(await submit(one, 'hi', { fresh: true }));
  await approve(sandbox, second);
  // This server has not seen that the first one is used up.
  expect(await submit(two, 'hi', { fresh: true })).toMatch(STARTED);
});

test.concurrent('of a job that is named, the whole id decides and the job itself is shown', async ({ sandbox }) => {
  await writePolicy(sandbox, {
    tools: {
      llm_job_cancel: APPROVAL,
      llm_job_result: { deny_if: [{ path: 'args.jobId', op: 'regex', value: '^claude-' }] },
      llm_job_status: { deny_if: [{ path: 'cwd', op: 'eq', value: sandbox.project }] },
    },
  });
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'x' }));
  const tail = jobId.slice(-8);
  for (const named of [jobId, tail, `job:${tail}`]) {
    expect(await text(assistant, 'llm_job_result', { jobId: named })).toMatch(/^denied: .*args\.jobId regex/);
  }
  expect(await text(assistant, 'llm_job_status', { jobIds: [tail] })).toMatch(/^denied: .*cwd eq/);
  const id = waiting(await text(assistant, 'llm_job_cancel', { jobId: tail }));
  expect((await sidejob(sandbox, 'approvals', '--json')).stdout).toContain(`${jobId}, `);
  expect((await sidejob(sandbox, 'approve', id, '--yes')).stdout).toMatch(new RegExp(`^jobs +${jobId}, `, 'm'));
});

test.concurrent('within a job nobody says yes, neither in a form nor on the command line', async ({ sandbox }) => {
  await writePolicy(sandbox, { tools: { llm_job_submit: APPROVAL } });
  const server = sandbox.server({ env: { SIDEJOB_JOB_ID: 'claude-00000000', SIDEJOB_DEPTH: '1' } });
  const capabilities = { elicitation: {} };
  const clientInfo = { name: 'e2e', version: '1' };
  await server.request('initialize', { protocolVersion: '2025-06-18', capabilities, clientInfo });
  server.send({ method: 'notifications/initialized' });
  const asked = server.ask('tools/call', { name: 'llm_job_submit', arguments: { prompt: 'hi', provider: 'claude' } });
  const form = await until('it asks', () => server.messages.find(({ method }) => method === 'elicitation/create'));
  // As a person would, after having read it.
  await new Promise((read) => setTimeout(read, 700));
  server.send({ id: form.id, result: { action: 'accept', content: { decision: 'approve' } } });

  const { result } = await server.reply(asked);

  expect(JSON.stringify(result)).toMatch(/needs_approval: .*sidejob approve/);
});
