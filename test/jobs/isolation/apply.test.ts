// Applying and discarding the work of an isolated job: all of it or nothing, and nothing of the user's is lost.
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyWork } from '../../../src/jobs/isolation/apply.js';
import { discardWork } from '../../../src/jobs/isolation/discard.js';
import { checkMayChange, checkOpenTo } from '../../../src/jobs/isolation/may.js';
import { runFolder } from '../../../src/jobs/isolation/places.js';
import { appliedText, discardedText } from '../../../src/jobs/isolation/told.js';
import { viewJob } from '../../../src/jobs/view.js';
import type { JobRecord } from '../../../src/store/record.js';
import { registerServer } from '../../../src/store/servers.js';
import { claimCheckout } from '../../../src/store/worktrees.js';
import { testEngine } from '../../support/engine.js';
import { around, type Isolated, isolatedEngine } from '../../support/isolation.js';
import { GIT_ENV, makeHostile, repositoryAt } from '../../support/repository.js';
import { tempFolder } from '../../support/temp-folder.js';

const LINES = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join('');

const apply = async ({ engine }: Isolated, job: JobRecord) => appliedText(await applyWork(engine, job));
const read = ({ repository }: Isolated, path: string) => readFile(join(repository.folder, path), 'utf8');

/** Every file of the checkout with its content, and what git knows of it. */
async function snapshotOf({ repository: { folder, git } }: Isolated) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => !name.startsWith('.git')).sort();
  const files = await Promise.all(
    names.map(async (name) => {
      const stats = await lstat(join(folder, name));
      if (stats.isSymbolicLink()) return [name, `-> ${await readlink(join(folder, name))}`];
      return [name, stats.isFile() ? await readFile(join(folder, name), 'latin1') : 'folder'];
    }),
  );
  return { files, head: git('rev-parse', 'HEAD'), index: git('ls-files', '-s'), stash: git('stash', 'list') };
}

test('the files change, and nothing else: no commit, no index', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES, 'b.txt': 'b\n', 'c.txt': 'c\n' });
  await server.repository.write({ 'b.txt': 'mine\n' });
  server.repository.git('add', 'b.txt');
  const before = await snapshotOf(server);
  const job = await server.done(
    "sed -i.bak 's/line 3$/theirs/' a.txt; rm a.txt.bak c.txt; mkdir -p x/y; printf '#!/bin/sh\\n' > x/y/run; chmod +x x/y/run; ln -s run x/y/link",
  );

  expect(await apply(server, job)).toBe(
    `applied to ${server.repository.folder}, not committed: 4 files +3 -2\nM a.txt +1 -1\nD c.txt +0 -1\nA x/y/link +1 -0\nA x/y/run +1 -0`,
  );

  const after = await snapshotOf(server);
  expect({ ...after, files: [] }).toEqual({ ...before, files: [] });
  expect(await read(server, 'a.txt')).toBe(LINES.replace('line 3\n', 'theirs\n'));
  expect(await read(server, 'b.txt')).toBe('mine\n');
  expect(existsSync(join(server.repository.folder, 'c.txt'))).toBe(false);
  expect((await stat(join(server.repository.folder, 'x/y/run'))).mode & 0o111).toBe(0o111);
  expect(await readlink(join(server.repository.folder, 'x/y/link'))).toBe('run');
  expect((await viewJob(server.engine, job)).isolated).toMatch(/4 files \+3 -2, applied$/);
  expect(await readdir(join(server.repository.folder, '.git'))).not.toContain(`sidejob-${job.id}`);
  expect(await apply(server, job)).toMatch(/nothing to do, it was applied at .* already/);
  expect(await snapshotOf(server)).toEqual(after);
});

