// The person's face: asking. `run`, `submit`, `continue`, `retry`, `wait`, as processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob, startSidejob } from '../support/command-line.js';
import { linuxTest, test } from '../support/e2e.js';
import { processesOf } from '../support/processes.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks, asksJudged, echoIn } from '../support/steps.js';
import { until } from '../support/until.js';

const ID = /^claude-[0-9a-z]{8}$/;

async function shown(sandbox: Sandbox, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await sidejob(sandbox, 'show', id, '--json')).stdout);
}

async function submitted(sandbox: Sandbox, ...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await sidejob(sandbox, 'submit', '--provider', 'claude', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trim()).toMatch(ID);
  return stdout.trim();
}

test('run prints the answer and nothing else on stdout; what it does stands on stderr', async ({ sandbox }) => {
  const prompt = asks({ say: 'let me look' }, { tool: 'ls' }, { say: 'forty-two' });
  const ran = await sidejob(sandbox, 'run', prompt, '--provider', 'claude', '--label', 'the question');
  expect(ran).toMatchObject({ status: 0, stdout: 'forty-two\n' });
  expect(ran.stderr).toMatch(/^claude-\w{8} in .*project\n/);
  expect(ran.stderr).toMatch(/\nclaude-\w{8} completed, [\d.]+ s, 11 tokens in, 7 out\n$/);
  // Shown is read, and it was asked from here.
  expect(JSON.parse((await sidejob(sandbox, 'list', '--json')).stdout)).toEqual([]);
  const [job] = JSON.parse((await sidejob(sandbox, 'list', '--all', '--json')).stdout);
  expect(job).toMatchObject({ label: 'the question', cwd: sandbox.project, project: sandbox.project });
});

test('run exits with the status of its job, and so do wait and a second look', async ({ sandbox }) => {
  const run = (...steps: Parameters<typeof asks>) => sidejob(sandbox, 'run', '-p', 'claude', asks(...steps));
  const failed = await run({ say: 'a part' }, { fail: { exit: 1, message: 'it broke' } });
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringMatching(/ failed \(provider_error\), .*it broke/) });
  // Hints name commands, not tools.
  expect(failed.stderr).not.toContain('llm_');

  const late = await sidejob(sandbox, 'run', '-p', 'claude', '-t', '1s', asks({ forever: true }));
  expect(late).toMatchObject({ status: 124, stderr: expect.stringContaining('failed (timeout)') });

  const running = startSidejob(sandbox, ['run', '-p', 'claude', asks({ forever: true })]);
  const id = await until('its id is told', () => /^(claude-\w{8}) in /.exec(running.stderr)?.[1]);
  await sidejob(sandbox, 'cancel', id);
  expect(await running.ended).toMatchObject({ status: 3, stdout: '' });
  expect(await sidejob(sandbox, 'wait', id)).toMatchObject({ status: 3, stdout: expect.stringContaining(' canceled') });

  expect(await sidejob(sandbox, 'run', '-p', 'cloude', 'x')).toMatchObject({ status: 1, stdout: '' });
  expect(await sidejob(sandbox, 'run', '-p', 'claude', '--access', 'all', 'x')).toMatchObject({ status: 2 });
  expect(await sidejob(sandbox, 'run', '-p', 'claude', '-t', 'soon', 'x')).toMatchObject({ status: 2 });
});

test('the prompt comes from the command line, from a pipe, or from both', async ({ sandbox }) => {
  const only = await startSidejob(sandbox, ['run', '-p', 'claude', '-'], { input: asks({ say: 'piped' }) }).ended;
  expect(only).toMatchObject({ status: 0, stdout: 'piped\n' });

  const both = await startSidejob(sandbox, ['submit', '-p', 'claude', 'review', 'this'], { input: 'a\n```\nb' }).ended;
  const prompt = (await sidejob(sandbox, 'result', both.stdout.trim(), '--view', 'prompt')).stdout;
  expect(prompt).toBe('review this\n\nAttached data, "standard input":\n````\na\n```\nb\n````');
  await sidejob(sandbox, 'wait', both.stdout.trim());

  expect(await sidejob(sandbox, 'run', '-p', 'claude')).toMatchObject({
    status: 2,
    stderr: 'sidejob: bad_argument: there is no prompt. Say it in quotes, or pipe it in.\n',
  });
});

