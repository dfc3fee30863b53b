// The launcher, alone: what it writes down, and what it never runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { jobFiles, resolvePaths } from '../../src/config/paths.js';
import { deadlinePassed, readExit, startFailure } from '../../src/process/exit-file.js';
import { currentHost } from '../../src/process/host.js';
import { livenessOf } from '../../src/process/identity.js';
import { jobProcesses } from '../../src/process/job-processes.js';
import { type Command, type HeldLaunch, launch } from '../../src/process/launch.js';
import { processInfo } from '../../src/process/table.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

async function held(script: string, command: Partial<Command> = {}) {
  const files = jobFiles(resolvePaths({ SIDEJOB_HOME: await tempFolder() }), 'shell-1');
  await mkdir(files.dir, { recursive: true });
  await writeFile(files.prompt, script);
  const started = await launch(files, {
    path: '/bin/sh',
    args: ['-s'],
    cwd: files.dir,
    env: { PATH: process.env.PATH ?? '', SIDEJOB_JOB_ID: files.dir },
    timeoutSec: 0,
    graceSec: 1,
    ...command,
  });
  onTestFinished(() => endAll(files.dir, started));
  return { files, started };
}

async function endAll(id: string, started: HeldLaunch): Promise<void> {
  for (const { pid } of await jobProcesses(id, started.identity, await currentHost())) process.kill(pid, 'SIGKILL');
}

test('nothing runs before go', async () => {
  const { files, started } = await held('echo ran');
  expect(await livenessOf(started.identity, await currentHost())).toBe('alive');
  expect(await readExit(files.exit)).toEqual({ kind: 'none' });
  started.go();
  await started.ended;
  expect(await readExit(files.exit)).toEqual({ kind: 'exited', code: 0 });
  expect(await readFile(files.stdout, 'utf8')).toBe('ran\n');
});

test('a launcher that is abandoned runs nothing and says so', async () => {
  const { files, started } = await held('echo ran');
  started.abandon();
  await started.ended;
  expect(await readExit(files.exit)).toEqual({ kind: 'never_ran' });
  expect(await readFile(files.stdout, 'utf8')).toBe('');
});

test('it leads a session and a group of its own', async () => {
  const { started } = await held('sleep 30');
  const { pid } = started.identity;
  expect(await processInfo(pid)).toMatchObject({ pid, group: pid, session: pid });
});

test.each(['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'ALRM'] as const)(
  'the exit status survives SIG%s to the whole group, twice',
  async (name) => {
    const { files, started } = await held(`trap '' ${name}; echo ready; sleep 0.3; exit 5`);
    started.go();
    await until('ready', async () => (await readFile(files.stdout, 'utf8')) !== '');
    process.kill(-started.identity.pid, `SIG${name}`);
    process.kill(-started.identity.pid, `SIG${name}`);
    await started.ended;
    // `sleep` dies of the signal, the script ignores it: the status is the script's own.
    expect(await readExit(files.exit)).toEqual({ kind: 'exited', code: 5 });
  },
);

test('signals have their default action in the command', async () => {
  const { files, started } = await held('kill -TERM $$; sleep 5');
  started.go();
  await started.ended;
  expect(await readExit(files.exit)).toEqual({ kind: 'exited', code: 143 });
});

test('the time limit holds without any server, and TERM to the group does not disarm it', async () => {
  const { files, started } = await held(`trap '' TERM; echo ready; while :; do sleep 0.1; done`, { timeoutSec: 1 });
  started.go();
  await until('ready', async () => (await readFile(files.stdout, 'utf8')) !== '');
  process.kill(-started.identity.pid, 'SIGTERM');
  const begun = performance.now();
  await started.ended;
  expect(performance.now() - begun).toBeGreaterThan(900);
  expect(await deadlinePassed(files.deadline)).toBe(true);
  // Even SIGKILL was needed, which the launcher itself does not survive.
  expect(await readExit(files.exit)).toEqual({ kind: 'none' });
});

test('a command that ends in time leaves no timer behind', async () => {
  const { files, started } = await held('exit 3', { timeoutSec: 1000 });
  started.go();
  await started.ended;
  expect(await readExit(files.exit)).toEqual({ kind: 'exited', code: 3 });
  expect(await deadlinePassed(files.deadline)).toBe(false);
  await until('nothing is left of the group', async () => {
    try {
      process.kill(-started.identity.pid, 0);
      return false;
    } catch {
      return true;
    }
  });
});

test('a command that is not there, not executable, or has no interpreter is told from one that exits 127', async () => {
  const folder = await tempFolder();
  const bad = join(folder, 'bad');
  await writeFile(bad, '#!/no/such/interpreter\n');
  await chmod(bad, 0o755);
  const plain = join(folder, 'plain');
  await writeFile(plain, '#!/bin/sh\n');
  for (const path of [join(folder, 'missing'), plain, bad, folder]) {
    const { files, started } = await held('', { path, args: [] });
    started.go();
    await started.ended;
    const exit = await readExit(files.exit);
    const texts = await Promise.all([readFile(files.launcherLog, 'utf8'), readFile(files.stderr, 'utf8')]);
    expect(exit.kind === 'exited' && startFailure(exit.code, ...texts), path).toContain(path);
  }
  const { files, started } = await held('exit 127');
  started.go();
  await started.ended;
  const texts = await Promise.all([readFile(files.launcherLog, 'utf8'), readFile(files.stderr, 'utf8')]);
  expect(startFailure(127, ...texts)).toBeUndefined();
});

test('a working folder that is gone is an error of its own, not "command not found"', async () => {
  await expect(held('', { cwd: '/no/such/folder' })).rejects.toMatchObject({ code: 'spawn_failed' });
});

const LAUNCHER = fileURLToPath(new URL('../../src/process/launcher.sh', import.meta.url));
/** Every shell of this machine that could be its sh. */
const SHELLS = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['ksh'], ['zsh', '--emulate', 'sh']].filter(
  ([name = '', ...rest]) => spawnSync(name, [...rest, '-c', 'exit 0']).status === 0,
);