test('what the user has changed meanwhile in other lines is kept, committed or not', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES, 'b.txt': LINES });
  const job = await server.done("sed -i.x 's/line 3$/theirs/' a.txt b.txt; rm *.x");
  await server.repository.commit({ 'a.txt': LINES.replace('line 15\n', 'mine\n') });
  await server.repository.write({ 'b.txt': LINES.replace('line 15\n', 'mine\n') });
  server.repository.git('add', 'b.txt');
  await server.repository.write({ 'b.txt': LINES.replace('line 15\n', 'mine, later\n') });
  await apply(server, job);
  expect(await read(server, 'a.txt')).toBe(LINES.replace('line 3\n', 'theirs\n').replace('line 15\n', 'mine\n'));
  expect(await read(server, 'b.txt')).toBe(LINES.replace('line 3\n', 'theirs\n').replace('line 15\n', 'mine, later\n'));
});

test('what the user has changed in a file that he has renamed is kept', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES });
  const job = await server.done("sed -i.x 's/line 3$/theirs/' a.txt; rm *.x");
  server.repository.git('mv', 'a.txt', 'b.txt');
  await server.repository.write({ 'b.txt': LINES.replace('line 15\n', 'mine, not staged\n') });
  await apply(server, job);
  expect(existsSync(join(server.repository.folder, 'a.txt'))).toBe(false);
  expect(await read(server, 'b.txt')).toBe(
    LINES.replace('line 3\n', 'theirs\n').replace('line 15\n', 'mine, not staged\n'),
  );
});

test.each(['--skip-worktree', '--assume-unchanged'])(
  'what git is told not to look at (%s) is looked at, and kept',
  async (flag) => {
    const server = await isolatedEngine({ 'a.txt': 'a\n', 'b.txt': LINES, 'sparse.txt': LINES });
    const job = await server.done("echo theirs > a.txt; sed -i.x 's/line 3$/theirs/' b.txt sparse.txt; rm *.x");
    server.repository.git('update-index', flag, 'a.txt', 'b.txt');
    server.repository.git('update-index', '--skip-worktree', 'sparse.txt');
    await rm(join(server.repository.folder, 'sparse.txt'));
    await server.repository.write({ 'a.txt': 'mine\n', 'b.txt': LINES.replace('line 15\n', 'mine\n') });
    await expect(apply(server, job)).rejects.toMatchObject({ code: 'conflict', message: /: a\.txt\.$/ });
    expect(await read(server, 'a.txt')).toBe('mine\n');

    await server.repository.write({ 'a.txt': 'a\n' });
    await apply(server, job);
    expect(await read(server, 'a.txt')).toBe('theirs\n');
    expect(await read(server, 'b.txt')).toBe(LINES.replace('line 3\n', 'theirs\n').replace('line 15\n', 'mine\n'));
    expect(await read(server, 'sparse.txt')).toBe(LINES.replace('line 3\n', 'theirs\n'));
    expect(server.repository.git('ls-files', '-v')).toMatch(/^[hS] a\.txt$/m);
  },
);

test('of two that are applied at once, to the same file or the same one twice, nothing is lost', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES });
  const jobs = [
    await server.done("sed -i.x 's/line 3$/first/' a.txt; rm *.x"),
    await server.done("sed -i.x 's/line 15$/second/' a.txt; rm *.x"),
  ] as const;
  const told = await Promise.all([jobs[0], jobs[1], jobs[0]].map((job) => apply(server, job)));
  expect(told.map((text) => text.split(/[ :]/)[0])).toEqual(['applied', 'applied', `sidejob/${jobs[0].id}`]);
  expect(await read(server, 'a.txt')).toBe(LINES.replace('line 3\n', 'first\n').replace('line 15\n', 'second\n'));
});

