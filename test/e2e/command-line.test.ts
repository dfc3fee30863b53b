// The person's face: the subcommands of the built program, on the jobs of a living server.
import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

test('list, show and logs tell of the jobs of a server that runs', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'forty-two' }), { label: 'the question' });
  await assistant.jobWhen(jobId, 'has ended', (job) => job.status === 'completed');

  const list = await sidejob(sandbox, 'list');
  expect(list).toMatchObject({ status: 0, stderr: '' });
  expect(list.stdout).toMatch(new RegExp(`${jobId} +completed .*the question · unread`));
  expect(JSON.parse((await sidejob(sandbox, 'list', '--json')).stdout)).toMatchObject([{ jobId, status: 'completed' }]);

  const tail = jobId.split('-')[1] ?? '';
  const show = await sidejob(sandbox, 'show', tail.slice(0, 4));
  expect(show.stdout).toMatch(/^status +completed$/m);
  expect(show.stdout.trimEnd().endsWith('forty-two')).toBe(true);
  expect(JSON.parse((await sidejob(sandbox, 'show', jobId, '--json')).stdout)).toMatchObject({ answer: 'forty-two' });
  expect((await sidejob(sandbox, 'logs', jobId)).stdout).toContain('"type":"result"');
});

test('logs -f follows a job to its end', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await assistant.submit(asks({ say: 'first' }, { gate }, { say: 'last' }));
  const follower = spawn(process.execPath, [SERVER, 'logs', jobId, '-f'], { env: sandbox.env });
  await new Promise((resolve) => follower.stdout.once('data', resolve));
  const rest = text(follower.stdout);
  await sandbox.open(gate);
  expect(await rest).toContain('last');
  expect(follower.exitCode ?? (await new Promise((resolve) => follower.once('exit', resolve)))).toBe(0);
});

test('cancel ends a job of another process, and says when there was nothing to do', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ gate: sandbox.gate() }));
  await assistant.jobWhen(jobId, 'runs', (job) => job.status === 'running');
  expect(await sidejob(sandbox, 'cancel', jobId)).toMatchObject({ status: 0, stdout: `${jobId} canceled, SIGTERM\n` });
  expect((await sidejob(sandbox, 'cancel', jobId)).stdout).toBe(`${jobId} canceled (it had ended before)\n`);
  expect(await assistant.job(jobId)).toMatchObject({ status: 'canceled' });
});

test('a command adopts no job of a server that has died', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await assistant.submit(asks({ gate }));
  await assistant.jobWhen(jobId, 'runs', (job) => job.status === 'running');
  await assistant.kill();
  expect((await sidejob(sandbox, 'list')).stdout).toMatch(new RegExp(`${jobId} +running`));
  await sandbox.open(gate);
  const next = await sandbox.assistant();
  expect(await next.ended(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });
});

test.each([
  [['lst'], 2, 'sidejob: no command "lst"; list? "sidejob help" lists them.\n'],
  [['list', '--everything'], 2, 'sidejob list: no option "--everything". "sidejob help list" lists them.\n'],
  [['run', 'x', '--provder', 'demo'], 2, /^sidejob run: no option "--provder"; --provider\?/],
  [['show'], 2, 'sidejob: bad_argument: a job id is needed. "sidejob list" shows them.\n'],
  [['show', 'codex-00000000'], 1, /^sidejob: unknown_job: no job "codex-00000000"/],
  [['logs', 'a', 'b'], 2, /one job id at a time/],
  [['cancel'], 2, /a job id is needed/],
  [['mcp', 'install', 'emacs'], 2, /claude-code/],
] as const)('%j is called wrongly, and says how it would be right', async ([...args], status, stderr) => {
  const sandbox = await import('../support/sandbox.js').then(({ Sandbox: made }) => made.create());
  try {
    const ran = await sidejob(sandbox, ...args);
    expect(ran).toMatchObject({ status, stdout: '' });
    expect(ran.stderr).toEqual(typeof stderr === 'string' ? stderr : expect.stringMatching(stderr));
  } finally {
    await sandbox.dispose();
  }
});

test('help and version', async ({ sandbox }) => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect((await sidejob(sandbox, '--version')).stdout).toBe(`${manifest.version}\n`);
  expect((await sidejob(sandbox, 'help')).stdout).toMatch(/^ {2}mcp install\|uninstall\|print CLIENT {2}/m);
});

test('mcp install enters the built program by its absolute path', async ({ sandbox }) => {
  await mkdir(join(sandbox.userHome, '.cursor'));
  expect((await sidejob(sandbox, 'mcp', 'install', 'cursor')).status).toBe(0);
  const entered = JSON.parse(await readFile(join(sandbox.userHome, '.cursor', 'mcp.json'), 'utf8'));
  const env = { SIDEJOB_HOME: sandbox.home };
  expect(entered.mcpServers.sidejob).toEqual({ command: process.execPath, args: [SERVER], env });
});