test('several CLIs are asked side by side, each answer under its name', async ({ sandbox }) => {
  const args = ['run', asks({ say: 'forty-two' }), '--provider', 'claude,codex', '-p', 'claude'];
  const { status, stdout } = await sidejob(sandbox, ...args);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^## claude \(claude-\w{8}\)\n\nforty-two\n$/m);
  expect(stdout).toMatch(/^## codex \(codex-\w{8}\)\n\nforty-two\n$/m);
  expect(stdout.match(/^## /gm)).toHaveLength(2);
});

test('SIGINT without a terminal detaches: the job goes on', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const running = startSidejob(sandbox, ['run', '-p', 'claude', asks({ gate }, { say: 'forty-two' })]);
  const id = await until('its id is told', () => /^(claude-\w{8}) in /.exec(running.stderr)?.[1]);
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({
    status: 130,
    stdout: '',
    stderr: expect.stringContaining(`${id} goes on: "sidejob result ${id}" shows its answer`),
  });
  expect(await sidejob(sandbox, 'result', id)).toMatchObject({ status: 5 });
  await sandbox.open(gate);
  expect(await sidejob(sandbox, 'wait', id)).toMatchObject({ status: 0 });
  expect(await sidejob(sandbox, 'result', id)).toEqual({ status: 0, stdout: 'forty-two\n', stderr: '' });
});

test('a submitted job outlives the command, and an assistant of the same project collects it', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const id = await submitted(sandbox, asks({ gate }, { say: 'forty-two' }));
  const assistant = await sandbox.assistant();
  expect((await assistant.call('llm_job_list', {})).text).toContain(`${id} running`);
  await sandbox.open(gate);
  expect((await assistant.call('llm_job_wait', { jobId: id })).text).toContain('forty-two');
});

linuxTest('the time limit holds while nobody looks after the job', async ({ sandbox }) => {
  const id = await submitted(sandbox, '--timeout', '1', asks({ forever: true }));
  await until('its launcher has ended it', async () => (await processesOf(id)).length === 0);
  expect(await shown(sandbox, id)).toMatchObject({ status: 'failed', reason: 'timeout' });
});

linuxTest('what a CLI leaves behind is ended before run leaves', async ({ sandbox }) => {
  const prompt = asks({ child: { session: false } }, { say: 'x' });
  const { stdout, status } = await sidejob(sandbox, 'run', '-p', 'claude', '--json', prompt);
  expect(status).toBe(0);
  expect(await processesOf(JSON.parse(stdout).jobId)).toEqual([]);
});

test('wait looks after a job that nobody looks after: its limit for silence holds', async ({ sandbox }) => {
  const id = await submitted(sandbox, '--idle-timeout', '1', asks({ forever: true }));
  expect(await sidejob(sandbox, 'wait', id)).toMatchObject({
    status: 124,
    stdout: expect.stringContaining('failed (idle_timeout)'),
  });
});

test('submit waits for a place; left alone its job stays in the queue, and wait starts it', async ({ sandbox }) => {
  const env = { SIDEJOB_MAX_RUNNING: '1' };
  const gate = sandbox.gate();
  const first = await submitted(sandbox, asks({ gate }, { say: 'first' }));
  const second = startSidejob(sandbox, ['submit', '-p', 'claude', asks({ say: 'second' })], { env });
  const id = await until('the id is there at once', () => /^(claude-\w{8})\n/.exec(second.stdout)?.[1]);
  await until('it says that it waits', () =>
    second.stderr.includes('waiting for a place, 1 in line; Ctrl-C leaves it'),
  );
  second.child.kill('SIGINT');
  expect(await second.ended).toMatchObject({ status: 130 });
  expect(await shown(sandbox, id)).toMatchObject({ status: 'queued' });

  await sandbox.open(gate);
  expect(await startSidejob(sandbox, ['wait', first, id], { env }).ended).toMatchObject({ status: 0 });
  expect((await sidejob(sandbox, 'result', id)).stdout).toBe('second\n');
});

test('wait tells of each as it ends, and exits with the first that was not completed', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const slow = await submitted(sandbox, asks({ gate }, { say: 'slow' }));
  const bad = await submitted(sandbox, asks({ exit: 9 }));
  const any = await sidejob(sandbox, 'wait', slow, bad, '--any');
  expect(any).toMatchObject({ status: 1, stdout: expect.stringMatching(new RegExp(`^${bad} failed`)) });
  expect(await sidejob(sandbox, 'wait', slow, '--timeout', '0')).toEqual({ status: 5, stdout: '', stderr: '' });
  await sandbox.open(gate);
  const all = await sidejob(sandbox, 'wait', slow, bad, '--json');
  expect(all.status).toBe(1);
  expect(JSON.parse(all.stdout)).toMatchObject([
    { jobId: slow, status: 'completed', unread: true },
    { jobId: bad, status: 'failed' },
  ]);
  expect((await sidejob(sandbox, 'wait')).status).toBe(2);
});

