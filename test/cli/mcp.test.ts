import { writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mcpCommand } from '../../src/cli/mcp/command.js';
import { diff } from '../../src/cli/mcp/diff.js';
import { withoutServer, withServer } from '../../src/cli/mcp/edit.js';

const ENTRY = { command: '/opt/node/bin/node', args: ['/opt/sidejob/dist/sidejob.js'] };

// Every oddity a hand-kept file can have: comments in all places, odd spacing, a trailing comma.
const HAND_KEPT = `// kept by hand
{
    "theme":   "dark",   // not light
    "mcpServers": {
        /* the first */
        "zeta": { "command": "z",  "args": [ "1","2" ] }, // my own
        "alpha": {"url": "http://127.0.0.1/mcp"}, // the last
    },
    "numStartups" : 7
}
`;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidejob-mcp-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function run(argv: string[], machine: Partial<Parameters<typeof mcpCommand>[1]> = {}) {
  let out = '';
  let err = '';
  const status = await mcpCommand(argv, {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    env: {},
    home,
    platform: 'linux',
    entry: ENTRY,
    ...machine,
  });
  return { status, out, err };
}

/** A file under the home folder, made with its folders. */
async function given(name: string, text: string | Buffer): Promise<string> {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const text = (path: string) => readFile(path, 'utf8');
const json = async (path: string) => JSON.parse(await text(path));
const names = () => readdir(home, { recursive: true }).then((all) => all.sort());

describe('--json', () => {
  it('prints the entry, or what became of the file, and nothing else', async () => {
    const path = await given('.claude.json', '{\n  "numStartups": 3\n}\n');
    const told = async (...argv: string[]) => JSON.parse((await run([...argv, '--json'])).out);
    const change = { client: 'claude-code', file: path, changed: true };

    expect(await told('print', 'claude-code')).toEqual({ type: 'stdio', ...ENTRY });
    expect(await told('install', 'claude-code', '--dry-run')).toEqual({ ...change, dryRun: true });
    expect(await json(path)).toEqual({ numStartups: 3 });
    expect(await told('install', 'claude-code')).toEqual({ ...change, backup: `${path}.sidejob-backup` });
    expect(await told('install', 'claude-code')).toEqual({ ...change, changed: false });
    expect(await told('uninstall', 'claude-code')).toMatchObject(change);
    expect(await told('uninstall', 'claude-code')).toEqual({ ...change, changed: false });
    expect((await run(['install', 'cursor', '--json'])).out).toBe('');
  });
});

describe('install', () => {
  it('enters the server in Claude Code at user scope', async () => {
    const path = await given('.claude.json', '{\n  "numStartups": 3\n}\n');
    const { status, out, err } = await run(['install', 'claude-code']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(await json(path)).toEqual({ numStartups: 3, mcpServers: { sidejob: { type: 'stdio', ...ENTRY } } });
    expect(out).toContain(`+   "mcpServers": {`);
    expect(out).toContain('Start Claude Code again');
    expect(out).toContain('"mcp__sidejob__llm_job_wait"');
    expect(out).not.toContain('llm_job_submit');
  });

  it.each([
    ['claude-code', 'linux', { CLAUDE_CONFIG_DIR: 'moved' }, 'moved/.claude.json'],
    ['claude-desktop', 'darwin', {}, 'Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'linux', {}, '.config/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'linux', { XDG_CONFIG_HOME: 'xdg' }, 'xdg/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'win32', { APPDATA: 'Roaming' }, 'Roaming/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'win32', {}, 'AppData/Roaming/Claude/claude_desktop_config.json'],
    ['cursor', 'win32', {}, '.cursor/mcp.json'],
  ] as const)('knows where %s keeps its file (%s, %o)', async (client, platform, variables, name) => {
    const env = Object.fromEntries(Object.entries(variables).map(([key, folder]) => [key, join(home, folder)]));
    const path = await given(name, '{}');
    expect(await run(['install', client], { platform, env })).toMatchObject({ status: 0, err: '' });
    const fields = client === 'claude-code' ? { type: 'stdio' } : {};
    expect(await json(path)).toEqual({ mcpServers: { sidejob: { ...fields, ...ENTRY } } });
  });

  it('prefers the folder of a packaged Claude Desktop on Windows', async () => {
    const old = await given('AppData/Roaming/Claude/claude_desktop_config.json', '{}');
    const folder = 'AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude';
    const packaged = await given(`${folder}/claude_desktop_config.json`, '{}');
    await run(['install', 'claude-desktop'], { platform: 'win32' });
    expect(await json(packaged)).toEqual({ mcpServers: { sidejob: ENTRY } });
    expect(await text(old)).toBe('{}');
  });

  it('makes a missing file, for its owner alone', async () => {
    await mkdir(join(home, '.cursor'));
    const { status, out } = await run(['install', 'cursor']);
    expect(status).toBe(0);
    expect(out).toContain('mcp.json (new file)\n@@ -0,0 +1,10 @@\n+ {\n');
    const path = join(home, '.cursor', 'mcp.json');
    expect(await json(path)).toEqual({ mcpServers: { sidejob: ENTRY } });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await names()).toEqual(['.cursor', '.cursor/mcp.json']);
  });

  it('makes no folder: the client has not run there', async () => {
    const { status, err } = await run(['install', 'cursor']);
    expect(status).toBe(1);
    expect(err).toContain(join(home, '.cursor'));
    expect(err).toContain('start it once');
    expect(await names()).toEqual([]);
  });

  it('keeps every other byte: comments, order, spacing', async () => {
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    const { status, err } = await run(['install', 'cursor']);
    expect(status).toBe(0);
    expect(err).toContain('comments or trailing commas');
    const last = '"alpha": {"url": "http://127.0.0.1/mcp"}, // the last\n';
    const [before = '', after = ''] = HAND_KEPT.split(last);
    const now = await text(path);
    expect(now.startsWith(before + last)).toBe(true);
    expect(now.endsWith(after)).toBe(true);
    expect(now.slice((before + last).length, -after.length)).toBe(`        "sidejob": {
            "command": "/opt/node/bin/node",
            "args": [
                "/opt/sidejob/dist/sidejob.js"
            ]
        },
`);
  });

  it('changes nothing the second time, and makes no backup', async () => {
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    await run(['install', 'cursor']);
    const first = await text(path);
    const before = await names();
    const { status, out } = await run(['install', 'cursor']);
    expect(status).toBe(0);
    expect(out).toBe(`sidejob is already entered in ${path}; nothing changed.\n`);
    expect(await text(path)).toBe(first);
    expect(await names()).toEqual(before);
  });

  it('brings an older entry up to date and keeps what a person added to it', async () => {
    const old = { mcpServers: { sidejob: { command: 'npx', args: ['sidejob'], env: { LOG: '1' } }, other: {} } };
    const path = await given('.cursor/mcp.json', JSON.stringify(old, null, 2));
    expect(await run(['install', 'cursor'])).toMatchObject({ status: 0 });
    expect(await json(path)).toEqual({ mcpServers: { sidejob: { ...ENTRY, env: { LOG: '1' } }, other: {} } });
  });

  it('keeps the file as it was beside it, with its mode', async () => {
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    await chmod(path, 0o640);
    const { out } = await run(['install', 'cursor']);
    expect(out).toContain(`${path}.sidejob-backup`);
    expect(await text(`${path}.sidejob-backup`)).toBe(HAND_KEPT);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await stat(`${path}.sidejob-backup`)).mode & 0o777).toBe(0o640);
  });

  it('never overwrites an older backup that differs', async () => {
    const path = await given('.cursor/mcp.json', '{ "first": 1 }');
    await run(['install', 'cursor']);
    await writeFile(path, '{ "second": 2 }');
    await run(['install', 'cursor']);
    await writeFile(path, '{ "first": 1 }');
    await run(['install', 'cursor']);
    const backups = (await names()).filter((name) => name.includes('backup'));
    expect(backups).toHaveLength(2);
    expect(backups[1]).toMatch(/mcp\.json\.sidejob-backup-\d{4}-\d\d-\d\dT[\d-]+Z$/);
    expect(await Promise.all(backups.map((name) => text(join(home, name))))).toEqual([
      '{ "first": 1 }',
      '{ "second": 2 }',
    ]);
  });

  it('shows and does not write in a dry run', async () => {
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    const { status, out } = await run(['install', 'cursor', '--dry-run']);
    expect(status).toBe(0);
    expect(out).toContain('+         "sidejob": {');
    expect(out).toContain('nothing was written');
    expect(out).not.toContain('Restart');
    expect(await text(path)).toBe(HAND_KEPT);
    expect(await names()).toEqual(['.cursor', '.cursor/mcp.json']);
  });

  it('uses the file it is given', async () => {
    const path = await given('elsewhere.json', '{}');
    expect(await run(['install', 'cursor', '--file', path])).toMatchObject({ status: 0 });
    expect(await json(path)).toEqual({ mcpServers: { sidejob: ENTRY } });
  });

  it('follows a link to the file and leaves the link', async () => {
    const target = await given('dotfiles/mcp.json', '{}');
    await mkdir(join(home, '.cursor'));
    const link = join(home, '.cursor', 'mcp.json');
    await symlink('../dotfiles/mcp.json', link);
    expect(await run(['install', 'cursor'])).toMatchObject({ status: 0 });
    expect(await readlink(link)).toBe('../dotfiles/mcp.json');
    expect(await json(target)).toEqual({ mcpServers: { sidejob: ENTRY } });
    expect(await readdir(join(home, 'dotfiles'))).toEqual(['mcp.json']);
  });

  it('makes the file a link points to', async () => {
    await mkdir(join(home, '.cursor'));
    await mkdir(join(home, 'dotfiles'));
    const link = join(home, '.cursor', 'mcp.json');
    await symlink('../dotfiles/mcp.json', link);
    expect(await run(['install', 'cursor'])).toMatchObject({ status: 0 });
    expect(await readlink(link)).toBe('../dotfiles/mcp.json');
    expect(await json(join(home, 'dotfiles', 'mcp.json'))).toEqual({ mcpServers: { sidejob: ENTRY } });
  });

  it.each([
    ['a missing comma', '{\n  "a": 1\n  "mcpServers": {}\n}\n', 'not valid JSON at line 3, column 3: comma expected'],
    ['an open end', '{\n  "mcpServers": {', 'line 2, column 18: close brace expected'],
    ['a list of servers', '{\n  "mcpServers": []\n}\n', '"mcpServers" at line 2, column 17 is not an object but array'],
    ['no object at all', '[]\n', 'the outermost value at line 1, column 1 is not an object but array'],
    ['an entry that is none', '{ "mcpServers": { "sidejob": 1 } }', '"sidejob" at line 1, column 30 is not an object'],
    ['another encoding', Buffer.from('{"a":"\xe9"}', 'latin1'), 'not UTF-8'],
  ])('leaves a file with %s untouched', async (_, content, message) => {
    const path = await given('.cursor/mcp.json', content);
    const { status, out, err } = await run(['install', 'cursor']);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toContain(path);
    expect(err).toContain(message);
    expect(err).toContain('Nothing was changed');
    expect(await readFile(path)).toEqual(Buffer.from(content));
    expect(await names()).toEqual(['.cursor', '.cursor/mcp.json']);
  });

  it('says that a file cannot be read', async () => {
    await mkdir(join(home, '.cursor', 'mcp.json'), { recursive: true });
    const { status, err } = await run(['install', 'cursor']);
    expect(status).toBe(1);
    expect(err).toContain('mcp.json cannot be read');
  });

  it.skipIf(process.getuid?.() === 0)('says that a file cannot be written, and leaves nothing behind', async () => {
    const path = await given('.cursor/mcp.json', '{}');
    await given('.cursor/mcp.json.sidejob-backup', '{}');
    await chmod(dirname(path), 0o555);
    const { status, err } = await run(['install', 'cursor']);
    await chmod(dirname(path), 0o755);
    expect(status).toBe(1);
    expect(err).toContain('mcp.json cannot be written');
    expect(await names()).toEqual(['.cursor', '.cursor/mcp.json', '.cursor/mcp.json.sidejob-backup']);
  });

  it('does not write over what another program wrote meanwhile', async () => {
    const path = await given('.cursor/mcp.json', '{}');
    const meanwhile = () => writeFileSync(path, '{ "theirs": 1 }');
    const { status, err } = await run(['install', 'cursor'], { stdout: meanwhile });
    expect(status).toBe(1);
    expect(err).toContain('changed by another program just now. Run this again.');
    expect(await text(path)).toBe('{ "theirs": 1 }');
    expect((await names()).filter((name) => !name.includes('backup'))).toEqual(['.cursor', '.cursor/mcp.json']);
  });

  it("warns where npx's cache would be entered", async () => {
    await given('.cursor/mcp.json', '{}');
    const entry = { command: '/usr/bin/node', args: ['/home/a/.npm/_npx/1f/node_modules/sidejob/dist/sidejob.js'] };
    const { status, err } = await run(['install', 'cursor'], { entry });
    expect(status).toBe(0);
    expect(err).toContain('npm install -g sidejob');
  });
});

