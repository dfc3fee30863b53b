// `sidejob config`: what is in force, where from, and an editor on the file.
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

async function configured(sandbox: Sandbox, text: string): Promise<string> {
  await mkdir(sandbox.home, { mode: 0o700 });
  const path = join(sandbox.home, 'config.toml');
  await writeFile(path, text);
  return path;
}

/** A sandbox whose editor runs this script, with the file as its first argument. */
async function editing(sandbox: Sandbox, script: string) {
  const editor = join(sandbox.root, 'an editor');
  await writeFile(editor, `#!/bin/sh\n${script}\n`);
  await chmod(editor, 0o755);
  // With an argument of its own, as "code --wait" has.
  const env = { ...sandbox.env, PATH: `${sandbox.bin}:/usr/bin:/bin`, EDITOR: `'${editor}' --wait` };
  return { env, project: sandbox.project };
}

test('shows every setting with its value and where it is from, and no key of any CLI', async ({ sandbox }) => {
  const path = await configured(
    sandbox,
    'maxRunning = 3\n\n[wait]\nclaude-ai = 200\n\n[env]\nset = { TOKEN = "abc-very-secret" }\n\n' +
      '[providers.claude]\nargs = ["--key", "sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-AAAAAAAA"]\n' +
      'env.set = { ANTHROPIC_API_KEY = "def-very-secret" }\n\n[on_finish]\nnotify = true\n',
  );
  const { status, stdout, stderr } = await sidejob(sandbox, 'config');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.startsWith(`${path}\n`)).toBe(true);
  expect(stdout).toMatch(new RegExp(`^maxRunning +3 +${path}:1$`, 'm'));
  expect(stdout).toMatch(/^graceSec +1 +SIDEJOB_GRACE_SEC$/m);
  expect(stdout).toMatch(/^keepDays +30 +default$/m);
  expect(stdout).toContain(`wait.claude-ai = 200  ${path}:4\n`);
  expect(stdout).toContain(`env.set.TOKEN = "***"  ${path}:7\n`);
  expect(stdout).toContain(`on_finish.notify = true  ${path}:`);
  const json = await sidejob(sandbox, 'config', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    file: path,
    exists: true,
    settings: { maxRunning: { value: 3, origin: path, variable: 'SIDEJOB_MAX_RUNNING' } },
    tables: { env: { set: { TOKEN: '***' } }, on_finish: { notify: true, timeoutSec: 30 } },
  });
  for (const text of [stdout, json.stdout]) expect(text).not.toMatch(/very-secret|sk-ant-api03-AAAA/);
});

test('a wrong file is an error with its line, and "path" answers all the same', async ({ sandbox }) => {
  const path = await configured(sandbox, 'maxRunning = 3\nmaxRuning = 4\n');
  expect(await sidejob(sandbox, 'config')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: `sidejob: bad_config: ${path}:2: "maxRuning" is unknown; maxRunning?\n`,
  });
  expect(await sidejob(sandbox, 'config', 'path')).toMatchObject({ status: 0, stdout: `${path}\n` });
  expect(await sidejob(sandbox, 'config', 'edt')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('edit?'),
  });
});

test('edit makes the commented file where there is none, for its owner alone', async ({ sandbox }) => {
  const { status, stdout } = await sidejob(await editing(sandbox, 'exit 0'), 'config', 'edit');
  const path = join(sandbox.home, 'config.toml');
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining(`${path} is valid`) });
  expect(await readFile(path, 'utf8')).toBe((await sidejob(sandbox, 'config', 'template')).stdout);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('what was edited is looked at, and kept as it is', async ({ sandbox }) => {
  const path = await configured(sandbox, '# mine\n');
  // The last of its arguments: the first is the editor's own.
  const good = await sidejob(await editing(sandbox, 'echo "maxRunning = 2" >> "$2"'), 'config', 'edit');
  expect(good.status).toBe(0);
  const bad = await sidejob(await editing(sandbox, 'echo "maxRunning = 0" > "$2"'), 'config', 'edit');
  expect(bad).toMatchObject({ status: 1, stderr: expect.stringContaining(`${path}:1: maxRunning = 0`) });
  expect(await readFile(path, 'utf8')).toBe('maxRunning = 0\n');
  const failed = await sidejob(await editing(sandbox, 'exit 9'), 'config', 'edit');
  expect(failed).toMatchObject({ status: 2, stderr: expect.stringContaining('ended with status 9') });
});

/** `script` gives a command a terminal of its own, and passes on what it reads. */
const canPose = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

test.skipIf(!canPose)('on a terminal, a wrong file can be edited again at once', async ({ sandbox }) => {
  const path = await configured(sandbox, '');
  // The first time it makes a mistake.
  const place = await editing(
    sandbox,
    `if [ -s "$2" ]; then echo "maxRunning = 5" > "$2"; else echo "maxRuning = 5" > "$2"; fi`,
  );
  const child = spawn('script', ['-qefc', `'${process.execPath}' '${SERVER}' config edit`, '/dev/null'], {
    env: { ...place.env, SHELL: '/bin/sh', TERM: 'dumb' },
  });
  let shown = '';
  child.stdout.on('data', (chunk) => {
    shown += chunk;
    if (/Edit again\? \[y\/N\] $/.test(shown)) child.stdin.write('y\n');
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect({ status, shown }).toMatchObject({ status: 0, shown: expect.stringContaining('maxRunning?') });
  expect(shown).toContain(`${path} is valid`);
  expect(await readFile(path, 'utf8')).toBe('maxRunning = 5\n');
});

test('schema and template are printed as they are', async ({ sandbox }) => {
  const published = await readFile(join(import.meta.dirname, '../../schemas/config.schema.json'), 'utf8');
  expect((await sidejob(sandbox, 'config', 'schema')).stdout).toBe(published);
  expect((await sidejob(sandbox, 'config', 'template')).stdout).toContain('#maxRunning = 8\n');
});
