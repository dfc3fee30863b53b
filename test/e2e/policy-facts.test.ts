// Conditions see a call as Sidejob understands it, however it is put.
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { sidejob } from '../support/command-line.js';
import { linuxTest, test } from '../support/e2e.js';
import { decisionsOf, writePolicy } from '../support/policy.js';
import { processesOf } from '../support/processes.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks, echoIn } from '../support/steps.js';
import { until } from '../support/until.js';

type Condition = [path: string, op: string, value: unknown];
const condition = ([path, op, value]: Condition) => ({ path, op, value });

/** A policy that denies what both tools that start jobs do, on one of these conditions. */
const denying = (...conditions: Condition[]) => {
  const rules = { deny_if: conditions.map(condition) };
  return { tools: { llm_run: rules, llm_job_submit: rules } };
};

async function jobs(assistant: Assistant): Promise<unknown[]> {
  return (await assistant.data('llm_job_list', { filter: 'any', scope: 'all' })).jobs as unknown[];
}

/** Denied, or what it says instead. */
async function submits(assistant: Assistant, args: Record<string, unknown>): Promise<string> {
  const { text } = await assistant.call('llm_job_submit', { prompt: 'hi', ...args });
  return /^denied: rule (\S+)/.exec(text)?.[1] ?? text;
}
const RULE = (at = 0) => `tools.llm_job_submit.deny_if[${at}]`;
const STARTED = expect.stringMatching(/^\w+-\w{8} (queued|running|completed)/);

test.concurrent('the CLI, in whatever case it is named, and the one that is chosen where none is', async ({
  sandbox,
}) => {
  await writePolicy(sandbox, denying(['args.provider', 'eq', 'codex']));
  const assistant = await sandbox.assistant({ env: { SIDEJOB_DEFAULT_PROVIDER: 'codex' } });
  expect(await submits(assistant, { provider: 'codex' })).toBe(RULE());
  expect(await submits(assistant, { provider: ' CODEX ' })).toBe(RULE());
  expect(await submits(assistant, {})).toBe(RULE());
  expect(await submits(assistant, { provider: 'claude' })).toEqual(STARTED);
});

test.concurrent('one CLI that is denied denies the call for all, and nothing is started', async ({ sandbox }) => {
  await writePolicy(sandbox, denying(['provider', 'eq', 'gemini']));
  const assistant = await sandbox.assistant();
  const { text } = await assistant.call('llm_run', { prompt: 'hi', providers: ['claude', 'codex', 'gemini'] });
  expect(text).toMatch(/^denied: rule tools\.llm_run\.deny_if\[0\]/);
  expect(await jobs(assistant)).toEqual([]);
  expect(await decisionsOf(sandbox)).toMatchObject([
    { tool: 'llm_run', effect: 'deny', provider: 'claude, codex, gemini', cwd: sandbox.project, depth: 1 },
    { tool: 'llm_job_list', effect: 'allow' },
  ]);
});

test.concurrent('the judge, and whoever stands behind the name of a panel, is asked about as one that is named', async ({
  sandbox,
}) => {
  await writePolicy(sandbox, denying(['provider', 'eq', 'gemini'], ['args.stance', 'eq', 'red-team']));
  await writeFile(join(sandbox.home, 'config.toml'), '[panels]\nduo = ["claude", "codex > gemini"]\n');
  const assistant = await sandbox.assistant();
  expect(await submits(assistant, { providers: ['claude', 'codex'], judge: 'gemini' })).toBe(RULE());
  expect(await submits(assistant, { providers: ['duo'] })).toBe(RULE());
  expect(await submits(assistant, { provider: 'claude', stance: 'red-team' })).toBe(RULE(1));
  expect(await jobs(assistant)).toEqual([]);
  const two = await assistant.data('llm_job_submit', { prompt: asks({ say: 'x' }), providers: ['claude', 'codex'] });
  await assistant.call('llm_job_wait', { jobId: two.jobId });
  expect(await submits(assistant, { attach: [`job:${two.jobId}`], judge: 'codex > gemini' })).toBe(RULE());
});

test.concurrent('the folder: through "..", through a link, and where none is named', async ({ sandbox }) => {
  const secret = await sandbox.newProject('secret');
  const link = join(sandbox.project, 'link');
  await symlink(secret, link);
  await writePolicy(sandbox, denying(['args.cwd', 'regex', `^${secret}(/|$)`], ['cwd', 'eq', sandbox.project]));
  const assistant = await sandbox.assistant();
  for (const cwd of [secret, `${sandbox.project}/../secret`, link, `${link}/`, `${sandbox.project}/link/../secret`]) {
    expect(await submits(assistant, { provider: 'claude', cwd }), cwd).toBe(RULE(0));
  }
  expect(await submits(assistant, { provider: 'claude' })).toBe(RULE(1));
  expect(await submits(assistant, { provider: 'claude', cwd: join(sandbox.root, 'bin') })).toEqual(STARTED);
});