test('retry asks the same again, as a job that names the one before', async ({ sandbox }) => {
  await writeFile(join(sandbox.project, 'data.txt'), 'what was attached');
  await writeFile(join(sandbox.project, 'schema.json'), JSON.stringify({ type: 'object' }));
  const manner = ['--access', 'edit', '--effort', 'low', '--system', 'be brief', '--model', 'opus', '-t', '77'];
  const attached = ['--attach', 'data.txt', '--schema', 'schema.json', '--label', 'first try'];
  const id = await submitted(sandbox, ...manner, ...attached, 'what now');
  await sidejob(sandbox, 'wait', id);
  const again = await sidejob(sandbox, 'retry', id, '--json');
  const job = JSON.parse(again.stdout);
  expect(job).toMatchObject({ retryOf: id, model: 'opus', label: 'first try', cwd: sandbox.project });
  expect(job.continues).toBeUndefined();
  expect(again.stderr).toContain(`${id} once more, in ${sandbox.project}\n`);

  const [before, after] = await Promise.all(
    [id, job.jobId].map(async (each) => echoIn(String((await shown(sandbox, each)).answer))),
  );
  const args = (echo: typeof before) => echo?.argv.map((arg) => arg.replace(/^--session-id=.*/, '--session-id=…'));
  expect(args(after)).toEqual(args(before));
  expect(after).toMatchObject({ bytes: before?.bytes, sha256: before?.sha256 });
});

test('a retried job names no model that was only reported, and its prompt asks for a schema once', async ({
  sandbox,
}) => {
  await writeFile(join(sandbox.project, 'schema.json'), JSON.stringify({ type: 'object' }));
  // Gemini has no flag for a schema.
  const first = await sidejob(sandbox, 'run', '-p', 'gemini', '--schema', 'schema.json', '--json', asks({ say: '{}' }));
  const { jobId } = JSON.parse(first.stdout);
  const again = JSON.parse((await sidejob(sandbox, 'retry', jobId, '--json')).stdout);
  const prompts = await Promise.all(
    [jobId, again.jobId].map(async (id) => (await sidejob(sandbox, 'result', id, '--view', 'prompt')).stdout),
  );
  expect(prompts[1]).toBe(prompts[0]);

  const plain = JSON.parse((await sidejob(sandbox, 'run', '-p', 'claude', '--json', 'what now')).stdout);
  expect(plain.model).toBe('claude-posing');
  const retried = JSON.parse((await sidejob(sandbox, 'retry', plain.jobId, '--json')).stdout);
  expect(echoIn(retried.answer).argv.join(' ')).not.toContain('--model');
});