describe('uninstall', () => {
  it('takes out our entry alone', async () => {
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    await run(['install', 'cursor']);
    const { status, out } = await run(['uninstall', 'cursor']);
    expect(status).toBe(0);
    expect(out).toContain('-         "sidejob": {');
    expect(await text(path)).toBe(HAND_KEPT);
  });

  it('has nothing to do where the entry or the file is missing', async () => {
    expect(await run(['uninstall', 'cursor'])).toMatchObject({ status: 0, err: '' });
    const path = await given('.cursor/mcp.json', HAND_KEPT);
    const { status, out } = await run(['uninstall', 'cursor']);
    expect({ status, out }).toEqual({ status: 0, out: `sidejob is not entered in ${path}; nothing changed.\n` });
    expect(await names()).toEqual(['.cursor', '.cursor/mcp.json']);
  });

  it('leaves a broken file untouched, and writes nothing in a dry run', async () => {
    const path = await given('.cursor/mcp.json', '{ "mcpServers": { "sidejob": {} }');
    expect(await run(['uninstall', 'cursor'])).toMatchObject({ status: 1 });
    const whole = '{ "mcpServers": { "sidejob": {} } }';
    await writeFile(path, whole);
    expect(await run(['uninstall', 'cursor', '--dry-run'])).toMatchObject({ status: 0 });
    expect(await text(path)).toBe(whole);
  });
});

