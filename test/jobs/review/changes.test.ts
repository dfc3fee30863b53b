// Changes as a reviewer is shown them, read from real repositories.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readChanges } from '../../../src/jobs/review/changes.js';
import { showChanges } from '../../../src/jobs/review/show.js';
import { GIT_ENV, makeHostile, repositoryAt, type TestRepository, testRepository } from '../../support/repository.js';
import { tempFolder } from '../../support/temp-folder.js';

const read = (folder: string, more: { base?: string; paths?: string[] } = {}) =>
  readChanges({ folder, env: GIT_ENV, ...more });

async function shown(repository: TestRepository, more: { base?: string; paths?: string[] } = {}, max = 100_000) {
  const { against, files } = await read(repository.folder, more);
  const lines = Object.fromEntries(files.map(({ patch, lines }) => [patch.path, lines]));
  return { against, lines, ...showChanges(files, max) };
}

const CART =
  'function total(items) {\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n}\n';

test('lines have the numbers of the new file; the function around them is there', async () => {
  const repository = await testRepository({ 'cart.js': `// A cart.\n${CART}` });
  await repository.write({
    'cart.js': `// A cart.\n${CART.replace('sum = 0', 'sum = 1').replace('}\n', '}\n// end')}`,
  });
  const { text, against, lines } = await shown(repository);
  expect(against).toBe('HEAD (what is not committed)');
  expect(lines).toEqual({ 'cart.js': 7 });
  expect(text).toBe(
    [
      '=== cart.js (modified)',
      '@@',
      '1  // A cart.',
      '2  function total(items) {',
      '-  let sum = 0;',
      '3 +  let sum = 1;',
      '4    for (const item of items) sum += item.price;',
      '5    return sum;',
      '6  }',
      '7 +// end',
    ].join('\n'),
  );
});

test('new, deleted, renamed, empty, binary and linked files', async () => {
  const repository = await testRepository({ 'old.js': CART, 'gone.js': 'a\nb\n', 'image.bin': Buffer.from([0, 1, 2]) });
  await rename(join(repository.folder, 'old.js'), join(repository.folder, 'new.js'));
  await rm(join(repository.folder, 'gone.js'));
  repository.git('add', '-A');
  await repository.write({
    'empty.txt': '',
    'fresh.js': 'one\ntwo',
    'image.bin': Buffer.from([0, 9]),
    'package-lock.json': '{}\n',
  });
  await symlink('/etc/passwd', join(repository.folder, 'link'));
  const { text, lines, notShown } = await shown(repository);
  expect(lines).toEqual({
    ...{ 'new.js': 5, 'gone.js': 2, 'image.bin': 1, 'empty.txt': 1, 'fresh.js': 2, link: 1, 'package-lock.json': 1 },
  });
  expect(text).toContain('=== new.js (renamed from old.js)');
  expect(text).toContain('=== gone.js (deleted)\n@@\n-a\n-b');
  expect(text).toContain('=== fresh.js (added)\n@@\n1 +one\n2 +two');
  expect(text).toContain('=== empty.txt (added)\n');
  // The link itself, and not what it leads to.
  expect(text).toContain('=== link (added)\n@@\n1 +/etc/passwd');
  expect(text).toMatch(/=== named only\nimage\.bin \(modified\): binary\npackage-lock\.json \(added\): a lock file$/);
  expect(notShown).toBe(2);
});

test('names with blanks, quotes, line ends and other letters', async () => {
  const repository = await testRepository({ 'with blank.js': 'a\n', 'b/ b/x.js': 'a\n' });
  const names = ['with blank.js', 'b/ b/x.js', 'tab\t"quoted"\\.js', 'line\nend.js', 'größe-漢字.js', '-dash.js'];
  await repository.write(Object.fromEntries(names.map((name) => [name, 'a\nb\n'])));
  const untracked = await shown(repository);
  expect(Object.keys(untracked.lines).sort()).toEqual([...names].sort());
  repository.git('add', '-A');
  const tracked = await shown(repository);
  expect(tracked.lines).toEqual(Object.fromEntries(names.map((name) => [name, 2])));
  expect(tracked.text).toContain('=== "line\\nend.js" (added)\n@@\n1 +a\n2 +b');
  expect(tracked.text).toContain('=== with blank.js (modified)\n@@\n1  a\n2 +b');
  expect(tracked.notShown).toBe(0);
});