describe.each(SHELLS.map((words) => ({ words, name: words.join(' ') })))(
  'the folder, looked at by $name',
  ({ words }) => {
    /** Runs the launcher by itself, in `cwd`, for a job that was accepted for `folder`. */
    async function run(cwd: string, folder: string): Promise<{ exit: string; stdout: string }> {
      const out = await tempFolder();
      const [exit, deadline] = [join(out, 'exit'), join(out, 'deadline')];
      for (const file of [exit, deadline]) await writeFile(file, ' '.repeat(8));
      const script = `exec "$@" 3>/dev/null 4<<END\ngo\nEND`;
      const command = ['/bin/sh', '-c', 'pwd; [ "$OLDPWD" ] || echo unset'];
      const { stdout } = spawnSync(
        'sh',
        ['-c', script, 'sh', ...words, LAUNCHER, exit, deadline, '0', '1', folder, ...command],
        // A stranger's idea of where this is.
        { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, PWD: folder, OLDPWD: '/', CDPATH: '/' } },
      );
      return { exit: await readFile(exit, 'utf8'), stdout };
    }

    test.each([
      'plain',
      'with a space at its end ',
      'line\nbreak',
      'ends in one\n',
      "it's $HOME `x` *",
      '-n',
      'ünï\u0301',
    ])('runs in the right one, by the name of %j', async (name) => {
      const folder = join(await tempFolder(), name);
      await mkdir(folder);
      expect(await run(folder, folder)).toEqual({ exit: expect.stringMatching(/^0\n/), stdout: `${folder}\nunset\n` });
    });

    test('runs nothing where a link stands in its place, or in that of a folder above', async () => {
      const root = await tempFolder();
      const [folder, elsewhere] = [join(root, 'a', 'b'), join(root, 'elsewhere')];
      await mkdir(folder, { recursive: true });
      await mkdir(join(elsewhere, 'b'), { recursive: true });
      await rename(join(root, 'a'), join(root, 'was'));
      await symlink(elsewhere, join(root, 'a'));
      expect(await run(folder, folder)).toEqual({ exit: expect.stringMatching(/^moved\n/), stdout: '' });
      await symlink(elsewhere, join(root, 'link'));
      expect(await run(join(root, 'link'), join(root, 'link'))).toMatchObject({ stdout: '' });
    });
  },
);

test('a folder that was replaced by a link is noticed after the spawn, and told as such', async () => {
  const root = await tempFolder();
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'link'));
  const { files, started } = await held('echo ran', { cwd: join(root, 'link') });
  started.go();
  await started.ended;
  expect(await readExit(files.exit)).toEqual({ kind: 'moved' });
  expect(await readFile(files.stdout, 'utf8')).toBe('');
});

test.each(['stdout', 'stderr', 'exit', 'deadline', 'launcherLog', 'prompt'] as const)(
  'a link in the place of %s is not followed, and nothing is started',
  async (name) => {
    const home = await tempFolder();
    const files = jobFiles(resolvePaths({ SIDEJOB_HOME: home }), 'shell-1');
    await mkdir(files.dir, { recursive: true });
    const mine = join(home, 'mine');
    await writeFile(mine, 'untouched');
    if (name !== 'prompt') await writeFile(files.prompt, 'echo ran');
    await symlink(mine, files[name]);
    const command = { path: '/bin/sh', args: ['-s'], cwd: files.dir, env: {}, timeoutSec: 0, graceSec: 1 };
    await expect(launch(files, command)).rejects.toThrow(`${files[name]} is a symbolic link`);
    expect(await readFile(mine, 'utf8')).toBe('untouched');
  },
);

test('a job folder that is a link, and a pipe in the place of a file, are refused without waiting', async () => {
  const home = await tempFolder();
  const files = jobFiles(resolvePaths({ SIDEJOB_HOME: home }), 'shell-1');
  await mkdir(join(home, 'elsewhere'));
  await mkdir(join(home, 'jobs'));
  await symlink(join(home, 'elsewhere'), files.dir);
  const command = { path: '/bin/sh', args: ['-s'], cwd: home, env: {}, timeoutSec: 0, graceSec: 1 };
  await expect(launch(files, command)).rejects.toThrow(`${files.dir} is a symbolic link`);
  await unlink(files.dir);
  await mkdir(files.dir);
  execFileSync('mkfifo', [files.exit]);
  await expect(launch(files, command)).rejects.toThrow('is no regular file');
});
