// The data folder: made for its owner alone, refused where others have a hand in it, and nothing in it leads elsewhere.
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { resolvePaths } from '../../src/config/paths.js';
import { jobHealth } from '../../src/jobs/health.js';
import { removeOld } from '../../src/jobs/retention.js';
import { readPage } from '../../src/output/read.js';
import { openDataFolder } from '../../src/store/data-folder.js';
import { answering, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';

let root: string;
let home: string;
beforeEach(async () => {
  root = await tempFolder();
  home = join(root, 'home');
});

const open = (folder = home) => openDataFolder(resolvePaths({ SIDEJOB_HOME: folder }));
const mode = async (path: string) => ((await lstat(path)).mode & 0o7777).toString(8);
const isRoot = process.getuid?.() === 0;

test('a new one is its owner’s alone, whatever the umask', async () => {
  const umask = process.umask(0);
  try {
    const paths = await open(join(home, 'deep'));
    for (const folder of [paths.home, paths.jobs]) expect(await mode(folder)).toBe('700');
  } finally {
    process.umask(umask);
  }
});

test('every file that a job makes is 0600, and every folder 0700, also with a umask of 0', async () => {
  const umask = process.umask(0);
  try {
    const server = await testEngine({ home });
    await server.ended(await server.submit(answering('x')));
    server.engine.store.bell.ring();
    const names = await readdir(home, { recursive: true });
    expect(names).toEqual(expect.arrayContaining(['store.db', 'store.db-wal', 'store.db-shm', 'bell', 'jobs']));
    for (const name of names) {
      const stats = await lstat(join(home, name));
      expect(await mode(join(home, name)), name).toBe(stats.isDirectory() ? '700' : '600');
    }
  } finally {
    process.umask(umask);
  }
});

test.each([0o755, 0o750, 0o711])(
  'one of our own that others may read (%o) is shut to them without a word',
  async (before) => {
    await mkdir(home);
    await writeFile(join(home, 'store.db'), '', { mode: 0o644 });
    await chmod(home, before);
    await open();
    expect([await mode(home), await mode(join(home, 'store.db'))]).toEqual(['700', '600']);
  },
);

test.each([0o777, 0o775, 0o722, 0o1777])(
  'one that others may write to (%o) is refused, with the remedy',
  async (before) => {
    await mkdir(home);
    await chmod(home, before);
    await expect(open()).rejects.toMatchObject({
      line:
        `store_unavailable: ${home} may be written by other users: what is in it cannot be trusted. ` +
        `chmod 700 ${home}, once you know that nobody has changed it.`,
    });
    // Nor is its configuration believed, or anything made in it.
    await writeFile(join(home, 'config.toml'), 'nonsense = 1\n');
    await expect(testEngine({ home })).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await readdir(home)).toEqual(['config.toml']);
  },
);

test.skipIf(!isRoot)('somebody else’s is refused', async () => {
  await mkdir(home, { mode: 0o700 });
  await chown(home, 65534, 65534);
  await expect(open()).rejects.toMatchObject({
    line:
      `store_unavailable: ${home} belongs to another user (uid 65534; this is 0): what is in it cannot be trusted. ` +
      'Set SIDEJOB_HOME to one of your own.',
  });
  expect(await readdir(home)).toEqual([]);
});

test('one within a folder that anybody may change is refused; with the sticky bit it is taken', async () => {
  const shared = join(root, 'shared');
  await mkdir(shared);
  await chmod(shared, 0o777);
  await expect(open(join(shared, 'deep', 'home'))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining(`${shared}, in which ${shared}/deep/home is, may be written by every user`),
    hint: expect.stringContaining(`chmod o-w ${shared}`),
  });
  await chmod(shared, 0o1777);
  await open(join(shared, 'deep', 'home'));
});

test('the folder itself may be a link; it is resolved, and what it leads to is judged', async () => {
  await mkdir(join(root, 'real'), { mode: 0o700 });
  await symlink(join(root, 'real'), home);
  expect((await open()).store).toBe(join(root, 'real', 'store.db'));
  await chmod(join(root, 'real'), 0o777);
  await expect(open()).rejects.toMatchObject({ code: 'store_unavailable' });
  await rm(join(root, 'real'), { recursive: true });
  await expect(open()).rejects.toMatchObject({ code: 'store_unavailable' });
});

