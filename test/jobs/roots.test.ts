// Folders: where jobs may work, from which files may be attached, and what becomes of a folder that is swapped.
import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { cancelJob } from '../../src/jobs/cancel.js';
import { jobHealth } from '../../src/jobs/health.js';
import type { JobRequest } from '../../src/jobs/request.js';
import { readResult } from '../../src/jobs/result.js';
import { projectRoot } from '../../src/jobs/roots.js';
import { submitJob } from '../../src/jobs/submit.js';
import { countByStatus } from '../../src/store/jobs.js';
import type { JobRecord } from '../../src/store/record.js';
import { answering, shell, type TestEngine, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';

/** A machine: `open` is its one root, beside which there is `closed`. */
let root: string;
let open: string;
let closed: string;
beforeEach(async () => {
  root = await tempFolder();
  [open, closed] = [join(root, 'open'), join(root, 'closed')];
  await mkdir(open);
  await mkdir(closed);
});

const guarded = (env: NodeJS.ProcessEnv = {}) => testEngine({ env: { SIDEJOB_ROOTS: open, ...env } });

async function expectRefused(server: TestEngine, request: Partial<JobRequest>): Promise<string> {
  const error = await server.submit('exit', request).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'outside_roots', line: expect.stringMatching(/ Nothing was started\.$/) });
  expect(countByStatus(server.engine.store)).toMatchObject({ queued: 0, running: 0, failed: 0, completed: 0 });
  expect(await readdir(server.engine.paths.jobs)).toEqual([]);
  return error.line;
}

test('a folder outside is refused in one line, which names those that are open and the setting', async () => {
  const server = await guarded();
  expect(await expectRefused(server, { cwd: closed })).toBe(
    `outside_roots: cwd "${closed}" is outside the folders that are open to jobs: "${open}". ` +
      'Stay in these, or ask the person to add it to SIDEJOB_ROOTS. Nothing was started.',
  );
});

test('every way out is refused: dots, links, a longer name, the folder above', async () => {
  const server = await guarded();
  await mkdir(`${open}-and-more`);
  await symlink(closed, join(open, 'link'));
  await symlink(join(open, 'link'), join(open, 'link-to-link'));
  for (const cwd of [
    `${open}/../closed`,
    join(open, 'link'),
    join(open, 'link-to-link'),
    `${open}-and-more`,
    root,
    '/',
  ]) {
    await expectRefused(server, { cwd });
  }
  expect(await expectRefused(server, { cwd: join(open, 'link') })).toContain(
    `cwd "${open}/link" ("${closed}") is outside`,
  );
});

test('inside is what lies inside, by whatever name, also of the root', async () => {
  await mkdir(join(open, 'deep'));
  await symlink(open, join(closed, 'way-in'));
  const server = await guarded({ SIDEJOB_ROOTS: join(closed, 'way-in') });
  for (const cwd of [open, join(open, 'deep'), join(closed, 'way-in', 'deep')]) {
    expect((await server.submit('exit', { cwd })).cwd).toBe(await realpath(cwd));
  }
  await expectRefusedLater(server, closed);
});

async function expectRefusedLater(server: TestEngine, cwd: string): Promise<void> {
  await expect(server.submit('exit', { cwd })).rejects.toMatchObject({ code: 'outside_roots' });
}

test('"/" is everywhere; the data folder never, but for our own empty folder', async () => {
  const server = await guarded({ SIDEJOB_ROOTS: '/' });
  const { home, jobs, scratch } = server.engine.paths;
  await symlink(home, join(open, 'data'));
  for (const cwd of [home, jobs, join(open, 'data')]) {
    expect(await expectRefused(server, { cwd })).toContain("is in Sidejob's data folder, which is closed to jobs.");
  }
  expect((await server.submit('exit', { cwd: closed })).cwd).toBe(closed);
  expect((await server.submit('exit')).cwd).toBe(scratch);
  expect((await server.submit('exit', { cwd: scratch })).cwd).toBe(scratch);
});

test('files are not changed in a folder that holds the data folder; to read there is another thing', async () => {
  const server = await guarded({ SIDEJOB_ROOTS: '/' });
  const cwd = dirname(server.engine.paths.home);
  expect(await expectRefused(server, { cwd, access: 'edit' })).toContain("holds Sidejob's data folder");
  expect((await server.submit('exit', { cwd })).cwd).toBe(cwd);
});

test('a root within the data folder opens nothing', async () => {
  const home = join(await tempFolder(), 'home');
  const server = await testEngine({ home, env: { SIDEJOB_ROOTS: home } });
  await expectRefused(server, { cwd: server.engine.paths.jobs });
});

