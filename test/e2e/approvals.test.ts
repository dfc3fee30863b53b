// A person's word by the command line, on the store of a living server.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { requestApproval } from '../../src/policy/approvals.js';
import { openApproval } from '../../src/store/approvals.js';
import { Store } from '../../src/store/store.js';
import { sidejob } from '../support/command-line.js';
import { linuxTest, test } from '../support/e2e.js';
import { shownText } from '../support/policy.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

/** A call that waits, as a server would leave it. */
async function waiting(sandbox: Sandbox, shown: Record<string, unknown> = {}, key = 'k') {
  const store = await Store.open(join(sandbox.home, 'store.db'), join(sandbox.home, 'bell'));
  sandbox.adopt({ close: async () => store.close() });
  const call = { provider: 'codex', model: 'm', access: 'full', cwd: '/the/folder', prompt: 'do it', ...shown };
  const rule = 'tools.llm_job_submit';
  const { id } = await requestApproval(
    store,
    { key, tool: 'llm_job_submit', rule, reason: 'a person decides', shown: call, client: 'ed', project: '/p' },
    Date.now(),
  );
  return { id, store };
}

test('a call is listed, shown in full, approved once, and noted in the audit', async ({ sandbox }) => {
  expect((await sidejob(sandbox, 'approvals')).stdout).toBe('Nothing waits for approval.\n');
  const prompt = `first\n${'word '.repeat(400)}\nlast`;
  const { id, store } = await waiting(sandbox, { prompt, attach: ['/a', '/b'] });
  const list = await sidejob(sandbox, 'approvals');
  expect(list.stdout).toMatch(new RegExp(`${id} +0 s ago +llm_job_submit +codex +full +/the/folder +first$`, 'm'));
  expect(JSON.parse((await sidejob(sandbox, 'approvals', '--json')).stdout)).toMatchObject([
    { id, state: 'pending', tool: 'llm_job_submit', shown: { prompt, access: 'full' } },
  ]);

  const blind = await sidejob(sandbox, 'approve', id);
  expect(blind).toMatchObject({ status: 2, stderr: expect.stringMatching(/was not approved: there is no terminal/) });
  expect(openApproval(store, 'k', Date.now())?.state).toBe('pending');

  const approved = await sidejob(sandbox, 'approve', id.slice(3, 8), '--yes');
  expect(approved).toMatchObject({ status: 0, stderr: '' });
  expect(shownText(approved.stdout, 'prompt')).toBe(prompt.replaceAll('\n', ''));
  expect(shownText(approved.stdout, 'attach')).toBe('/a, /b');
  for (const fact of [/^provider +codex$/m, /^access +full$/m, /^cwd +\/the\/folder$/m]) {
    expect(approved.stdout).toMatch(fact);
  }
  expect(approved.stdout).toMatch(new RegExp(`^${id} approved: the same call passes once`, 'm'));
  expect(openApproval(store, 'k', Date.now())?.state).toBe('approved');

  expect(await sidejob(sandbox, 'approve', id, '--yes')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/was approved before\.\n$/),
  });
  expect(await sidejob(sandbox, 'deny', id)).toMatchObject({ status: 1, stdout: `${id} was approved before.\n` });
  const again = await sidejob(sandbox, 'approve', id, '--yes', '--json');
  expect(JSON.parse(again.stdout)).toEqual({ id, state: 'approved', changed: false });
  expect((await sidejob(sandbox, 'approvals')).stdout).toBe('Nothing waits for approval.\n');
  expect((await sidejob(sandbox, 'approvals', '--all')).stdout).toMatch(/ approved /);
  const [whole] = JSON.parse((await sidejob(sandbox, 'approvals', '--all', '--json')).stdout);
  const document = await readFile(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8');
  const [, keys = ''] = /^\| an approval \| (.*) \|$/m.exec(document) ?? [];
  expect(
    Object.keys(whole)
      .map((key) => `\`${key}\``)
      .join(', '),
  ).toBe(keys);
  const audit = (await sidejob(sandbox, 'audit', '--json')).stdout;
  expect(JSON.parse(audit)).toMatchObject({ event: 'decision', effect: 'approved', approval: id, client: 'ed' });
  expect(audit).not.toContain('word');
});