test('continue goes on with the conversation, with the access that it had', async ({ sandbox }) => {
  const first = JSON.parse((await sidejob(sandbox, 'run', '-p', 'claude', '--access', 'edit', '--json', 'one')).stdout);
  const next = JSON.parse((await sidejob(sandbox, 'continue', first.jobId.slice(0, -1), 'two', '--json')).stdout);
  expect(next).toMatchObject({ continues: first.jobId, sessionId: first.sessionId });
  expect(echoIn(next.answer).argv).toEqual(expect.arrayContaining([`--resume=${first.sessionId}`, 'acceptEdits']));
  // A retry of it goes on as well.
  const again = JSON.parse((await sidejob(sandbox, 'retry', next.jobId, '--json')).stdout);
  expect(again).toMatchObject({ continues: next.jobId, sessionId: first.sessionId });
  expect(await sidejob(sandbox, 'continue', first.jobId)).toMatchObject({ status: 2 });
});

test('the same question while it is under way is the same job, unless it is to be fresh', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const prompt = asks({ gate }, { say: 'x' });
  const id = await submitted(sandbox, prompt);
  const second = await sidejob(sandbox, 'submit', '-p', 'claude', prompt);
  expect(second).toMatchObject({
    stdout: `${id}\n`,
    stderr: expect.stringContaining('and goes on; --fresh asks anew'),
  });
  const other = await submitted(sandbox, prompt, '--fresh');
  expect(other).not.toBe(id);
  await sandbox.open(gate);
  await sidejob(sandbox, 'wait', id, other);
});

test('inside a job, a policy that is in force is not to be got around here', async ({ sandbox }) => {
  const inside = { env: { SIDEJOB_DEPTH: '1' } };
  const free = await startSidejob(sandbox, ['run', '-p', 'claude', asks({ say: 'x' })], inside).ended;
  expect(free).toMatchObject({ status: 0, stdout: 'x\n' });
  await sidejob(sandbox, 'policy', 'init', 'open');
  for (const args of [
    ['run', '-p', 'claude', 'y'],
    ['retry', 'claude'],
    ['cancel', 'claude'],
  ]) {
    const { status, stderr } = await startSidejob(sandbox, args, inside).ended;
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('access_denied') });
  }
  // A person is not governed by it.
  expect(await sidejob(sandbox, 'run', '-p', 'claude', asks({ say: 'z' }))).toMatchObject({ status: 0, stdout: 'z\n' });
});

test('the boundaries of the owner hold, "." being the project around the folder one is in', async ({ sandbox }) => {
  const env = { SIDEJOB_ROOTS: '.', SIDEJOB_MAX_ACCESS: 'read-only' };
  const run = (...args: string[]) => startSidejob(sandbox, ['run', '-p', 'claude', ...args], { env }).ended;
  expect(await run(asks({ say: 'here' }))).toMatchObject({ status: 0, stdout: 'here\n' });
  expect(await run('x', '--cwd', '..')).toMatchObject({ status: 1, stderr: expect.stringContaining('outside_roots') });
  expect(await run('x', '--access', 'edit')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('access_denied'),
  });
  const secret = join(sandbox.root, 'secret');
  await writeFile(secret, 'x');
  expect(await run('x', '-a', '../secret')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('outside_roots'),
  });
  expect(await readFile(secret, 'utf8')).toBe('x');
});

