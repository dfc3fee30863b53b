// Worktrees as git keeps them.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { openRepository } from '../../src/git/repository.js';
import { addWorktree, removeWorktree } from '../../src/git/worktree.js';
import { GIT_ENV, testRepository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';

test('a worktree is found, and removed, also where git keeps its place by a relative path', async () => {
  const { folder, git } = await testRepository({ file: 'x' });
  git('branch', 'one');
  const { place, commonDir } = await openRepository(folder, GIT_ENV);
  const path = join(await tempFolder(), 'one');
  const admin = await addWorktree(place, commonDir, path, 'one');
  // As git 2.48 and later do with worktree.useRelativePaths.
  await writeFile(join(admin, 'gitdir'), `${relative(admin, join(path, '.git'))}\n`);

  await removeWorktree(commonDir, path);
  expect(existsSync(admin)).toBe(false);
  expect(existsSync(path)).toBe(false);
});