test.concurrent('access, the length of the prompt, and whether there is a schema', async ({ sandbox }) => {
  const needed = [
    ['access', 'eq', 'read-only'],
    ['promptLength', 'lte', 20],
    ['structured', 'eq', false],
  ] as const;
  const require = needed.map(([path, op, value]) => condition([path, op, value]));
  await writePolicy(sandbox, { tools: { llm_job_submit: { require } } });
  const assistant = await sandbox.assistant();
  const rule = (at: number) => `tools.llm_job_submit.require[${at}]`;
  const given = { provider: 'claude' };
  expect(await submits(assistant, given)).toEqual(STARTED);
  expect(await submits(assistant, { ...given, access: 'read-only', prompt: 'x'.repeat(20) })).toEqual(STARTED);
  expect(await submits(assistant, { ...given, access: 'edit' })).toBe(rule(0));
  expect(await submits(assistant, { ...given, prompt: 'x'.repeat(21) })).toBe(rule(1));
  expect(await submits(assistant, { ...given, outputSchema: { type: 'object' } })).toBe(rule(2));
});

test.concurrent('a conversation that goes on has the CLI, the folder and the model of its job', async ({ sandbox }) => {
  const other = await sandbox.newProject('other');
  const assistant = await sandbox.assistant();
  const continueJob = await assistant.submit('hi', { provider: 'codex', model: 'big', cwd: other });
  await assistant.ended(continueJob);
  for (const denied of [
    ['provider', 'eq', 'codex'],
    ['model', 'eq', 'big'],
    ['cwd', 'eq', other],
    ['continueJob', 'eq', continueJob],
  ] as Condition[]) {
    await writePolicy(sandbox, denying(denied));
    expect(await submits(assistant, { continueJob, prompt: 'more' }), denied[0]).toBe(RULE());
  }
  await writePolicy(sandbox, denying(['model', 'neq', 'big'], ['depth', 'gt', 1]));
  expect(await submits(assistant, { continueJob, prompt: 'more' })).toEqual(STARTED);
});

/** A server as a job's CLI would start it: with the environment that the job has. */
async function nested(sandbox: Sandbox, outer: Assistant): Promise<Assistant> {
  const gate = sandbox.gate();
  const jobId = await outer.submit(asks({ gate }));
  const pid = await until('it runs', async () => (await processesOf(jobId))[0]?.pid);
  const environ = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean);
  const env = Object.fromEntries(
    environ.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  await sandbox.open(gate);
  await outer.ended(jobId);
  return sandbox.assistant({ env });
}

linuxTest.concurrent.for(['--policy', 'SIDEJOB_POLICY'])(
  'within a job the same policy holds, and sees its depth (%s)',
  async (by, { sandbox }) => {
    const file = await writePolicy(sandbox, denying(['depth', 'gt', 1]), join(sandbox.root, 'p.json'));
    const outer = await sandbox.assistant(
      by === '--policy' ? { args: [SERVER, '--policy', file] } : { env: { SIDEJOB_POLICY: file } },
    );
    const inner = await nested(sandbox, outer);
    expect(await submits(inner, { provider: 'claude' })).toBe(RULE());
    expect((await decisionsOf(sandbox)).at(-1)).toMatchObject({ effect: 'deny', depth: 2 });
  },
);

test.concurrent('a link that leads elsewhere once it is approved needs another approval', async ({ sandbox }) => {
  const [good, bad] = [await sandbox.newProject('good'), await sandbox.newProject('bad')];
  const cwd = join(sandbox.root, 'link');
  await symlink(good, cwd);
  await writePolicy(sandbox, { tools: { llm_run: { action: 'require_approval' } } });
  const assistant = await sandbox.assistant();
  const ask = async () => (await assistant.call('llm_run', { prompt: 'where', provider: 'claude', cwd })).text;
  const idIn = (text: string) => /\bok-\w{8}\b/.exec(text)?.[0] ?? `no id in ${text}`;
  const approve = async (id: string) => {
    return (await sidejob(sandbox, 'approve', id, '--yes')).stdout;
  };

  const first = idIn(await ask());
  expect(await approve(first)).toMatch(new RegExp(`^cwd +${good}$`, 'm'));
  await rm(cwd);
  await symlink(bad, cwd);
  const second = idIn(await ask());
  expect(second).not.toBe(first);
  expect(await approve(second)).toMatch(new RegExp(`^cwd +${bad}$`, 'm'));
  await rm(cwd);
  await symlink(good, cwd);
  expect(echoIn(await ask()).cwd).toBe(good);
});

test.concurrent('a folder that is not there, or a tool that starts nothing, is judged by what there is', async ({
  sandbox,
}) => {
  await mkdir(join(sandbox.root, 'empty'));
  await writePolicy(sandbox, {
    tools: {
      llm_job_list: { require: [condition(['cwd', 'exists', true])] },
      llm_run: { deny_if: [condition(['args.model', 'exists', true])] },
    },
  });
  const assistant = await sandbox.assistant();
  expect((await assistant.call('llm_job_list')).text).toMatch(/^denied: rule tools\.llm_job_list\.require\[0\]/);
  const run = (args: object) => assistant.call('llm_run', { prompt: 'hi', provider: 'claude', ...args });
  expect((await run({ cwd: join(sandbox.root, 'none') })).text).toMatch(/^no_folder: /);
  expect((await run({ model: 'big' })).text).toMatch(/^denied: /);
  expect((await run({})).isError).toBe(false);
});
