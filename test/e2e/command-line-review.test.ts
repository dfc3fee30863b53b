// `sidejob review`: what a person types, sees, and gets back later.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob, startSidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { FIRST, NOTHING_FOUND, plantFaults, SECOND } from '../support/planted.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const said = { claude: JSON.stringify(FIRST), gemini: JSON.stringify(SECOND), codex: JSON.stringify(NOTHING_FOUND) };
const ABOUT = asks({ sayOf: said });

async function planted(sandbox: Sandbox) {
  await sandbox.install('git');
  return plantFaults(sandbox.project);
}

test('each finding with its place, as the person would name it, and the whole at the end', async ({ sandbox }) => {
  await planted(sandbox);
  const cwd = join(sandbox.project, 'deep');
  await mkdir(cwd);
  const args = ['review', '-p', 'claude,gemini', '-p', 'codex', '--about', ABOUT];
  const { status, stdout, stderr } = await startSidejob(sandbox, args, { cwd }).ended;
  expect(stdout).toBe(
    [
      'critical  ../src/cart.js:3  claude, gemini',
      '  The loop runs one step too far and reads undefined.',
      '  | i <= items.length',
      '',
      'major  ../src/page.js:3  gemini',
      '  total() throws now, and nobody here catches it.',
      '  | total(items).toFixed(2)',
      '',
      'minor  ../src/session.js:2  claude',
      '  The token is compared in a time that tells how much of it is right.',
      '  | token == known',
      '',
      'Review of 3 files against HEAD (what is not committed): 3 findings by claude, gemini; no findings by codex; 2 dropped, whose file or line does not exist (gemini 2).',
      '',
    ].join('\n'),
  );
  for (const cli of ['claude', 'codex', 'gemini']) {
    expect(stderr.match(new RegExp(`^${cli}-\\w{8} completed, `, 'gm'))).toHaveLength(1);
  }
  expect(status).toBe(0);
});

test('what is found can decide the exit status; who is not heard does, too', async ({ sandbox }) => {
  await planted(sandbox);
  const review = (...args: string[]) => sidejob(sandbox, 'review', '--about', ABOUT, ...args);
  expect((await review('-p', 'claude', '--fail-on', 'major')).status).toBe(6);
  expect((await review('-p', 'claude', '--fail-on', 'critical')).status).toBe(0);
  expect((await review('-p', 'codex', '--fail-on', 'nit')).status).toBe(0);
  const lost = await review('-p', 'codex,qwen', '--json');
  expect(lost.status).toBe(1);
  expect(JSON.parse(lost.stdout)).toMatchObject({
    ...{ folder: sandbox.project, files: 3, findings: [] },
    reviewers: [{ name: 'codex' }, { name: 'qwen', missing: 'not_installed' }],
  });
  const wrong = await review('--fail-on', 'bad');
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('--fail-on bad: there are critical, ') });
  expect((await review('--fail-on', 'nit', '--detach')).status).toBe(2);
});

test('left to itself, its group has the findings later', async ({ sandbox }) => {
  await planted(sandbox);
  const gate = sandbox.gate();
  const about = asks({ gate }, { sayOf: said });
  const paths = ['src/cart.js', 'src/new.js'];
  const detached = await sidejob(sandbox, 'review', '-d', '-p', 'claude,gemini', '--about', about, ...paths);
  expect(detached.status).toBe(0);
  const group = detached.stdout.trim();
  expect(group).toMatch(/^group-\w{8}$/);
  const early = await sidejob(sandbox, 'result', group);
  expect(early).toMatchObject({ status: 5, stdout: expect.stringContaining('2 files against') });
  expect(early.stdout).toContain('still going on: claude, gemini.');
  await sandbox.open(gate);
  const waited = await sidejob(sandbox, 'wait', group);
  expect(waited.status).toBe(0);
  // Of the first, the file that was not asked about is one that is there all the same.
  expect(waited.stdout).toMatch(/^Review of 2 files against .*: 3 findings by claude, gemini; 2 dropped/m);
  const result = await sidejob(sandbox, 'result', group);
  expect(result.stdout).toContain('critical  src/cart.js:3  claude, gemini\n');
  expect(result.status).toBe(0);
  const { findings } = JSON.parse((await sidejob(sandbox, 'result', group, '--json')).stdout);
  expect(findings[0]).toMatchObject({ agreedBy: ['claude', 'gemini'], sources: [{}, {}] });
  expect((await sidejob(sandbox, 'list')).stdout).not.toContain('claude-');
});

test('interrupted without a terminal it goes on by itself', async ({ sandbox }) => {
  await planted(sandbox);
  const [gate, reached] = [sandbox.gate(), sandbox.gate()];
  const about = asks({ reached }, { gate }, { sayOf: said });
  const running = startSidejob(sandbox, ['review', '-p', 'claude', '--about', about]);
  await until('the reviewer is at it', async () => existsSync(reached));
  running.child.kill('SIGINT');
  const { status, stderr } = await running.ended;
  expect(status).toBe(130);
  const [id = ''] = /claude-\w{8}(?= goes on)/.exec(stderr) ?? [];
  await sandbox.open(gate);
  await sidejob(sandbox, 'wait', id);
  expect((await sidejob(sandbox, 'result', id)).stdout).toContain('2 findings by claude.');
  expect((await sidejob(sandbox, 'show', id)).stdout).toMatch(/^status +completed$[\s\S]*^major {2}src\/cart\.js:3$/m);
  // Its raw answer, and the same once more.
  expect(JSON.parse((await sidejob(sandbox, 'result', id, '--view', 'answer')).stdout)).toEqual(FIRST);
  const again = await sidejob(sandbox, 'retry', id, '-d');
  await sidejob(sandbox, 'wait', again.stdout.trim());
  expect((await sidejob(sandbox, 'result', again.stdout.trim())).stdout).toContain('2 findings by claude.');
});

test('with nothing to review it says so, and starts nothing', async ({ sandbox }) => {
  const outside = await sidejob(sandbox, 'review');
  expect(outside).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('git was not found') });
  const repository = await planted(sandbox);
  await repository.commit({});
  const { status, stderr } = await sidejob(sandbox, 'review', '-p', 'claude');
  expect(stderr).toMatch(
    /^sidejob: no_changes: nothing has changed in .*\. Name another base, .* Nothing was started\.$/m,
  );
  expect(status).toBe(1);
  expect((await sidejob(sandbox, 'review', '../elsewhere')).status).toBe(2);
  expect(JSON.parse((await sidejob(sandbox, 'list', '--all', '--json')).stdout)).toEqual([]);
});

test('the Tab key offers its options, severities and files', async ({ sandbox }) => {
  const complete = async (...words: string[]) => (await sidejob(sandbox, '__complete', 'review', ...words)).stdout;
  expect(await complete('--f')).toContain('--fail-on\t');
  expect(await complete('--fail-on', 'm')).toBe('major\nminor\n');
  expect(await complete('')).toBe(':files\n');
});