test('while another process applies something to a checkout, nothing else is; of one that died, nothing is left', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES });
  const job = await server.done('echo theirs > a.txt');
  const { engine } = server;
  const { id, top } = server.worktree(job);
  const another = { ...engine.server, id: 'another' };
  await engine.store.write(() => {
    registerServer(engine.store, another);
    claimCheckout(engine.store, { id, top }, another.id, undefined);
  });
  await expect(apply(server, job)).rejects.toMatchObject({ code: 'session_busy', message: /being applied to/ });
  expect(await read(server, 'a.txt')).toBe(LINES);

  await engine.store.write(() => engine.store.run("UPDATE server SET pidStart = 'earlier' WHERE id = 'another'", {}));
  expect(await apply(server, job)).toMatch(/^applied to/);
  expect(server.worktree(job)).toMatchObject({ state: 'applied', applier: null });
});

test('conflicts are named by file, and nothing is applied', async () => {
  const server = await isolatedEngine({ 'a.txt': LINES, 'b.txt': 'b\n', 'gone.txt': 'x\n', 'free.txt': 'f\n' });
  const job = await server.done(
    'echo theirs > a.txt; echo theirs > gone.txt; echo new > made.txt; echo theirs > free.txt',
  );
  await server.repository.write({ 'a.txt': 'mine\n', 'made.txt': 'mine\n' });
  await rm(join(server.repository.folder, 'gone.txt'));
  const before = await snapshotOf(server);
  await expect(apply(server, job)).rejects.toMatchObject({
    code: 'conflict',
    message: '3 files changed on both sides: a.txt, gone.txt, made.txt.',
    hint: expect.stringContaining('Nothing was applied.'),
  });
  expect(await snapshotOf(server)).toEqual(before);
  expect((await viewJob(server.engine, job)).isolated).toMatch(/not applied$/);

  // Mended by the user, it goes.
  server.repository.git('checkout', '-q', 'a.txt', 'gone.txt');
  await rm(join(server.repository.folder, 'made.txt'));
  expect(await apply(server, job)).toMatch(/^applied/);
});

test('ignored files, folders and links in the way are conflicts; the same content is none', async () => {
  const server = await isolatedEngine({ '.gitignore': 'build\nout\nlink\n', a: 'a\n' });
  const { folder } = server.repository;
  const outside = await tempFolder();
  const job = await server.done(
    'echo 1 > build; mkdir -p dir link; echo 2 > dir/f; echo 3 > out; echo 4 > link/f; git add -f build out link/f',
  );
  await writeFile(join(folder, 'build'), 'mine\n');
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, 'out/file'), 'mine\n');
  await symlink(outside, join(folder, 'link'));
  const before = await snapshotOf(server);
  await expect(apply(server, job)).rejects.toMatchObject({ code: 'conflict', message: /build/ });
  await writeFile(join(folder, 'build'), '1\n');
  await expect(apply(server, job)).rejects.toMatchObject({
    code: 'conflict',
    message: /^2 files in the way.*: link, out\.$/,
  });
  expect(await readdir(outside)).toEqual([]);
  await rm(join(folder, 'link'));
  await rm(join(folder, 'out'), { recursive: true });
  expect(await apply(server, job)).toMatch(/^applied[\s\S]*A dir\/f[\s\S]*A link\/f[\s\S]*A out/);
  expect(before.files).toContainEqual(['build', 'mine\n']);
});

test('a file becomes a folder and a folder a file', async () => {
  const server = await isolatedEngine({ file: '1\n', 'folder/a': '2\n', 'folder/deep/b': '3\n' });
  const job = await server.done('rm -r file folder; mkdir file; echo 4 > file/inside; echo 5 > folder');
  await apply(server, job);
  expect((await snapshotOf(server)).files).toEqual([
    ['file', 'folder'],
    ['file/inside', '4\n'],
    ['folder', '5\n'],
  ]);
});

