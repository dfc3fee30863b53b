// `sidejob mcp` on the file of every client that it edits, in all the shapes in which such files are found.
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENTS, type Client, EDITED } from '../../src/cli/mcp/clients.js';
import { mcpCommand } from '../../src/cli/mcp/command.js';
import { locate } from '../../src/cli/mcp/file.js';

const ENTRY = {
  command: '/opt/node/bin/node',
  args: ['/opt/side job/dist/sidejob.js'],
  env: { SIDEJOB_HOME: '/data' },
};

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidejob-clients-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const machine = (platform: NodeJS.Platform = 'linux', env = {}) => ({ env, home, platform });

async function run(argv: string[]) {
  let out = '';
  let err = '';
  const stdout = (text: string) => {
    out += text;
  };
  const stderr = (text: string) => {
    err += text;
  };
  const status = await mcpCommand(argv, { stdout, stderr, entry: ENTRY, ...machine() });
  return { status, out, err };
}

/** The client's file, with its folder made. */
async function fileOf(client: Client, text?: string): Promise<string> {
  const path = await locate(client, machine());
  await mkdir(dirname(path), { recursive: true });
  if (text !== undefined) await writeFile(path, text);
  return path;
}

const content = (client: Client, text: string) => (client.format === 'toml' ? parseToml(text) : parseJsonc(text));
const entered = (client: Client) => ({ ...client.fields, ...ENTRY });
const text = (path: string) => readFile(path, 'utf8');

/** One file in the client's own format: comments, other settings, another server, and perhaps an older entry of ours. */
function handKept(client: Client, older = ''): string {
  if (client.format === 'toml') {
    return `# kept by hand\nmodel = "gpt-5"   # mine\n\n[${client.key}.other]\ncommand = "x" # not ours\nargs = [\n  "a", # first\n]\n${older}\n# the end\n[tui]\ntheme = "dark"\n`;
  }
  return `// kept by hand\n{\n    "theme": "dark", // mine\n    "${client.key}": {\n        "other": { "command": "x", "args": ["a"] }, // not ours\n${older}    },\n}\n`;
}

function older(client: Client): string {
  return client.format === 'toml'
    ? `\n[${client.key}.sidejob]\ncommand = "npx" # old\nargs = ["-y",\n  "sidejob"]\nstartup_timeout_sec = 20\nenv = { LOG = "1" }\n`
    : `        "sidejob": { "command": "npx", "args": ["-y", "sidejob"], "env": { "LOG": "1" }, "timeout": 20 }\n`;
}

describe.each(EDITED.map((client) => [client.name, client] as const))('%s', (name, client) => {
  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['of blanks', '\n \n'],
  ])('a file that is %s', async (_, given) => {
    const path = await fileOf(client, given);
    expect(await run(['install', name])).toMatchObject({ status: 0, err: '' });
    expect(content(client, await text(path))).toEqual({ [client.key]: { sidejob: entered(client) } });
    expect((await stat(path)).mode & 0o777).toBe(given === undefined ? 0o600 : 0o644);
  });

  test('comments, other servers, other settings: installed, installed again, and taken out again to the byte', async () => {
    const before = handKept(client);
    const path = await fileOf(client, before);
    expect(await run(['install', name])).toMatchObject({ status: 0 });
    const once = await text(path);
    expect(content(client, once)).toEqual({
      ...content(client, before),
      [client.key]: { ...content(client, before)[client.key], sidejob: entered(client) },
    });
    for (const comment of ['kept by hand', 'mine', 'not ours']) expect(once).toContain(comment);
    expect(await run(['install', name])).toMatchObject({ status: 0, out: expect.stringContaining('nothing changed') });
    expect(await text(path)).toBe(once);
    expect(await run(['uninstall', name])).toMatchObject({ status: 0 });
    expect(await text(path)).toBe(before);
  });

  test('an older entry is brought up to date; what a person added to it stays', async () => {
    const before = handKept(client, older(client));
    const path = await fileOf(client, before);
    const old = content(client, before);
    expect(await run(['install', name])).toMatchObject({ status: 0 });
    expect(content(client, await text(path))).toEqual({
      ...old,
      [client.key]: {
        ...old[client.key],
        sidejob: { ...old[client.key].sidejob, ...entered(client), env: { LOG: '1', ...ENTRY.env } },
      },
    });
    expect(await run(['uninstall', name])).toMatchObject({ status: 0 });
    expect(content(client, await text(path))).toEqual(content(client, handKept(client)));
  });

  test('a broken file is refused with its line, and untouched', async () => {
    const broken = client.format === 'toml' ? 'a = 1\nb = = 2\n' : '{\n  "a": 1\n  "b": 2\n}\n';
    const path = await fileOf(client, broken);
    for (const verb of ['install', 'uninstall']) {
      const { status, out, err } = await run([verb, name]);
      expect({ status, out }).toEqual({ status: 1, out: '' });
      expect(err).toMatch(client.format === 'toml' ? /line 2, column \d/ : /line 3, column 3/);
    }
    expect(await text(path)).toBe(broken);
    expect(await readdir(dirname(path))).toEqual([path.slice(dirname(path).length + 1)]);
  });

  test('a file that is read-only stays as it is', async () => {
    const path = await fileOf(client, handKept(client));
    await chmod(path, 0o444);
    expect(await run(['install', name])).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('is read-only. Nothing was changed'),
    });
    expect(await text(path)).toBe(handKept(client));
    expect((await readdir(dirname(path))).filter((each) => each.includes('backup'))).toEqual([]);
  });

  test('of a link, the target is edited', async () => {
    const link = await fileOf(client);
    const target = join(home, 'dotfiles', 'the-file');
    await mkdir(dirname(target));
    await writeFile(target, handKept(client));
    await symlink(relative(dirname(link), target), link);
    expect(await run(['install', name])).toMatchObject({ status: 0 });
    expect(await readlink(link)).toBe(relative(dirname(link), target));
    expect(content(client, await text(target))[client.key].sidejob).toEqual(entered(client));
    expect(await text(`${link}.sidejob-backup`)).toBe(handKept(client));
  });

  test('a dry run and --file', async () => {
    const elsewhere = join(home, 'elsewhere');
    await writeFile(elsewhere, handKept(client));
    const dry = await run(['install', name, '--dry-run', '--file', elsewhere]);
    expect(dry).toMatchObject({ status: 0, out: expect.stringContaining('/opt/node/bin/node') });
    expect(await text(elsewhere)).toBe(handKept(client));
    expect(await run(['install', name, '--file', elsewhere])).toMatchObject({ status: 0 });
    expect(content(client, await text(elsewhere))[client.key].sidejob).toEqual(entered(client));
  });
});