test('a denial keeps its reason', async ({ sandbox }) => {
  const { id, store } = await waiting(sandbox);
  const denied = await sidejob(sandbox, 'deny', id, '--reason', 'not on a Friday');
  expect(denied).toMatchObject({ status: 0, stdout: expect.stringMatching(new RegExp(`^${id} denied: `)) });
  expect(openApproval(store, 'k', Date.now())).toMatchObject({ state: 'denied', answer: 'not on a Friday' });
  expect((await sidejob(sandbox, 'approve', id, '--yes')).status).toBe(1);
  expect((await sidejob(sandbox, 'audit')).stdout).toMatch(/ denied {4}llm_job_submit .*not on a Friday/);
});

test('a prompt can neither repaint the terminal nor pose as a fact', async ({ sandbox }) => {
  const prompt =
    '\u001b[2J\u001b]0;title\u0007rm -rf /\r\nharmless\u202egnp.exe\u200b\naccess       read-only\u009b1A\u{e0041}';
  const { id } = await waiting(sandbox, { prompt, model: 'm\naccess       read-only' });
  const { stdout } = await sidejob(sandbox, 'approve', id, '--yes');
  expect(stdout.replaceAll('\n', '')).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
  expect(stdout).toContain('  | \\u{1b}[2J\\u{1b}]0;title\\u{7}rm -rf /\\u{d}\n');
  expect(stdout).toContain('  | harmless\\u{202e}gnp.exe\\u{200b}\n');
  expect(stdout.match(/^access .*$/gm)).toEqual(['access       full']);
  const { id: other } = await waiting(sandbox, { prompt, cwd: '/\u001b[8mhidden' }, 'other');
  const list = (await sidejob(sandbox, 'approvals')).stdout;
  expect(list).toContain(other);
  expect(list.replaceAll('\n', '')).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
});

test.for([
  [['approve'], 2, /an approval id is needed/],
  [['approve', 'a', 'b'], 2, /one approval id at a time/],
  [['deny', 'ok-00000000'], 1, /^sidejob: unknown_approval: no approval "ok-00000000"\. "sidejob approvals --all"/],
  [['approvals', '--everything'], 2, /no option "--everything"/],
] as const)('%j is called wrongly, and says so', async ([[...args], status, stderr], { sandbox }) => {
  expect(await sidejob(sandbox, ...args)).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(stderr) });
});

/** Runs a shell script in the sandbox, with this in its environment. */
async function sh(sandbox: Sandbox, script: string, env: Record<string, string>) {
  const args = ['-c', `${script}; exit $?`, process.execPath, SERVER];
  const child = spawn('/bin/sh', args, { env: { ...sandbox.env, PATH: '/usr/bin:/bin', ...env } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr };
}

linuxTest('inside a job nobody approves or denies, also if it hides its mark', async ({ sandbox }) => {
  const { id, store } = await waiting(sandbox);
  const mark = { SIDEJOB_JOB_ID: 'claude-00000000', SIDEJOB_DEPTH: '1' };
  for (const script of [
    `"$0" "$1" approve ${id} --yes`,
    `"$0" "$1" deny ${id}`,
    `env -u SIDEJOB_JOB_ID -u SIDEJOB_DEPTH "$0" "$1" approve ${id} --yes`,
  ]) {
    const ran = await sh(sandbox, script, mark);
    expect(ran.stderr).toMatch(
      /^sidejob: access_denied: this runs inside a job, and "sidejob (approve|deny)" is for a/,
    );
    expect(ran.stdout).toBe('');
  }
  expect(openApproval(store, 'k', Date.now())?.state).toBe('pending');
});
