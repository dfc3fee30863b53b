// `sidejob config`: what is in force, where from, and an editor on the file.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob, startSidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { NO_TERMINAL, Terminal } from '../support/terminal.js';

async function configured(sandbox: Sandbox, text: string): Promise<string> {
  await mkdir(sandbox.home, { mode: 0o700 });
  const path = join(sandbox.home, 'config.toml');
  await writeFile(path, text);
  return path;
}

/** `sidejob config edit` on a terminal, with an editor that runs this script: the file is its second argument. */
async function editing(sandbox: Sandbox, script: string): Promise<Terminal> {
  const editor = join(sandbox.root, 'an editor');
  await writeFile(editor, `#!/bin/sh\n${script}\n`);
  await chmod(editor, 0o755);
  // With an argument of its own, as "code --wait" has.
  const env = { PATH: `${sandbox.bin}:/usr/bin:/bin`, EDITOR: `'${editor}' --wait`, TERM: 'dumb' };
  return new Terminal(sandbox, ['config', 'edit'], { env, columns: 300 });
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

test('without a terminal there is no editor, and no file is made', async ({ sandbox }) => {
  const path = join(sandbox.home, 'config.toml');
  const refused = await startSidejob(sandbox, ['config', 'edit'], { env: { EDITOR: 'true' } }).ended;
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(`needs a terminal. Run it in one, or`) });
  expect(existsSync(path)).toBe(false);
});

test.skipIf(NO_TERMINAL)(
  'edit makes the commented file where there is none, for its owner alone',
  async ({ sandbox }) => {
    const edit = await editing(sandbox, 'exit 0');
    const path = join(sandbox.home, 'config.toml');
    expect(await edit.ended()).toBe(0);
    expect(edit.text).toContain(`${path} is valid`);
    expect(await readFile(path, 'utf8')).toBe((await sidejob(sandbox, 'config', 'template')).stdout);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  },
);

test.skipIf(NO_TERMINAL)('what was edited is looked at, and kept as it is', async ({ sandbox }) => {
  const path = await configured(sandbox, '# mine\n');
  // The last of its arguments: the first is the editor's own.
  expect(await (await editing(sandbox, 'echo "maxRunning = 2" >> "$2"')).ended()).toBe(0);
  const bad = await editing(sandbox, 'echo "maxRunning = 0" > "$2"');
  await bad.shows('Edit again? [y/N]');
  bad.type('\n');
  expect(await bad.ended()).toBe(1);
  expect(bad.text).toContain(`${path}:1: maxRunning = 0`);
  expect(await readFile(path, 'utf8')).toBe('maxRunning = 0\n');
  const failed = await editing(sandbox, 'exit 9');
  expect(await failed.ended()).toBe(2);
  expect(failed.text).toContain('ended with status 9');
});

test.skipIf(NO_TERMINAL)('a wrong file can be edited again at once', async ({ sandbox }) => {
  const path = await configured(sandbox, '');
  // The first time it makes a mistake.
  const edit = await editing(
    sandbox,
    `if [ -s "$2" ]; then echo "maxRunning = 5" > "$2"; else echo "maxRuning = 5" > "$2"; fi`,
  );
  await edit.shows('Edit again? [y/N]');
  edit.type('y\n');
  expect(await edit.ended()).toBe(0);
  expect(edit.text).toContain('maxRunning?');
  expect(edit.text).toContain(`${path} is valid`);
  expect(await readFile(path, 'utf8')).toBe('maxRunning = 5\n');
});

test('schema and template are printed as they are', async ({ sandbox }) => {
  const published = await readFile(join(import.meta.dirname, '../../schemas/config.schema.json'), 'utf8');
  expect((await sidejob(sandbox, 'config', 'schema')).stdout).toBe(published);
  expect((await sidejob(sandbox, 'config', 'template')).stdout).toContain('#maxRunning = 8\n');
});