describe('a link inside is not followed', () => {
  test.each(['jobs', 'scratch', 'store.db', 'store.db-wal', 'store.db-shm', 'bell'])('%s', async (name) => {
    const elsewhere = join(root, 'elsewhere');
    await (name === 'jobs' || name === 'scratch' ? mkdir(elsewhere) : writeFile(elsewhere, 'mine'));
    await chmod(elsewhere, 0o755);
    await mkdir(home, { mode: 0o700 });
    await symlink(elsewhere, join(home, name));
    await expect(testEngine({ home })).rejects.toMatchObject({
      line:
        `store_unavailable: ${join(home, name)} is a symbolic link, and none is followed inside the data folder. ` +
        'Remove it, or move the whole folder with SIDEJOB_HOME.',
    });
    expect(
      (await stat(elsewhere)).isDirectory() ? await readdir(elsewhere) : await readFile(elsewhere, 'utf8'),
    ).toEqual((await stat(elsewhere)).isDirectory() ? [] : 'mine');
    expect(await mode(elsewhere)).toBe('755');
  });

  test('of a job’s: neither its folder nor a file in it', async () => {
    const server = await testEngine({ home });
    const job = await server.ended(await server.submit(answering('x')));
    const folder = join(home, 'jobs', job.id);
    await writeFile(join(root, 'secret'), 'not for you');
    await rm(join(folder, 'stdout'));
    await symlink(join(root, 'secret'), join(folder, 'stdout'));
    await expect(readPage(join(folder, 'stdout'), 0, 100)).rejects.toMatchObject({ code: 'store_unavailable' });
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'stdout'), 'not for you');
    await rm(folder, { recursive: true });
    await symlink(join(root, 'other'), folder);
    await expect(readPage(join(folder, 'stdout'), 0, 100)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('in the place of what a running job writes: the job ends, and nothing is read', async () => {
    const server = await testEngine({ home });
    await writeFile(join(root, 'forged'), `${answering('forged')}\n`);
    const swap = (name: string) => `rm ${name}; ln -s ${join(root, 'forged')} ${name};`;
    for (const names of [['stdout', 'stderr', 'launcher.log', 'report'], ['exit'], ['deadline']]) {
      const script = `cd "$TMPDIR/.."; ${names.map(swap).join(' ')} ${answering('x')}`;
      const job = await server.ended(await server.submit(script));
      expect(job.finishedAt).not.toBe(null);
      if (names[0] === 'stdout') expect(job).toMatchObject({ status: 'failed', answerBytes: 0 });
      if (names[0] === 'exit') expect(job).toMatchObject({ status: 'orphaned' });
      if (names[0] === 'deadline') expect(job).toMatchObject({ status: 'completed' });
    }
  });

  test('of a queued job’s temporary folder: it fails, and nothing is run', async () => {
    const server = await testEngine({ home, env: { SIDEJOB_MAX_RUNNING: '1' } });
    const first = await server.submit('sleep 0.5');
    const queued = await server.submit(answering('ran'));
    await symlink(root, join(home, 'jobs', queued.id, 'tmp'));
    await server.ended(first);
    expect(await server.ended(queued)).toMatchObject({ status: 'failed', reason: 'spawn_failed', exitCode: null });
  });
});

test('removal takes the link, not what it leads to', async () => {
  const server = await testEngine({ home });
  const job = await server.ended(await server.submit(answering('x')));
  const mine = join(root, 'mine');
  await mkdir(mine);
  await writeFile(join(mine, 'precious'), '');
  await symlink(mine, join(home, 'jobs', job.id, 'tmp', 'link'));
  await symlink(mine, join(home, 'jobs', 'stray'));
  const old = new Date(Date.now() - 7_200_000);
  await utimes(mine, old, old);
  await removeOld(server.engine, Date.now() + 400 * 86_400_000);
  expect(await readdir(join(home, 'jobs'))).toEqual([]);
  expect(await readdir(mine)).toEqual(['precious']);
  expect((await jobHealth(server.engine)).warnings).toEqual([]);
});