test('an unfinished merge, a file that is only meant to be added, and a sparse checkout are no hindrance', async () => {
  const server = await isolatedEngine({ a: '1\n', b: '1\n', 'deep/c': '1\n' });
  const { repository } = server;
  const job = await server.done('echo 2 > b; echo n > new');
  repository.git('checkout', '-q', '-b', 'other');
  await repository.commit({ a: 'other\n' });
  repository.git('checkout', '-q', 'main');
  await repository.commit({ a: 'main\n' });
  expect(() => repository.git('merge', 'other')).toThrow();
  await repository.write({ meant: 'x\n' });
  repository.git('add', '-N', 'meant');
  const before = await snapshotOf(server);
  await apply(server, job);
  expect({ ...(await snapshotOf(server)), files: [] }).toEqual({ ...before, files: [] });
  expect(await read(server, 'b')).toBe('2\n');
  expect(await read(server, 'a')).toContain('<<<<<<<');
});

test('after more of the conversation, the rest is applied', async () => {
  const server = await isolatedEngine({ a: LINES });
  const first = await server.done(`echo '{"session":"s-9"}'; echo 1 > n`);
  await apply(server, first);
  const second = await server.done('echo 2 > n; echo 3 > m', { continueJob: first.id, cwd: undefined } as never);
  expect((await viewJob(server.engine, second)).isolated).toMatch(/not applied$/);
  expect(await apply(server, second)).toMatch(/2 files \+2 -1\nA m \+1 -0\nM n \+1 -1$/);
  expect(await read(server, 'n')).toBe('2\n');
  expect(await apply(server, first)).toMatch(/nothing to do/);
});

test('what the user has merged himself is there already', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo x > x');
  server.repository.git('merge', '-q', `sidejob/${job.id}`);
  expect(await apply(server, job)).toMatch(/nothing to do, .* has all of it already/);
});

test('it is refused while the job runs, where it was not isolated, and beyond what the owner allows', async () => {
  const server = await isolatedEngine();
  const edit = { access: 'edit', cwd: server.repository.folder } as const;
  const running = await server.submit('sleep 60', { ...edit, isolate: true });
  await expect(apply(server, running)).rejects.toMatchObject({ code: 'session_busy' });
  await expect(discardWork(server.engine, running)).rejects.toMatchObject({ code: 'session_busy' });
  const plain = await server.ended(await server.submit('true'));
  await expect(apply(server, plain)).rejects.toMatchObject({ code: 'bad_argument', message: /was not isolated/ });
  const job = await server.done('echo x > x');
  const strict = await testEngine({ home: server.home, env: { SIDEJOB_MAX_ACCESS: 'read-only' } });
  await expect(checkMayChange(strict.engine, server.worktree(job))).rejects.toMatchObject({ code: 'access_denied' });
  const inside = await testEngine({ home: server.home, env: { SIDEJOB_JOB_ID: running.id } });
  await expect(checkMayChange(inside.engine, server.worktree(job))).rejects.toMatchObject({
    code: 'access_denied',
    message: /runs inside job/,
  });
  await expect(checkMayChange(server.engine, server.worktree(job))).resolves.toBeUndefined();
});

test('what is outside the roots is not changed, though the repository reaches there', async () => {
  const server = await isolatedEngine({ 'in/a': '1\n', 'out/b': '1\n' });
  const { folder } = server.repository;
  const narrow = around(
    server.repository,
    await testEngine({ env: { ...GIT_ENV, SIDEJOB_ROOTS: join(folder, 'in') } }),
  );
  const job = await narrow.done('echo 2 > a; echo 2 > ../out/b', { cwd: join(folder, 'in') });
  await expect(apply(narrow, job)).rejects.toMatchObject({ code: 'outside_roots', message: /out\/b/ });
  expect(await read(narrow, 'in/a')).toBe('1\n');
});

