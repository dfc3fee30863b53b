// What `sidejob mcp` writes or prints, as the real clients read it. Their own `mcp list` says whether they see the entry,
// and, of those that start the server for it, whether it answers.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BIN, SEARCH_PATH } from './machine.js';

const SERVER = join(import.meta.dirname, '../../dist/sidejob.js');

interface Seat {
  home: string;
  run(program: string, ...args: string[]): Promise<string>;
}

/** A home folder of its own, in which nothing but the client is. */
async function seat(env: Record<string, string> = {}): Promise<Seat> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sidejob-entry-')));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const home = join(root, 'home');
  const project = join(root, 'project');
  for (const folder of [home, project]) await mkdir(folder);
  const own = { HOME: home, PATH: SEARCH_PATH, SIDEJOB_HOME: join(root, 'data'), DISABLE_AUTOUPDATER: '1', ...env };
  return {
    home,
    run: (program, ...args) =>
      new Promise((resolve, reject) => {
        execFile(program, args, { env: own, cwd: project, timeout: 50_000 }, (error, stdout, stderr) => {
          if (error) reject(new Error(`${program}: ${error.message}\n${stdout}${stderr}`));
          else resolve(stdout + stderr);
        }).stdin?.end();
      }),
  };
}

const sidejob = (here: Seat, ...args: string[]) => here.run(process.execPath, SERVER, 'mcp', ...args);

test('Claude Code sees the entry, starts it and gets an answer; and sees it go', async () => {
  const here = await seat({ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' });
  await sidejob(here, 'install', 'claude-code');
  const list = await here.run(join(BIN, 'claude'), 'mcp', 'list');
  expect(list).toMatch(new RegExp(`^sidejob: ${process.execPath} ${SERVER} - .* Connected$`, 'm'));
  await sidejob(here, 'uninstall', 'claude-code');
  expect(await here.run(join(BIN, 'claude'), 'mcp', 'list')).toContain('No MCP servers configured');
});

test('Codex sees the entry beside what it has entered itself, and what it writes later leaves ours alone', async () => {
  const here = await seat();
  await mkdir(join(here.home, '.codex'));
  const codex = (...args: string[]) => here.run(join(BIN, 'codex'), 'mcp', ...args);
  await codex('add', 'before', '--', '/bin/true');
  await sidejob(here, 'install', 'codex');
  await codex('add', 'after', '--env', 'A=b', '--', '/bin/true');
  const servers = JSON.parse((await codex('list', '--json')).replace(/^WARNING:.*$/gm, ''));
  expect(servers.map(({ name }: { name: string }) => name).sort()).toEqual(['after', 'before', 'sidejob']);
  const ours = servers.find(({ name }: { name: string }) => name === 'sidejob');
  expect(ours).toMatchObject({
    enabled: true,
    transport: { type: 'stdio', command: process.execPath, args: [SERVER] },
  });
  expect(await sidejob(here, 'install', 'codex')).toContain('nothing changed');
  await sidejob(here, 'uninstall', 'codex');
  expect(await codex('list')).toMatch(/^after .*\nbefore /m);
  expect(await codex('list')).not.toMatch(/^sidejob/m);
});

test('Gemini CLI sees the entry in a file with comments, starts it and gets an answer', async () => {
  const here = await seat({ GEMINI_CLI_TRUST_WORKSPACE: 'true' });
  await mkdir(join(here.home, '.gemini'));
  await writeFile(join(here.home, '.gemini/settings.json'), '{\n  // mine\n  "general": {} // mine, too\n}\n');
  await sidejob(here, 'install', 'gemini');
  const list = await here.run(join(BIN, 'gemini'), 'mcp', 'list');
  expect(list).toMatch(new RegExp(`sidejob: ${process.execPath} ${SERVER} \\(stdio\\) - Connected`));
});

/** Those of which only the entry is printed: pasted as it is, into the place that is named. */
test.each([
  ['opencode', ['mcp', 'list'], /sidejob.*connected/is],
  ['qwen', ['mcp', 'list'], /sidejob/],
  ['copilot', ['mcp', 'list'], /sidejob/],
] as const)('%s sees the printed entry', async (name, args, pattern) => {
  if (!existsSync(join(BIN, name))) return;
  const here = await seat({ GEMINI_CLI_TRUST_WORKSPACE: 'true' });
  const printed = await sidejob(here, 'print', name);
  const [, path = ''] = /^For (.*):$/m.exec(printed) ?? [];
  expect(path.startsWith(here.home)).toBe(true);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1));
  expect(await here.run(join(BIN, name), ...args)).toMatch(pattern);
});