test.each([
  ['vscode', 'linux', {}, '.config/Code/User/mcp.json'],
  ['vscode', 'darwin', {}, 'Library/Application Support/Code/User/mcp.json'],
  ['vscode', 'win32', {}, 'AppData/Roaming/Code/User/mcp.json'],
  ['codex', 'linux', {}, '.codex/config.toml'],
  ['codex', 'linux', { CODEX_HOME: '/elsewhere' }, '/elsewhere/config.toml'],
  ['gemini', 'darwin', {}, '.gemini/settings.json'],
  ['gemini', 'linux', { GEMINI_CLI_HOME: '/elsewhere' }, '/elsewhere/.gemini/settings.json'],
  ['zed', 'darwin', { XDG_CONFIG_HOME: '/ignored' }, '.config/zed/settings.json'],
  ['zed', 'linux', { XDG_CONFIG_HOME: '/x' }, '/x/zed/settings.json'],
  ['windsurf', 'linux', {}, '.codeium/windsurf/mcp_config.json'],
  ['opencode', 'linux', {}, '.config/opencode/opencode.json'],
  ['copilot', 'linux', { COPILOT_HOME: '/c' }, '/c/mcp-config.json'],
] as const)('%s on %s with %o has its file at %s', async (name, platform, env, path) => {
  const client = CLIENTS.find((each) => each.name === name) as Client;
  const expected = path.startsWith('/') ? path : join(home, path);
  expect(await locate(client, machine(platform, env))).toBe(expected);
});

describe('print', () => {
  test.each(CLIENTS.map((client) => [client.name, client] as const))('%s', async (name, client) => {
    const { status, out, err } = await run(['print', name]);
    expect(status).toBe(0);
    const entry = client.shape?.(ENTRY) ?? entered(client);
    expect(content(client, out)).toEqual({ [client.key]: { sidejob: entry } });
    expect(err.startsWith(`For ${await locate(client, machine())}:\n`)).toBe(true);
    expect(await readdir(home)).toEqual([]);
  });

  test('of OpenCode and Copilot in their own shapes', async () => {
    expect(JSON.parse((await run(['print', 'opencode'])).out).mcp.sidejob).toEqual({
      type: 'local',
      command: [ENTRY.command, ...ENTRY.args],
      enabled: true,
      environment: ENTRY.env,
    });
    expect(JSON.parse((await run(['print', 'copilot'])).out).mcpServers.sidejob).toEqual({
      ...{ type: 'local', tools: ['*'] },
      ...ENTRY,
    });
  });

  test('is all there is for those whose file we do not edit', async () => {
    expect(await run(['install', 'zed'])).toMatchObject({
      status: 2,
      err: expect.stringMatching(/does not edit the file of Zed; "sidejob mcp print zed".*codex, gemini/),
    });
  });
});