describe('print', () => {
  it('prints the entry as JSON, and where it goes beside it', async () => {
    const { status, out, err } = await run(['print', 'claude-code']);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual({ mcpServers: { sidejob: { type: 'stdio', ...ENTRY } } });
    expect(err).toBe(`For ${join(home, '.claude.json')}:\n`);
    expect(await names()).toEqual([]);
  });
});

describe('the command line', () => {
  it.each([
    [[]],
    [['install']],
    [['remove', 'cursor']],
    [['install', 'cursor', 'more']],
    [['install', 'cursor', '--x']],
  ])('shows the usage for %j', async (argv) => {
    const { status, out, err } = await run(argv);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('Usage: sidejob mcp install|uninstall|print CLIENT');
  });

  it('shows the usage when asked', async () => {
    expect(await run(['--help'])).toMatchObject({ status: 0, out: expect.stringContaining('Usage:') });
  });

  it.each(['install', 'uninstall', 'print'])('names the known clients when %s is given another', async (verb) => {
    const { status, err } = await run([verb, 'curser']);
    expect(status).toBe(2);
    expect(err).toMatch(/^Unknown client "curser"\. Did you mean cursor\? Known: claude-code, .*, lm-studio\.\n$/);
  });
});

describe('the edited text', () => {
  it.each([
    ['one line', '{"mcpServers":{"a":{}},"b":1}', '{"mcpServers":{"a":{}, "s": {"x":1}},"b":1}'],
    ['one line of servers', '{\n  "mcpServers": { "a": 1 }\n}', '{\n  "mcpServers": { "a": 1, "s": {"x":1} }\n}'],
    ['tabs', '{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"mcpServers": {\n\t\t"s": {\n\t\t\t"x": 1\n\t\t}\n\t}\n}'],
    [
      'CRLF',
      '{\r\n  "mcpServers": {}\r\n}',
      '{\r\n  "mcpServers": {\r\n    "s": {\r\n      "x": 1\r\n    }\r\n  }\r\n}',
    ],
    ['a byte order mark', '\uFEFF{"a":1}', '\uFEFF{"a":1, "mcpServers": {"s":{"x":1}}}'],
    ['nothing', '', '{\n  "mcpServers": {\n    "s": {\n      "x": 1\n    }\n  }\n}\n'],
  ])('follows the style of the file: %s', (_, before, after) => {
    expect(withServer(before, 'mcpServers', 's', { x: 1 })).toBe(after);
  });

  it.each([
    ['the first', '{"m": {"s": {}, "a": 1}}', '{"m": {"a": 1}}'],
    ['the last', '{"m": {"a": 1, "s": {}}}', '{"m": {"a": 1}}'],
    ['the only one', '{\n  "m": {\n    "s": {}\n  }\n}', '{\n  "m": {}\n}'],
    ['one before a trailing comma', '{ "m": { "s": {}, } }', '{ "m": {} }'],
    ['one after a comment', '{"m": {\n  "a": 1, // mine\n  "s": {}\n}}', '{"m": {\n  "a": 1 // mine\n}}'],
    ['one before a comment', '{"m": {\n  "s": {}, // ours?\n  "a": 1\n}}', '{"m": {\n  // ours?\n  "a": 1\n}}'],
    ['one that stands twice', '{"m": {"s": 1, "a": 1, "s": 2}}', '{"m": {"a": 1}}'],
  ])('loses one entry and nothing else: %s', (_, before, after) => {
    expect(withoutServer(before, 'm', 's')).toBe(after);
  });

  it('is shown without the rest of a long line', () => {
    const secret = 'x'.repeat(5000);
    const shown = diff(`{"key":"${secret}","m":{}}`, `{"key":"${secret}","m":{"s":1}}`);
    expect(shown).toContain('"m":{"s":1}}');
    expect(shown.length).toBeLessThan(300);
  });
});
