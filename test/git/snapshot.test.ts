// The files of a checkout as a tree: whatever its index says, and without touching it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRepository } from '../../src/git/repository.js';
import { snapshot } from '../../src/git/snapshot.js';
import { GIT_ENV, type TestRepository, testRepository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';

async function take({ folder }: TestRepository, only?: ReadonlySet<string>) {
  const { place, gitDir } = await openRepository(folder, GIT_ENV);
  const index = join(await tempFolder(), 'index');
  return snapshot({ place, from: join(gitDir, 'index'), index, ...(only && { only }) });
}

test('a file that changed in the second in which the index was written, and is as long as before, is seen', async () => {
  for (let n = 0; n < 5; n += 1) {
    const repository = await testRepository({ file: 'one\n' });
    await repository.write({ file: 'two\n' });
    const { tree } = await take(repository);
    expect(repository.git('show', `${tree}:file`)).toBe('two');
  }
});

test('the index stays as it is, byte by byte', async () => {
  const repository = await testRepository({ a: '1\n', b: '1\n', '.gitignore': 'ignored\n' });
  await repository.write({ a: '2\n', staged: 's\n', new: 'n\n', ignored: 'i\n' });
  repository.git('add', 'staged');
  await rm(join(repository.folder, 'b'));
  const before = await readFile(join(repository.folder, '.git/index'));
  const { tree, left } = await take(repository);
  expect(repository.git('ls-tree', '--name-only', tree).split('\n')).toEqual(['.gitignore', 'a', 'new', 'staged']);
  expect(left).toEqual([]);
  expect(await readFile(join(repository.folder, '.git/index'))).toEqual(before);
});

test('only what is asked for is looked at, and then ignored files, too', async () => {
  const repository = await testRepository({ a: '1\n', b: '1\n', '.gitignore': 'ignored\n' });
  await repository.write({ a: '2\n', b: '2\n', new: 'n\n', ignored: 'i\n' });
  const { tree } = await take(repository, new Set(['a', 'ignored', 'not-there']));
  expect(repository.git('ls-tree', '--name-only', tree).split('\n')).toEqual(['.gitignore', 'a', 'b', 'ignored']);
  expect(repository.git('show', `${tree}:b`)).toBe('1');
});

test('files that are data by mistake are refused', async () => {
  const repository = await testRepository({ a: '1\n' });
  await writeFile(join(repository.folder, 'data'), '');
  const { truncate } = await import('node:fs/promises');
  await truncate(join(repository.folder, 'data'), 1024 ** 3 + 1);
  await expect(take(repository)).rejects.toMatchObject({ code: 'bad_argument', message: /1024 MB/ });
});
