import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findCommand } from '../../src/process/find-command.js';
import { compareHost, currentHost, hostKey } from '../../src/process/host.js';
import { livenessOf } from '../../src/process/identity.js';
import { ageSec, processInfo, processTable } from '../../src/process/table.js';
import { isGroupAlive } from '../../src/process/terminate.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

test('a process is told from another that has its pid, and from one of another boot or machine', async () => {
  const here = await currentHost();
  const self = await processInfo(process.pid);
  const identity = { host: hostKey(here), pid: process.pid, start: self?.start ?? '' };
  expect(await livenessOf(identity, here)).toBe('alive');
  expect(await livenessOf({ ...identity, start: '1' }, here)).toBe('gone');
  expect(await livenessOf({ ...identity, host: hostKey({ ...here, boot: 'before' }) }, here)).toBe('gone');
  expect(await livenessOf({ ...identity, host: hostKey({ ...here, machine: 'other' }) }, here)).toBe('unknown');
  expect(await livenessOf({ ...identity, host: hostKey({ ...here, pidNamespace: 'ns' }) }, here)).toBe('unknown');
});

test('a zombie is gone', async () => {
  // The shell starts a child, and becomes a program that never waits for it.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  const { start = '' } = (await processInfo(pid)) ?? {};
  await until('zombie', async () => (await processInfo(pid))?.zombie);
  expect(process.kill(pid, 0)).toBe(true);
  expect(await livenessOf({ host: hostKey(await currentHost()), pid, start }, await currentHost())).toBe('gone');
});

test('a process whose name looks like the rest of its line is read right', async () => {
  const program = join(await tempFolder(), 'a) Z 1 (b');
  await writeFile(program, '#!/bin/sh\nsleep 30 & wait\n');
  await chmod(program, 0o755);
  const child = spawn(program, { detached: true, stdio: 'ignore' });
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'));
  const info = await until('its name', async () => {
    const found = await processInfo(child.pid ?? 0);
    return found?.name.startsWith('a)') && found;
  });
  expect(info).toMatchObject({ parent: process.pid, group: child.pid, session: child.pid, zombie: false });
});

test('the table holds this process, and its age is told by a clock that cannot be set', async () => {
  const self = (await processTable()).find(({ pid }) => pid === process.pid);
  const age = self && (await ageSec(self));
  expect(Math.abs((age ?? 0) - process.uptime())).toBeLessThan(1);
});

test('hosts are compared by machine, boot and pid namespace', () => {
  const here = { machine: 'm', boot: 'b', pidNamespace: 'pid:[1]' };
  expect(compareHost('m/b/pid:[1]', here)).toBe('same');
  expect(compareHost('m/old/pid:[1]', here)).toBe('rebooted');
  expect(compareHost('m/b/pid:[2]', here)).toBe('elsewhere');
  expect(compareHost('n/b/pid:[1]', here)).toBe('elsewhere');
});

test('a CLI is found on PATH, then on the login shell’s PATH; never in a relative entry', async () => {
  const folder = await tempFolder();
  const add = async (name: string, mode: number) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'tool'), '#!/bin/sh\n');
    await chmod(join(folder, name, 'tool'), mode);
    return join(folder, name);
  };
  const good = await add('good', 0o755);
  const plain = await add('plain', 0o644);
  const shell = join(folder, 'shell');
  await writeFile(shell, `#!/bin/sh\necho noise; PATH="/profile:${good}" ; eval "$2"; echo more\n`);
  await chmod(shell, 0o755);

  expect(await findCommand('tool', { PATH: `${plain}:${good}` })).toMatchObject({
    path: join(good, 'tool'),
    via: 'PATH',
  });
  // Read once: so every case that must not ask the shell comes before the one that does.
  expect(await findCommand('tool', { PATH: '/bin', SHELL: shell })).toMatchObject({
    path: join(good, 'tool'),
    searchPath: `/bin:/profile:${good}`,
    via: 'login shell',
  });
  expect(await findCommand('tool', { PATH: `relative:${plain}`, SHELL: shell })).toMatchObject({ via: 'login shell' });
  expect(await findCommand('no-such-tool', { PATH: '/bin', SHELL: shell })).toBeUndefined();
});

test.skipIf(process.getuid?.() !== 0)('a process that may not be signalled (EPERM) is alive', async () => {
  const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore', uid: 65533 });
  const pid = child.pid ?? 0;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  const { start = '' } = (await processInfo(pid)) ?? {};
  const identity = { host: hostKey(await currentHost()), pid, start };
  const here = await currentHost();
  // Only root can start a process as one user and become another, to whom it is foreign.
  process.seteuid?.(65534);
  try {
    expect(() => process.kill(pid, 0)).toThrow('EPERM');
    expect(isGroupAlive(identity)).toBe(true);
    expect(await livenessOf(identity, here)).toBe('alive');
  } finally {
    process.seteuid?.(0);
  }
});