test('by default the home folder and the client’s project are open, and nothing else', async () => {
  const server = await testEngine({ env: { HOME: open, SIDEJOB_ROOTS: '' } });
  const project = join(root, 'project');
  await mkdir(join(project, 'src'), { recursive: true });
  const ask = (cwd: string, of: string | null) =>
    submitJob(
      server.engine,
      { client: 'test', project: of },
      { kind: 'async', prompt: 'exit', cwd, fresh: true },
      shell,
    );
  expect((await server.submit('exit', { cwd: open })).cwd).toBe(open);
  expect((await ask(join(project, 'src'), project)).job.cwd).toBe(join(project, 'src'));
  for (const [cwd, of] of [
    [project, null],
    [closed, project],
    [root, project],
    [closed, '/'],
  ] as const) {
    await expect(ask(cwd, of), cwd).rejects.toMatchObject({ code: 'outside_roots' });
  }
});

test('a home folder that is all of the disk opens nothing by default, and health says so', async () => {
  const server = await testEngine({ env: { HOME: '/', SIDEJOB_ROOTS: '' } });
  expect(await expectRefused(server, { cwd: closed })).toContain('open to jobs: none. ');
  expect((await jobHealth(server.engine)).warnings).toEqual([
    'roots (default): "~" is "/" here; name the folders instead.',
  ]);
});

test('roots come from a list in the file, too; one that is not there is told, and opens nothing', async () => {
  const home = join(await tempFolder(), 'home');
  await mkdir(home);
  await writeFile(join(home, 'config.toml'), `roots = ["~/work", "${open}", "/no/such/root"]\n`);
  await mkdir(join(closed, 'work'));
  const server = await testEngine({ home, env: { HOME: closed, SIDEJOB_ROOTS: '' } });
  for (const cwd of [join(closed, 'work'), open]) expect((await server.submit('exit', { cwd })).cwd).toBe(cwd);
  await expectRefusedLater(server, closed);
  const { warnings, config } = await jobHealth(server.engine);
  expect(warnings).toEqual([`roots (${home}/config.toml): "/no/such/root" does not exist.`]);
  expect(config.settings.roots).toEqual({
    value: ['~/work', open, '/no/such/root'],
    origin: join(home, 'config.toml'),
  });
});

test.each(['work', '../up', '~ada', 'C:\\x'])('%j is no root', async (written) => {
  await expect(guarded({ SIDEJOB_ROOTS: written })).rejects.toThrow(
    /^SIDEJOB_ROOTS: roots = .*a root is an absolute path/,
  );
});

test('a conversation is looked at anew: its folder may have been closed, or swapped', async () => {
  const before = await testEngine({ env: { SIDEJOB_ROOTS: root } });
  const said = `echo '{"session":"s-0123456789abcdef"}'; ${answering('x')}`;
  const first = await before.ended(await before.submit(said, { cwd: closed }));
  const second = await before.ended(await before.submit(said.replace('s-0', 's-1'), { cwd: open }));
  before.close();
  const server = await testEngine({ home: before.home, env: { SIDEJOB_ROOTS: open } });
  await expect(server.submit('exit', { continueJob: first.id })).rejects.toMatchObject({ code: 'outside_roots' });
  await expect(server.submit('exit', { continueJob: 's-0123456789abcdef' })).rejects.toMatchObject({
    code: 'outside_roots',
  });
  await rm(join(open), { recursive: true });
  await mkdir(open);
  expect((await server.submit('exit', { continueJob: second.id })).cwd).toBe(open);
});

test.each(['a link to a closed folder', 'a link to an open one', 'nothing'])(
  'a queued job whose folder has become %s is not run there',
  async (what) => {
    const server = await guarded({ SIDEJOB_MAX_RUNNING: '1' });
    const folder = join(open, 'project');
    await mkdir(folder);
    await mkdir(join(open, 'other'));
    const first = await server.submit('sleep 60');
    const queued = await server.submit(`touch here; ${answering('ran')}`, { cwd: folder });
    expect(queued.status).toBe('queued');
    await rename(folder, join(open, 'was'));
    if (what !== 'nothing') await symlink(what.includes('closed') ? closed : join(open, 'other'), folder);
    await cancelJob(server.engine, first.id);

    const error =
      what === 'nothing' ? `Its folder ${folder} cannot be used: it is gone.` : expect.stringContaining('replaced');
    expect(await server.ended(queued)).toMatchObject({
      status: 'failed',
      reason: 'spawn_failed',
      error,
      exitCode: null,
    });
    for (const each of [closed, join(open, 'other'), join(open, 'was')]) expect(await readdir(each)).toEqual([]);
  },
);