linuxTest('an answer that cannot be written is an error, and stays unread', async ({ sandbox }) => {
  const id = (await sidejob(sandbox, 'submit', '-p', 'claude', asks({ say: 'forty-two' }))).stdout.trim();
  await sidejob(sandbox, 'wait', id);
  const full = await open('/dev/full', 'w');
  const { command, args, env, cwd } = sandbox.parameters();
  const child = spawn(command, [...args, 'result', id], { env, cwd, stdio: ['ignore', full.fd, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const [status] = await once(child, 'close');
  await full.close();
  expect(status).toBe(1);
  expect(said).toMatch(/^sidejob: the output cannot be written: /);
  expect(JSON.parse((await sidejob(sandbox, 'show', id, '--json')).stdout)).toMatchObject({ unread: true });
});

const VERDICT = {
  ...{ agreement: ['Both answer.'], openPoints: [], recommendation: 'Take both.' },
  differences: [
    {
      point: 'Words',
      positions: [
        { answer: 'A', quote: 'forty' },
        { answer: 'B', quote: 'forty' },
      ],
    },
  ],
};

test('run --judge shows the answers, and then the verdict; a panel and a stance have a name here, too', async ({
  sandbox,
}) => {
  await mkdir(join(sandbox.home, 'stances'), { recursive: true, mode: 0o700 });
  await writeFile(join(sandbox.home, 'config.toml'), '[panels]\nduo = ["claude", "codex"]\n');
  await writeFile(join(sandbox.home, 'stances', 'dry.md'), 'Ask dryly.\n\n## Judging\n\nWeigh dryly.\n');
  const prompt = asksJudged([{ say: 'forty-two' }], [{ say: JSON.stringify(VERDICT) }]);
  const ran = await sidejob(sandbox, 'run', '-p', 'duo', '--judge', 'auto', '--stance', 'dry', prompt);
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/^## (claude|codex) \(\1-\w{8}\)\n\nforty-two\n/);
  const verdict = ran.stdout.slice(ran.stdout.indexOf('## judge: gemini'));
  expect(verdict.split('\n').slice(2, 9)).toEqual([
    ...['Recommendation: Take both.', 'All say:', '- Both answer.', 'They differ:', '- Words'],
    expect.stringMatching(/^ {2}A \((claude|codex)\): "forty"$/),
    expect.stringMatching(/^ {2}B \((claude|codex)\): "forty"$/),
  ]);
  expect(verdict).toMatch(/\nWeighed: A (claude|codex)-\w{8}, B (claude|codex)-\w{8}\.\n/);
  const judge = /gemini-\w{8}/.exec(verdict)?.[0] ?? '';
  const asked = await readFile(join(sandbox.home, 'jobs', judge, 'prompt'), 'utf8');
  expect(asked).toContain('How to weigh:\nWeigh dryly.');
  const group = (await shown(sandbox, judge)).groupId as string;
  expect((await sidejob(sandbox, 'list', '--all')).stdout).toMatch(new RegExp(`^${judge} .*judge of ${group}`, 'm'));
  expect((await sidejob(sandbox, 'show', judge)).stdout).toContain('Recommendation: Take both.');
  expect(await shown(sandbox, judge)).toMatchObject({ role: 'judge', structured: { recommendation: 'Take both.' } });

  // Once more, and of answers that are there.
  const again = await sidejob(sandbox, 'retry', judge);
  expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Recommendation: Take both\./) });
  const later = await sidejob(sandbox, 'run', '--judge', 'claude', '-a', `job:${group}`, 'Who is right?');
  expect(later.stdout).toMatch(/^Recommendation: Take both\./);
  const plain = await sidejob(sandbox, 'run', '-p', 'claude', '--stance', 'dry', '--json', asks({ echo: true }));
  const { jobId } = JSON.parse(plain.stdout);
  expect(await readFile(join(sandbox.home, 'jobs', jobId, 'prompt'), 'utf8')).toMatch(/^Ask dryly\.\n\n---\n\n#steps /);
});

test.for([
  [['-p', 'claude', '--judge', 'codex', 'x'], /--judge weighs the answers of several\. Ask several \(-p a,b\)/],
  [['--judge', 'codex', 'x'], /--judge weighs the answers of several\./],
  [['-p', 'claude,codex', '--judge', 'codx', 'x'], /no provider "codx"\. codex\?/],
  [['-p', 'claude', '--stance', 'rad-team', 'x'], /no stance "rad-team"\. red-team\?/],
] as const)('run %s is refused, and nothing is started', async ([args, why], { sandbox }) => {
  const { status, stderr } = await sidejob(sandbox, 'run', ...args);
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(why);
  expect(JSON.parse((await sidejob(sandbox, 'list', '--all', '--json')).stdout)).toEqual([]);
});
