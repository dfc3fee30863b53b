// `sidejob doctor`: what is wrong is a finding with its remedy, whatever is wrong; and nothing is touched.
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'vitest';
import type { Finding } from '../../src/jobs/doctor/finding.js';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

type Place = Pick<Sandbox, 'env' | 'project'>;

const withEnv = (sandbox: Sandbox, env: Record<string, string>): Place => ({
  env: { ...sandbox.env, ...env },
  project: sandbox.project,
});

/** The findings, of which each that is not good has a remedy. */
async function findings(place: Place, ...args: string[]): Promise<{ status: number; all: Finding[]; of: Of }> {
  const { status, stdout, stderr } = await sidejob(place, 'doctor', '--json', ...args);
  expect(stderr).toBe('');
  const { ok, findings: all } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect(ok).toBe(status === 0);
  expect(all.filter(({ level, remedy }) => level !== 'ok' && !remedy)).toEqual([]);
  return { status, all, of: (check) => all.filter((each) => each.check === check) };
}
type Of = (check: string) => Finding[];

async function dataFolder(sandbox: Sandbox, files: Record<string, string> = {}): Promise<void> {
  await mkdir(sandbox.home, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(sandbox.home, name), text, { mode: 0o600 });
}

test('a machine on which all is well, before and after the first job', async ({ sandbox }) => {
  await mkdir(join(sandbox.userHome, '.cursor'));
  await sidejob(sandbox, 'mcp', 'install', 'cursor');
  const login = withEnv(sandbox, { SHELL: '/bin/sh' });
  const before = await findings(login);
  expect(before.status).toBe(0);
  expect(before.of('store')).toMatchObject([{ level: 'ok', message: expect.stringContaining('not there yet') }]);
  expect(await readdir(sandbox.root)).not.toContain('data');

  const assistant = await sandbox.assistant();
  await assistant.jobWhen(await assistant.submit('hello'), 'has ended', (job) => job.status === 'completed');
  const { status, all, of } = await findings(login);
  expect({ status, problems: all.filter(({ level }) => level === 'problem') }).toEqual({ status: 0, problems: [] });
  expect(of('store')[0]?.message).toMatch(/store\.db, sound, \d+ KB, schema \d+$/);
  expect(of('jobs')).toMatchObject([{ level: 'ok', message: '1 completed' }]);
  expect(of('inbox')).toMatchObject([{ level: 'ok', message: '1 job ended unread' }]);
  expect(of('claude')).toContainEqual({
    check: 'claude',
    level: 'ok',
    message: `${sandbox.bin}/claude, version 2.1.328, as tested, login: api key (ANTHROPIC_API_KEY)`,
  });
  expect(of('client cursor')).toMatchObject([{ level: 'ok' }]);
  // The posing CLIs are on a PATH that no login shell has.
  expect(of('PATH')).toMatchObject([
    {
      level: 'warn',
      message: expect.stringContaining('this terminal only: claude, codex, gemini;'),
      remedy: `sidejob config edit: command = "${sandbox.bin}/claude" under [providers.claude], and so on`,
    },
  ]);
  const text = await sidejob(login, 'doctor');
  expect(text.stdout).toMatch(/^ok +store +/m);
  expect(text.stdout).toMatch(/\n\n0 problems, 1 warning\.\n$/);
});

test('no CLI at all', async ({ sandbox }) => {
  for (const cli of ['claude', 'codex', 'gemini'] as const) await sandbox.uninstall(cli);
  const { status, of } = await findings(sandbox);
  expect(status).toBe(1);
  expect(of('providers')).toMatchObject([
    { level: 'problem', message: 'no CLI is both installed and logged in; only the demo answers' },
  ]);
  expect(of('others')[0]?.message).toContain('claude, codex, gemini');
  expect(of('PATH')).toMatchObject([{ level: 'warn' }]);
  // One of the configuration is one, though it needs no login.
  await dataFolder(sandbox, { 'config.toml': '[providers.mine]\ncommand = "/bin/cat"\n' });
  const mine = await findings(sandbox);
  expect(mine.of('providers')).toEqual([]);
  expect(mine.status).toBe(0);
});

test.each([
  ['no database', (path: string) => writeFile(path, 'garbage '.repeat(100)), /is not a SQLite file/],
  ['a folder', (path: string) => mkdir(path), /store\.db/],
  [
    'of a newer version',
    async (path: string) => {
      const db = new Sqlite(path);
      db.pragma('user_version = 99');
      db.close();
    },
    /newer Sidejob \(schema 99, this one knows \d+\)/,
  ],
  ['empty', (path: string) => writeFile(path, ''), undefined],
])('a store that is %s', async (_, make, message) => {
  const { Sandbox } = await import('../support/sandbox.js');
  const sandbox = await Sandbox.create();
  try {
    await dataFolder(sandbox);
    const path = join(sandbox.home, 'store.db');
    await make(path);
    const before = await readFile(path).catch(() => undefined);
    const { status, of } = await findings(sandbox);
    expect(status).toBe(message ? 1 : 0);
    expect(of('store')).toHaveLength(1);
    if (message) expect(of('store')[0]).toMatchObject({ level: 'problem', message: expect.stringMatching(message) });
    // The rest was looked at all the same, and nothing was changed.
    expect(of('claude').length).toBeGreaterThan(0);
    expect(await readFile(path).catch(() => undefined)).toEqual(before);
  } finally {
    await sandbox.dispose();
  }
});

