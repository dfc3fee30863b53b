// The one way in which git is run: nothing of a repository's is run with it, and what it refuses is said.
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasSubmodules, headOf, openRepository, resolveRef } from '../../src/git/repository.js';
import { git, gitList, gitText } from '../../src/git/run.js';
import { GIT_ENV, makeHostile, repositoryAt, testRepository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';

const env = GIT_ENV;

test('a folder of a checkout knows its repository', async () => {
  const { folder, git: run } = await testRepository({ 'a b/ü/file': 'x' });
  const repository = await openRepository(join(folder, 'a b/ü'), env);

  expect(repository).toMatchObject({ top: folder, prefix: 'a b/ü/', commonDir: join(folder, '.git') });
  expect(await headOf(repository)).toBe(run('rev-parse', 'HEAD'));
  expect(await resolveRef(repository.place, 'refs/heads/none')).toBeUndefined();
  expect(await resolveRef(repository.place, '--all')).toBeUndefined();
  expect(await hasSubmodules(repository.place, 'HEAD')).toBe(false);
});

test('a second worktree shares the repository of the first', async () => {
  const { folder, git: run } = await testRepository({ file: 'x' });
  const second = join(await tempFolder(), 'second');
  run('worktree', 'add', '-q', second);

  const repository = await openRepository(second, env);
  expect(repository).toMatchObject({ top: second, commonDir: join(folder, '.git') });
  expect(repository.gitDir).toBe(join(folder, '.git/worktrees/second'));
});

test('where there is no checkout, it is said', async () => {
  const folder = await tempFolder();
  await expect(openRepository(folder, env)).rejects.toMatchObject({ code: 'no_repository', message: /is in no git/ });
  const bare = repositoryAt(folder);
  bare.git('init', '-q', '--bare');
  await expect(openRepository(folder, env)).rejects.toMatchObject({ code: 'no_repository', message: /bare/ });
  const empty = repositoryAt(await tempFolder());
  empty.git('init', '-q');
  const repository = await openRepository(empty.folder, env);
  await expect(headOf(repository)).rejects.toMatchObject({ code: 'no_repository', message: /no commit yet/ });
  await expect(openRepository(join(empty.folder, '.git'), env)).rejects.toMatchObject({ code: 'no_repository' });
});

test('without git, it is said what to install', async () => {
  const { folder } = await testRepository();
  for (const PATH of ['', await tempFolder(), '.']) {
    await expect(openRepository(folder, { ...env, PATH })).rejects.toMatchObject({ code: 'not_installed' });
  }
});

test('a shallow clone and a repository with submodules are read like any other', async () => {
  const inner = await testRepository({ file: 'inner' });
  const outer = await testRepository({ file: 'one' });
  await outer.commit({ file: 'two' });
  outer.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.folder, 'sub');
  await outer.commit({});
  const parent = await tempFolder();
  repositoryAt(parent).git('clone', '-q', '--depth=1', `file://${outer.folder}`, 'shallow');

  const { place } = await openRepository(join(parent, 'shallow'), env);
  expect(await gitText(place, ['rev-parse', '--is-shallow-repository'])).toBe('true');
  expect(await hasSubmodules(place, 'HEAD')).toBe(true);
  expect(await gitList(place, ['ls-tree', '-r', '-z', '--name-only', 'HEAD'])).toEqual(['.gitmodules', 'file', 'sub']);
});

test('nothing that a repository names is run', async () => {
  const repository = await testRepository({ file: 'one\n' });
  const marker = join(await tempFolder(), 'marker');
  await makeHostile(repository, marker);
  await repository.write({ file: 'two\n', added: 'x\n' });

  const { place } = await openRepository(repository.folder, env);
  await git(place, ['add', '-A']);
  await git(place, ['status']);
  const tree = await gitText(place, ['write-tree']);
  const commit = await gitText(place, ['commit-tree', tree, '-p', 'HEAD', '-m', 'x']);
  await git(place, ['update-ref', 'refs/sidejob/x/base', commit]);
  const patch = await gitText(place, ['diff', '--no-ext-diff', '--no-textconv', 'HEAD', commit]);
  await git(place, ['merge-tree', '--write-tree', 'HEAD', commit], { exits: [0, 1] });
  await git(place, ['worktree', 'add', '-q', join(await tempFolder(), 'there'), commit]);

  expect(patch).toContain('+two');
  await expect(access(marker)).rejects.toThrow('ENOENT');
});

test('the environment of this process leads git nowhere', async () => {
  const { folder } = await testRepository({ file: 'x' });
  const other = await testRepository({ other: 'x' });
  const led = { ...env, GIT_DIR: join(other.folder, '.git'), GIT_INDEX_FILE: '/nonexistent/index', LC_ALL: 'de_DE' };
  const { top, place } = await openRepository(folder, led);

  expect(top).toBe(folder);
  expect(await gitList(place, ['ls-files', '-z'])).toEqual(['file']);
});

test('output is bounded, and a command that takes too long is ended', async () => {
  const { folder } = await testRepository({ file: 'x'.repeat(10_000) });
  const { place } = await openRepository(folder, env);
  const cut = await git(place, ['cat-file', 'blob', 'HEAD:file'], { maxBytes: 1000, cut: true });
  expect(cut).toMatchObject({ cut: true });
  expect(cut.stdout).toHaveLength(1000);
  await expect(git(place, ['cat-file', 'blob', 'HEAD:file'], { maxBytes: 1000 })).rejects.toMatchObject({
    code: 'git_failed',
    message: /too much/,
  });

  const slow = await tempFolder();
  await writeFile(join(slow, 'git'), '#!/bin/sh\nexec /bin/sleep 30\n', { mode: 0o755 });
  const began = performance.now();
  const waiting = git({ cwd: folder, env: { ...env, PATH: slow } }, ['status'], { timeoutSec: 0.3 });
  await expect(waiting).rejects.toMatchObject({ code: 'git_failed', message: /took more than/ });
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('what git refuses is said with its own words', async () => {
  const { folder } = await testRepository({ file: 'x' });
  const { place } = await openRepository(folder, env);
  await expect(git(place, ['read-tree', 'nonsense'])).rejects.toMatchObject({
    code: 'git_failed',
    message: /nonsense/,
  });
  await expect(git(place, ['no-such-command'])).rejects.toMatchObject({ message: 'this git is too old.' });
  await mkdir(join(folder, 'closed'));
  if (process.getuid?.() === 0) return;
  await chmod(join(folder, '.git/objects'), 0o500);
  try {
    await expect(git(place, ['hash-object', '-w', '--stdin'], { input: 'new' })).rejects.toMatchObject({
      message: /may not write/,
    });
  } finally {
    await chmod(join(folder, '.git/objects'), 0o700);
  }
});