test('what one project has had done, another one that may not work there cannot apply', async () => {
  const server = await isolatedEngine({ 'a.txt': 'a\n' });
  const { folder } = server.repository;
  const narrow = await testEngine({ home: server.home, env: { ...GIT_ENV, SIDEJOB_ROOTS: '.' } });
  const job = { ...(await server.done('echo 2 > a.txt')), project: folder };
  expect(await checkOpenTo(narrow.engine, job, folder)).toBe(folder);
  for (const other of [await tempFolder(), null]) {
    await expect(checkOpenTo(narrow.engine, job, other)).rejects.toMatchObject({ code: 'outside_roots' });
    await expect(applyWork(narrow.engine, job, other)).rejects.toMatchObject({ code: 'outside_roots' });
  }
  expect(await read(server, 'a.txt')).toBe('a\n');
  expect((await applyWork(narrow.engine, job, folder)).files).toHaveLength(1);
});

test('no hook and no filter runs, and paths that no checkout may hold are refused', async () => {
  const server = await isolatedEngine();
  const marker = join(await tempFolder(), 'marker');
  const job = await server.done('echo x > x; echo y > a.txt');
  await makeHostile(server.repository, marker);
  await apply(server, job);
  expect(existsSync(marker), await readFile(marker, 'utf8').catch(() => '')).toBe(false);

  const evil = await isolatedEngine();
  const script = [
    'blob=$(echo evil | git hash-object -w --stdin)',
    'hooks=$(printf "100755 blob $blob\\tpost-commit\\n" | git mktree)',
    'dot=$(printf "040000 tree $hooks\\thooks\\n" | git mktree)',
    'root=$(printf "040000 tree $dot\\t.git\\n" | git mktree)',
    'commit=$(git -c user.name=a -c user.email=a@b commit-tree $root -p HEAD -m evil)',
    'git update-ref --no-deref HEAD $commit',
  ].join('\n');
  const bad = await evil.done(script);
  await apply(evil, bad).catch(() => {});
  expect(existsSync(join(evil.repository.folder, '.git/hooks/post-commit'))).toBe(false);
});

test('a folder that cannot be written to leaves it to be tried again', async () => {
  if (process.getuid?.() === 0) return;
  const server = await isolatedEngine({ 'd/a': '1\n' });
  const job = await server.done('echo 2 > d/a');
  await chmod(join(server.repository.folder, 'd'), 0o500);
  await expect(apply(server, job)).rejects.toThrow();
  await chmod(join(server.repository.folder, 'd'), 0o700);
  expect(await apply(server, job)).toMatch(/^applied/);
});

test('discarding says what is lost, and how it can be had back', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo x > x');
  const tip = server.repository.git('rev-parse', `sidejob/${job.id}`);
  const said = discardedText(await discardWork(server.engine, job));
  expect(said).toBe(
    `discarded sidejob/${job.id} with its worktree: 1 file +1 -0.\nUntil git clears it away, the commit can be had back: git branch NAME ${tip.slice(0, 12)}`,
  );
  expect(server.repository.git('branch', '--list', 'sidejob/*')).toBe('');
  expect(server.repository.git('worktree', 'list').split('\n')).toHaveLength(1);
  expect(server.left()).toEqual([]);
  expect(server.repository.git('show', `${tip}:x`)).toBe('x');
  expect((await viewJob(server.engine, job)).isolated).toMatch(/discarded$/);
  expect(discardedText(await discardWork(server.engine, job))).toBe(`sidejob/${job.id} was discarded before.`);
  await expect(apply(server, job)).rejects.toMatchObject({ code: 'bad_argument', message: /were discarded/ });
});

test('a branch that somebody uses or has moved is his, and stays', async () => {
  const server = await isolatedEngine();
  const used = await server.done('echo x > x');
  const moved = await server.done('echo x > x');
  server.repository.git('checkout', '-q', '--ignore-other-worktrees', `sidejob/${used.id}`);
  await discardWork(server.engine, used);
  expect(server.repository.git('rev-parse', '--abbrev-ref', 'HEAD')).toBe(`sidejob/${used.id}`);
  const path = runFolder(server.engine, moved);
  await repositoryAt(path).commit({ more: 'x\n' });
  expect(discardedText(await discardWork(server.engine, moved))).toMatch(/2 files \+2 -0/);
});