test('a store that is damaged inside', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  for (let n = 0; n < 3; n += 1) await assistant.ended(await assistant.submit(`hello ${n}`));
  await assistant.close();
  const path = join(sandbox.home, 'store.db');
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0xa5, 4096 * 2));
  const { status, of } = await findings(sandbox);
  expect(status).toBe(1);
  expect(of('store')[0]?.message).toMatch(/damaged|malformed/);
  expect(await readFile(path)).toEqual(bytes);
});

test('a wrong configuration and a variable that is none', async ({ sandbox }) => {
  await dataFolder(sandbox, { 'config.toml': 'maxRunning = 3\nmaxRuning = 4\n' });
  const { status, of } = await findings(withEnv(sandbox, { SIDEJOB_MAX_RUNING: '3' }));
  expect(status).toBe(1);
  expect(of('config')).toMatchObject([
    { level: 'problem', message: expect.stringContaining('config.toml:2: "maxRuning"'), remedy: 'sidejob config edit' },
  ]);
  expect(of('environment')).toMatchObject([{ level: 'warn', remedy: 'SIDEJOB_MAX_RUNNING?' }]);
  const byVariable = await findings(withEnv(sandbox, { SIDEJOB_MAX_RUNNING: 'many' }));
  expect(byVariable.of('config')).toMatchObject([{ level: 'problem' }]);
});

test('what [on_finish] names is there or not', async ({ sandbox }) => {
  await dataFolder(sandbox, { 'config.toml': '[on_finish]\ncommand = ["no-such-program"]\nnotify = true\n' });
  const { status, of } = await findings(sandbox);
  expect(status).toBe(1);
  expect(of('on_finish').map(({ level }) => level)).toEqual(['problem', 'warn']);
});

test('a policy that is wrong, and one that warns', async ({ sandbox }) => {
  await dataFolder(sandbox, { 'policy.json': '{ "version": "1" }' });
  const wrong = await findings(sandbox);
  expect(wrong.status).toBe(1);
  expect(wrong.of('policy')).toMatchObject([
    { level: 'problem', message: expect.stringContaining('every call is denied') },
  ]);
  await writeFile(join(sandbox.home, 'policy.json'), '{ "version": "1", "default": "allow", "hide": ["llm_rn"] }');
  const warned = await findings(sandbox);
  expect(warned.of('policy').map(({ level }) => level)).toEqual(['ok', 'warn']);
});

test('modes: said, mended by --fix; a folder that others may write to is for a person', async ({ sandbox }) => {
  await dataFolder(sandbox, { 'config.toml': '' });
  await chmod(sandbox.home, 0o755);
  await chmod(join(sandbox.home, 'config.toml'), 0o644);
  const { of } = await findings(sandbox);
  expect(of('data folder')).toMatchObject([{ level: 'warn', remedy: expect.stringContaining('sidejob doctor --fix') }]);
  expect((await stat(sandbox.home)).mode & 0o777).toBe(0o755);
  const fixed = await findings(sandbox, '--fix');
  expect(fixed.of('data folder')).toMatchObject([{ level: 'ok', fixed: true }]);
  expect((await stat(sandbox.home)).mode & 0o777).toBe(0o700);
  expect((await stat(join(sandbox.home, 'config.toml'))).mode & 0o777).toBe(0o600);
  expect((await findings(sandbox)).of('data folder')).toMatchObject([{ level: 'ok' }]);

  await chmod(sandbox.home, 0o777);
  const open = await findings(sandbox, '--fix');
  expect(open.of('data folder')).toMatchObject([{ level: 'problem', remedy: expect.stringContaining('chmod 700') }]);
  expect((await stat(sandbox.home)).mode & 0o777).toBe(0o777);
});

test('a data folder that cannot be one', async ({ sandbox }) => {
  const relative = await sidejob(withEnv(sandbox, { SIDEJOB_HOME: 'relative' }), 'doctor');
  expect(relative).toMatchObject({ status: 1, stdout: expect.stringContaining('must be an absolute path') });
  await writeFile(sandbox.home, 'a file');
  const file = await findings(sandbox);
  expect(file.of('data folder')).toMatchObject([
    { level: 'problem', message: expect.stringContaining('not a directory') },
  ]);
});