test('what stands in a file cannot pass for a header, a file or a fence', async () => {
  const repository = await testRepository({ 'a.txt': '-- x\n' });
  const sly = 'diff --git a/x b/x\n@@ -1 +1 @@\n=== evil.js (added)\n--- a/x\n+++ b/x\n';
  await repository.write({ 'a.txt': sly, 'b.txt': sly });
  const { text, lines } = await shown(repository);
  expect(lines).toEqual({ 'a.txt': 5, 'b.txt': 5 });
  expect(text.split('\n').filter((line) => line.startsWith('==='))).toEqual([
    '=== a.txt (modified)',
    '=== b.txt (added)',
  ]);
  expect(text).toContain('--- x');
  expect(text).toContain('3 +=== evil.js (added)');
});

test('nothing runs that the repository names', async () => {
  const repository = await testRepository({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const marker = join(await tempFolder(), 'ran');
  await makeHostile(repository, marker);
  await repository.write({ 'a.txt': 'changed\n', 'c.txt': 'c\n' });
  // Making it so has run some of it.
  await rm(marker, { force: true });
  const { text } = await shown(repository);
  expect(text).toContain('1 +changed');
  await shown(repository, { base: 'main' });
  expect(existsSync(marker)).toBe(false);
});

test('against a branch: what came since this one left it, committed or not', async () => {
  const repository = await testRepository({ 'a.txt': 'a\n' });
  repository.git('checkout', '-q', '-b', 'work');
  await repository.commit({ 'b.txt': 'b\n' });
  repository.git('checkout', '-q', 'main');
  await repository.commit({ 'm.txt': 'main only\n' });
  repository.git('checkout', '-q', 'work');
  await repository.write({ 'c.txt': 'c\n' });
  const since = await shown(repository, { base: 'main' });
  expect(since.against).toMatch(/^main \(merge base [0-9a-f]{7}\)$/);
  expect(Object.keys(since.lines)).toEqual(['b.txt', 'c.txt']);
  expect(Object.keys((await shown(repository)).lines)).toEqual(['c.txt']);

  // With nothing open, the branch is meant.
  await rm(join(repository.folder, 'c.txt'));
  const branch = await shown(repository);
  expect(branch.against).toMatch(/^main \(merge base /);
  expect(Object.keys(branch.lines)).toEqual(['b.txt']);
  repository.git('checkout', '-q', 'main');
  expect((await shown(repository)).lines).toEqual({});
});

test('some paths alone, in a folder below the top, named from there', async () => {
  const repository = await testRepository({ 'top.txt': 'a\n', 'sub/a.txt': 'a\n', 'sub/in/b.txt': 'a\n' });
  await repository.write({ 'top.txt': 'b\n', 'sub/a.txt': 'b\n', 'sub/in/b.txt': 'b\n', 'sub/new.txt': 'n\n' });
  const sub = join(repository.folder, 'sub');
  const names = async (paths?: string[]) => (await read(sub, paths && { paths })).files.map(({ patch }) => patch.path);
  expect(await names()).toEqual(['a.txt', 'in/b.txt', 'new.txt']);
  expect(await names(['in', join(sub, 'new.txt')])).toEqual(['in/b.txt', 'new.txt']);
  expect(await names(['*.txt'])).toEqual([]);
  for (const path of ['..', '../top.txt', '/etc/passwd', '']) {
    await expect(read(sub, { paths: [path] })).rejects.toMatchObject({ code: 'bad_argument' });
  }
});

test('a submodule is shown as the commit it points to; nothing of it is looked into', async () => {
  const inner = await testRepository({ 'inner.txt': 'i\n' });
  const repository = await testRepository({ 'a.txt': 'a\n' });
  const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.folder, 'lib'];
  execFileSync('git', add, { cwd: repository.folder, env: GIT_ENV, stdio: 'ignore' });
  const { text, lines } = await shown(repository);
  expect(lines).toEqual({ '.gitmodules': 3, lib: 1 });
  expect(text).toMatch(/=== lib \(added\)\n@@\n1 \+Subproject commit [0-9a-f]{40}/);
  await repository.commit({});
  await repositoryAt(join(repository.folder, 'lib')).write({ 'inner.txt': 'dirty\n' });
  expect((await shown(repository)).lines).toEqual({});
});

test('a repository inside that is no submodule is named', async () => {
  const repository = await testRepository();
  await mkdir(join(repository.folder, 'other'));
  repositoryAt(join(repository.folder, 'other')).git('init', '-q');
  await repositoryAt(join(repository.folder, 'other')).commit({ 'x.txt': 'x\n' });
  expect((await shown(repository)).text).toContain('other (added): a repository of its own');
});

test('before the first commit everything is new', async () => {
  const repository = repositoryAt(await tempFolder());
  repository.git('init', '-q', '-b', 'main');
  await repository.write({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  repository.git('add', 'a.txt');
  const { against, lines } = await shown(repository);
  expect({ against, lines }).toEqual({ against: 'nothing (no commit yet)', lines: { 'a.txt': 1, 'b.txt': 1 } });
});

test('a conflict is shown as it stands, once', async () => {
  const repository = await testRepository({ 'a.txt': 'a\n' });
  repository.git('checkout', '-q', '-b', 'work');
  await repository.commit({ 'a.txt': 'work\n' });
  repository.git('checkout', '-q', 'main');
  await repository.commit({ 'a.txt': 'main\n' });
  expect(() => repository.git('merge', 'work')).toThrow();
  const { text, lines } = await shown(repository);
  expect(lines).toEqual({ 'a.txt': 5 });
  expect(text).toMatch(/^=== a\.txt \(modified\)\n@@\n1 \+<<<<<<< HEAD/);
});

test('line ends of Windows, bytes that are no UTF-8, and a changed mode', async () => {
  const latin = Buffer.from('caf\xe9\nnext\n', 'latin1');
  const repository = await testRepository({ 'crlf.txt': 'a\r\nb\r\n', 'latin.txt': latin, 'run.sh': 'x\n' });
  await repository.write({ 'crlf.txt': 'a\r\nc\r\n', 'latin.txt': Buffer.concat([latin, Buffer.from([0xe9, 10])]) });
  await chmod(join(repository.folder, 'run.sh'), 0o755);
  const { text, lines, notShown } = await shown(repository);
  expect(lines).toEqual({ 'crlf.txt': 2, 'latin.txt': 3, 'run.sh': 1 });
  expect(text).toContain('1  a\n-b\n2 +c');
  expect(text).not.toContain('\r');
  expect(text).toContain('1  caf\ufffd\n2  next\n3 +\ufffd');
  expect(text).toContain('=== run.sh (modified, mode 100755)');
  expect(notShown).toBe(0);
});

test.skipIf(process.platform === 'darwin')(
  'a name that is no UTF-8 is told, and what is in the file is not',
  async () => {
    const repository = await testRepository();
    await writeFile(Buffer.concat([Buffer.from(`${repository.folder}/b`), Buffer.from([0xe9])]), 'inside\n');
    const { text, notShown } = await shown(repository);
    expect(text).toContain('b\ufffd (added): its name is no UTF-8');
    expect(text).not.toContain('inside');
    expect(notShown).toBe(1);
  },
);

test('a second worktree and a shallow clone are read like any other', async () => {
  const repository = await testRepository({ 'a.txt': 'a\n' });
  await repository.commit({ 'a.txt': 'b\n' });
  const places = [join(await tempFolder(), 'tree'), join(await tempFolder(), 'shallow')] as const;
  repository.git('worktree', 'add', '-q', '-b', 'work', places[0]);
  repository.git('clone', '-q', '--depth', '1', `file://${repository.folder}`, places[1]);
  for (const place of places) {
    const there = repositoryAt(place);
    await there.write({ 'a.txt': 'c\n' });
    expect((await shown(there)).text).toBe('=== a.txt (modified)\n@@\n-b\n1 +c');
  }
});

test('a bound is kept, files share it, and what is left out is named', async () => {
  const repository = await testRepository();
  await repository.write({
    'big.txt': 'line of text\n'.repeat(5000),
    'small.txt': 'one\n',
    'wide.txt': `${'x'.repeat(5000)}\n`,
    'huge.txt': 'x'.repeat(1024 * 1024 + 1),
    '.env': 'TOKEN=1\n',
    '.env.example': 'TOKEN=\n',
  });
  const { text, notShown, lines } = await shown(repository, {}, 4000);
  expect(Buffer.byteLength(text)).toBeLessThan(4400);
  expect(text).toContain('=== small.txt (added)\n@@\n1 +one');
  expect(text).toMatch(/\n@@ \d+ more lines are not shown; read them in the file\n/);
  expect(text).toContain('huge.txt (added): large, 1048577 bytes');
  expect(text).toContain('.env (added): it may hold secrets');
  expect(text).toContain('=== .env.example (added)');
  expect(text).not.toContain('TOKEN=1');
  expect(notShown).toBe(3);
  expect(lines['big.txt']).toBe(5000);
});

test('of very much that is new, only as much is held as could be shown; the shortest files first', async () => {
  const repository = await testRepository();
  const large = 'x\n'.repeat(500_000);
  await repository.write({ 'a.txt': large, 'b.txt': large, 'c.txt': large, 'z.txt': 'short\n' });
  const { files } = await read(repository.folder);
  const hidden = files.map(({ patch, hidden }) => [patch.path, hidden, patch.hunks.length]);
  expect(hidden).toEqual([
    ['a.txt', undefined, 1],
    ['b.txt', undefined, 1],
    ['c.txt', 'more than can be read at once', 0],
    ['z.txt', undefined, 1],
  ]);
  expect(files.map(({ lines }) => lines)).toEqual([500_000, 500_000, 500_000, 1]);
});

test('of very many files the shortest are shown and some are named, and the bound holds', async () => {
  const repository = await testRepository();
  const text = (index: number) => `${`line of file ${index}\n`.repeat(1 + (index % 40))}`;
  await repository.write(Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`f${index}.txt`, text(index)])));
  const { text: shownText, notShown } = await shown(repository, {}, 40_000);
  const [whole = '', named = ''] = shownText.split('=== named only\n');
  expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(40_000);
  expect(whole.match(/^=== /gm)).toHaveLength(100);
  expect(whole).not.toMatch(/more lines are not shown/);
  expect(notShown).toBe(800);
  expect(named).toMatch(/^f\d+\.txt \(added\): not shown here\n/);
  expect(named.split('\n')).toHaveLength(201);
  expect(named).toMatch(/\nand 600 more$/);
});

test('no repository, no such base, nothing in common: each says so', async () => {
  await expect(read(await tempFolder())).rejects.toMatchObject({ code: 'no_repository' });
  const repository = await testRepository({ 'a.txt': 'a\n' });
  for (const base of ['nowhere', '--output=/tmp/x', 'HEAD:a.txt', '']) {
    await expect(read(repository.folder, { base })).rejects.toMatchObject({ code: 'bad_argument' });
  }
  repository.git('checkout', '-q', '--orphan', 'other');
  await repository.commit({ 'b.txt': 'b\n' });
  await expect(read(repository.folder, { base: 'main' })).rejects.toThrow(/no commit in common\./);
  const shallow = await tempFolder();
  execFileSync('git', ['clone', '-q', '--depth=1', `file://${repository.folder}`, shallow], {
    env: GIT_ENV,
    stdio: 'ignore',
  });
  expect((await read(shallow)).files).toEqual([]);
});
