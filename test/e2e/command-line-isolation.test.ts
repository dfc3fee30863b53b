// A person at work with isolated jobs: run, diff, apply, discard, prune.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob, startSidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { testRepository } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const PROMPT = asks(
  { write: { path: 'a.txt', text: 'theirs\n' } },
  { write: { path: 'new.txt', text: 'new\n' } },
  { say: 'done' },
);

async function ran(sandbox: Sandbox, ...options: string[]): Promise<{ id: string; stderr: string }> {
  const { stderr, status } = await sidejob(
    sandbox,
    'run',
    PROMPT,
    '-p',
    'claude',
    '--access',
    'edit',
    '--fresh',
    ...options,
  );
  expect(status, stderr).toBe(0);
  return { id: /claude-\w{8}/.exec(stderr)?.[0] ?? '', stderr };
}

test('run, diff, apply', async ({ sandbox }) => {
  await sandbox.install('git');
  const { git } = await testRepository({ 'a.txt': 'a\n' }, sandbox.project);
  const { id, stderr } = await ran(sandbox, '--isolate');
  expect(stderr).toContain(`sidejob/${id}, 2 files +2 -1, not applied; "sidejob diff ${id}" shows it\n`);

  const diff = await sidejob(sandbox, 'diff', id);
  expect(diff.stdout).toMatch(
    /^2 files \+2 -1\nM a\.txt \+1 -1\nA new\.txt \+1 -0\n\ndiff --git a\/a\.txt b\/a\.txt\n[\s\S]*-a\n\+theirs\n/,
  );
  expect((await sidejob(sandbox, 'diff', id, '--stat')).stdout).toBe('2 files +2 -1\nM a.txt +1 -1\nA new.txt +1 -0\n');
  const coloured = await startSidejob(sandbox, ['diff', id], { env: { FORCE_COLOR: '1' } }).ended;
  expect(coloured.status).toBe(0);
  expect(JSON.parse((await sidejob(sandbox, 'diff', id, '--json')).stdout)).toMatchObject({
    ...{ jobId: id, branch: `sidejob/${id}`, state: 'made', patch: expect.stringContaining('+theirs') },
    files: [
      { path: 'a.txt', status: 'modified', added: 1, removed: 1 },
      { path: 'new.txt', status: 'added', added: 1, removed: 0 },
    ],
  });
  expect((await sidejob(sandbox, 'list', '--all')).stdout).toMatch(/2 files \+2 -1, not applied/);
  expect((await sidejob(sandbox, 'show', id)).stdout).toContain(join(sandbox.home, 'worktrees', id));

  // git takes it as it is.
  await writeFile(join(sandbox.root, 'job.patch'), diff.stdout);
  git('apply', '--check', join(sandbox.root, 'job.patch'));

  await writeFile(join(sandbox.project, 'a.txt'), 'mine\n');
  const conflict = await sidejob(sandbox, 'apply', id);
  expect(conflict).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^sidejob: conflict: 1 file changed on both sides: a\.txt\./),
  });
  git('checkout', '-q', 'a.txt');
  const applied = await sidejob(sandbox, 'apply', id, '--json');
  expect(JSON.parse(applied.stdout)).toMatchObject({
    jobId: id,
    applied: true,
    files: [{ path: 'a.txt' }, { path: 'new.txt' }],
  });
  expect(await readFile(join(sandbox.project, 'a.txt'), 'utf8')).toBe('theirs\n');
  expect((await sidejob(sandbox, 'apply', id)).stdout).toMatch(/nothing to do, it was applied at/);
});

test('several who look at once all see the same, whoever captures it first', async ({ sandbox }) => {
  await sandbox.install('git');
  await testRepository({ 'a.txt': 'a\n' }, sandbox.project);
  const { id } = await ran(sandbox, '--isolate');
  // It takes a moment to pack, so that they meet.
  await writeFile(join(sandbox.home, 'worktrees', id, 'later\u202egpj.sh'), randomBytes(8_000_000));
  const looks = await Promise.all([1, 2, 3, 4].map(() => sidejob(sandbox, 'diff', id, '--stat')));
  for (const { stdout, stderr } of looks) expect(stdout, stderr).toMatch(/^3 files \+2 -1\n.*later\\u\{202e\}gpj\.sh/s);
});

test('with changes, discard, prune', async ({ sandbox }) => {
  await sandbox.install('git');
  const { git, write } = await testRepository({ 'a.txt': 'a\n' }, sandbox.project);
  await write({ 'a.txt': 'mine\n' });
  const left = await ran(sandbox, '--isolate');
  expect(left.stderr).toMatch(/without 1 uncommitted file; --with-changes takes them along\./);
  const { id } = await ran(sandbox, '--with-changes');
  expect((await sidejob(sandbox, 'diff', id)).stdout).toContain('-mine\n+theirs\n');

  const asked = await sidejob(sandbox, 'discard', id);
  expect(asked).toMatchObject({ status: 2, stderr: expect.stringContaining('no terminal to ask on') });
  const kept = await sidejob(sandbox, 'prune', '--yes', '--unread');
  expect(kept.stderr).toMatch(/^2 isolated jobs stay, .*--unmerged/);
  expect(kept.stdout).toBe('There is nothing to remove.\n');
  expect((await sidejob(sandbox, 'discard', id, '--yes')).stdout).toMatch(
    new RegExp(`^discarded sidejob/${id} with its worktree: 2 files`),
  );
  expect(await sidejob(sandbox, 'diff', id)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('were discarded'),
  });
  expect((await sidejob(sandbox, 'prune', '--yes', '--unread', '--unmerged')).stdout).toMatch(/^Removed 2 of them/);
  expect(git('branch', '--list', 'sidejob/*')).toBe('');
  expect(await readFile(join(sandbox.project, 'a.txt'), 'utf8')).toBe('mine\n');

  const plain = await sidejob(sandbox, 'run', 'x', '-p', 'claude', '--isolate');
  expect(plain).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Add --access edit, or leave out --isolate.'),
  });
});