test('clients: an entry that points nowhere, to another data folder, and a file that is broken', async ({
  sandbox,
}) => {
  for (const folder of ['.cursor', '.codex', '.gemini']) await mkdir(join(sandbox.userHome, folder));
  const entry = { command: process.execPath, args: ['/no/such/dist/sidejob.js'] };
  await writeFile(join(sandbox.userHome, '.cursor/mcp.json'), JSON.stringify({ mcpServers: { sidejob: entry } }));
  await writeFile(
    join(sandbox.userHome, '.codex/config.toml'),
    `[mcp_servers.sidejob]\ncommand = "${process.execPath}"\n`,
  );
  await writeFile(join(sandbox.userHome, '.gemini/settings.json'), '{\n  "a": 1\n  "b": 2\n}');
  await writeFile(join(sandbox.userHome, '.claude.json'), '{"mcpServers":{"sidejob":{"command":"/no/such/node"}}}');
  const { status, of } = await findings(sandbox);
  expect(status).toBe(1);
  const again = (client: string) => `sidejob mcp install ${client}`;
  expect(of('client cursor')).toMatchObject([
    {
      level: 'problem',
      message: expect.stringContaining('/no/such/dist/sidejob.js is not there'),
      remedy: again('cursor'),
    },
  ]);
  expect(of('client claude-code')).toMatchObject([{ level: 'problem', remedy: again('claude-code') }]);
  expect(of('client codex')).toMatchObject([
    { level: 'warn', message: expect.stringContaining('another data folder') },
  ]);
  expect(of('client gemini')).toMatchObject([{ level: 'warn', message: expect.stringContaining('line 3') }]);
  await sidejob(sandbox, 'mcp', 'install', 'cursor');
  expect((await findings(sandbox)).of('client cursor')).toMatchObject([{ level: 'ok' }]);
});

test('jobs without a server, and calls that wait for a word', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await assistant.submit(asks({ gate }));
  await assistant.jobWhen(jobId, 'runs', (job) => job.status === 'running');
  expect((await findings(sandbox)).of('jobs')).toMatchObject([{ level: 'ok', message: '1 running' }]);
  await assistant.kill();
  expect((await findings(sandbox)).of('jobs')).toMatchObject([
    { level: 'warn', message: `running without a server: 1 job (${jobId})` },
  ]);
  await sandbox.open(gate);
  const next = await sandbox.assistant();
  await next.ended(jobId);
  expect((await findings(sandbox)).of('jobs')).toMatchObject([{ level: 'ok', message: '1 completed' }]);
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

test.skipIf(!canMount)('a full disk', async ({ sandbox }) => {
  await mkdir(sandbox.home, { recursive: true });
  const script =
    'mount -t tmpfs -o mode=700,size=2m tmpfs "$SIDEJOB_HOME" && SIDEJOB_MIN_FREE_MB=0 "$0" "$1" list >/dev/null && { head -c 4000000 /dev/zero > "$SIDEJOB_HOME/fill"; exec "$0" "$1" doctor --json; }';
  const env = { ...sandbox.env, PATH: `${sandbox.bin}:/usr/bin:/bin:/usr/sbin:/sbin` };
  const { stdout, status } = spawnSync('unshare', ['-m', '/bin/sh', '-c', script, process.execPath, SERVER], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  const found = (JSON.parse(stdout).findings as Finding[]).find(({ check }) => check === 'disk');
  expect(found).toMatchObject({ level: 'problem', message: expect.stringMatching(/^0 MB free/) });
  expect(JSON.parse(stdout).findings).toContainEqual(expect.objectContaining({ check: 'store' }));
});

test('a file where the data folder should be is one problem, with its remedy', async ({ sandbox }) => {
  await writeFile(sandbox.home, 'x');
  const { status, all } = await findings(sandbox);
  expect(status).toBe(1);
  expect(all.filter(({ check }) => !['node', 'compiled'].includes(check))).toEqual([
    {
      ...{ check: 'data folder', level: 'problem' },
      message: `${sandbox.home} is not a directory`,
      remedy: 'move it away, or set SIDEJOB_HOME to a folder',
    },
  ]);
});

test('jobs whose folder is gone, and a table that was meant for a CLI that is known', async ({ sandbox }) => {
  await sidejob(sandbox, 'run', '-p', 'demo', 'x');
  expect((await findings(sandbox)).of('jobs')).toMatchObject([{ level: 'ok' }]);
  await rm(join(sandbox.home, 'jobs'), { recursive: true });
  const path = join(sandbox.home, 'config.toml');
  await writeFile(path, '[providers.cluade]\ncommand = "/bin/cat"\n[providers.mine]\ncommand = "/bin/cat"\n');
  const { of } = await findings(sandbox);
  expect(of('jobs')).toContainEqual({
    ...{ check: 'jobs', level: 'warn' },
    message: `${sandbox.home}/jobs is gone, and with it the answers of 1 ended job`,
    remedy: expect.stringContaining('sidejob prune --unread'),
  });
  expect(of('config').filter(({ level }) => level === 'warn')).toEqual([
    {
      ...{ check: 'config', level: 'warn' },
      message: `${path}:1: [providers.cluade] makes a CLI of your own`,
      remedy: '[providers.claude], if that is what is meant',
    },
  ]);
});