test('a queued job whose folder was closed meanwhile is not run', async () => {
  const before = await testEngine({ env: { SIDEJOB_ROOTS: root, SIDEJOB_MAX_RUNNING: '1' } });
  const first = await before.submit('sleep 60');
  const queued = await before.submit('touch here', { cwd: closed });
  const server = before.engine;
  server.config.settings.roots.splice(0, 1, open);
  await cancelJob(server, first.id);
  expect(await before.ended(queued)).toMatchObject({
    ...{ status: 'failed', reason: 'spawn_failed', error: expect.stringContaining('is outside the folders') },
  });
  expect(await readdir(closed)).toEqual([]);
});

test('a folder that is swapped while its job is being started is noticed by the launcher', async () => {
  const server = await guarded();
  const folder = join(open, 'project');
  await mkdir(folder);
  // After the folder was looked at, and before the spawn.
  const { register } = server.engine;
  Object.assign(server.engine, {
    register: () => {
      renameSync(folder, join(open, 'was'));
      symlinkSync(closed, folder);
      register();
    },
  });
  const job = await server.ended(await server.submit('touch here', { cwd: folder }));
  expect(job).toMatchObject({
    ...{ status: 'failed', reason: 'spawn_failed', exitCode: null },
    ...{ error: 'Its folder was replaced by another one since it was accepted.' },
    ...{ hint: 'Nothing was run. Find out who did that, then submit it again.' },
  });
  expect(await readdir(closed)).toEqual([]);
});

test('files are attached from open folders alone, whatever they are called', async () => {
  const server = await guarded();
  await writeFile(join(closed, 'secret'), 'not for you');
  await writeFile(join(open, 'notes'), 'for you');
  await symlink(join(closed, 'secret'), join(open, 'link'));
  await symlink(closed, join(open, 'folder'));
  const { config, store } = server.engine.paths;
  await writeFile(config, '');
  await symlink(store, join(open, 'store'));
  for (const name of [
    ...[join(closed, 'secret'), '../closed/secret', 'link', 'folder/secret'],
    ...['store', config, store, '/proc/self/environ', '/etc/passwd'],
  ]) {
    expect(await expectRefused(server, { cwd: open, attach: [name] }), name).toContain(
      `attach: ${JSON.stringify(name)}`,
    );
  }
  const job = await server.submit('exit', { cwd: open, attach: ['notes', join(open, 'notes'), './folder/../notes'] });
  expect((await readResult(server.engine, job, 'prompt', 0, 1000)).text.match(/for you/g)).toHaveLength(3);
});

test('the file that is open is judged, not its name: a link that changes all the time lets nothing out', async () => {
  const server = await guarded();
  await writeFile(join(closed, 'secret'), 'not for you');
  await writeFile(join(open, 'harmless'), 'harmless');
  const link = join(open, 'link');
  await symlink(join(open, 'harmless'), link);
  let going = true;
  const swapping = (async () => {
    for (let turn = 0; going; turn += 1) {
      await symlink(turn % 2 ? join(open, 'harmless') : join(closed, 'secret'), `${link}.new`);
      await rename(`${link}.new`, link);
    }
  })();
  const outcomes = new Set<string>();
  for (let turn = 0; turn < 40; turn += 1) {
    const job = await server.submit('exit', { cwd: open, attach: ['link'] }).catch((error) => error);
    if (job.code) outcomes.add(job.code);
    else outcomes.add((await readFile(join(server.engine.paths.jobs, job.id, 'prompt'), 'utf8')).split('```')[1] ?? '');
  }
  going = false;
  await swapping;
  expect([...outcomes].filter((each) => each !== 'outside_roots' && each !== '\nharmless\n')).toEqual([]);
});

test('what would make the reader wait is refused at once', async () => {
  const server = await guarded();
  execFileSync('mkfifo', [join(open, 'pipe')]);
  await symlink('/dev/zero', join(open, 'endless'));
  await symlink(join(open, 'round'), join(open, 'round'));
  for (const name of ['pipe', 'endless', 'round', '/dev/tty', '/dev/stdin']) {
    await expect(server.submit('exit', { cwd: open, attach: [name] }), name).rejects.toMatchObject({
      code: 'bad_argument',
    });
  }
});

test('within a job, "." is no more than the job’s own', () => {
  const outer = { cwd: '/srv/a/b', project: '/srv/a/b' } as JobRecord;
  expect(projectRoot('/srv/a/b', outer)).toBe('/srv/a/b');
  expect(projectRoot('/srv/a/b/c', outer)).toBe('/srv/a/b/c');
  expect(projectRoot('/srv/a', outer)).toBe(null);
  expect(projectRoot('/srv/a/bc', outer)).toBe(null);
  expect(projectRoot('/srv/a', { ...outer, project: '/srv' })).toBe('/srv/a');
  expect(projectRoot('/srv/a', undefined)).toBe('/srv/a');
});
