// What stands in the repository about itself is current and keeps to the rules of those who read it. That the packages
// made of it run is proved by `npm run release:check`.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countTokens } from 'gpt-tokenizer';
import { describe, expect, test } from 'vitest';
import { entryOf } from '../../src/cli/commands.js';
import { SETTINGS, type SettingName, variableOf } from '../../src/config/settings.js';
import { TOOLS } from '../../src/mcp/registry.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(ROOT, path), 'utf8');
const readJson = async (path: string) => JSON.parse(await read(path));
/** A script of the release; they are no TypeScript. */
const script = (name: string) => import(join(ROOT, 'scripts/release', name));

const manifest = await readJson('package.json');
const published = {
  ...manifest,
  mcpName: 'io.github.ada/sidejob',
  repository: { type: 'git', url: 'git+https://github.com/ada/sidejob.git' },
};

test('server.json, plugin.json and marketplace.json say what package.json says', async () => {
  const check = [join(ROOT, 'scripts/release/write-manifests.mjs'), '--check'];
  await expect(promisify(execFile)(process.execPath, check)).resolves.toMatchObject({ stderr: '' });
  const server = await readJson('server.json');
  expect(server).toMatchObject({ name: manifest.mcpName, version: manifest.version });
  expect(server.packages).toMatchObject([{ identifier: manifest.name, version: manifest.version }]);
  expect(await readJson('plugin/.claude-plugin/plugin.json')).toMatchObject({ version: manifest.version });
});

test('server.json keeps to the limits of the MCP registry, and names variables that there are', async () => {
  const { proveServerJson } = await script('prove-manifests.mjs');
  const server = await readJson('server.json');
  await expect(proveServerJson([server])).resolves.toContain('by our reading');
  await expect(proveServerJson([{ ...server, description: 'x'.repeat(101) }])).rejects.toThrow('<=100');
  await expect(proveServerJson([{ ...server, name: 'sidejob' }])).rejects.toThrow('name');
  const known = [
    'SIDEJOB_HOME',
    'SIDEJOB_POLICY',
    ...Object.keys(SETTINGS).map((key) => variableOf(key as SettingName)),
  ];
  for (const { name } of server.packages[0].environmentVariables) expect(known).toContain(name);
});

test('nothing can be published before the owner is known, and named alike in both places', async () => {
  const { beforePublishing } = await script('manifests.mjs');
  expect(beforePublishing({ ...published, mcpName: 'io.github.OWNER/sidejob' })).toEqual([
    expect.stringContaining('OWNER'),
  ]);
  expect(beforePublishing({ ...published, repository: undefined })).toEqual([expect.stringContaining('repository')]);
  expect(beforePublishing({ ...published, mcpName: 'io.github.bob/sidejob' })).toEqual([
    expect.stringContaining('https://github.com/bob/'),
  ]);
  expect(beforePublishing(published)).toEqual([]);
});

test('a release names its bundle in server.json, with its checksum', async () => {
  const { serverJson } = await script('manifests.mjs');
  const { proveServerJson } = await script('prove-manifests.mjs');
  const sha256 = 'a'.repeat(64);
  const server = serverJson(published, { name: 'sidejob.mcpb', sha256 });
  expect(server.packages[1]).toMatchObject({
    registryType: 'mcpb',
    identifier: `https://github.com/ada/sidejob/releases/download/v${manifest.version}/sidejob.mcpb`,
    fileSha256: sha256,
  });
  await expect(proveServerJson([server])).resolves.toBeTruthy();
});

test('the bundle lists the tools of the registry, and leaves unset what a person leaves empty', async () => {
  const { bundleManifest } = await script('manifests.mjs');
  const { tools, server, user_config } = bundleManifest(published, { tools: TOOLS, hasPrompts: true });
  expect(tools).toEqual(TOOLS.map(({ name, description }) => ({ name, description })));
  expect(server.mcp_config.env).toEqual({
    SIDEJOB_HOME: expect.stringMatching(/^\$\{user_config\.data_folder\}$/),
    SIDEJOB_MAX_ACCESS: expect.stringMatching(/^\$\{user_config\.max_access\}$/),
  });
  // A default would win over config.toml, and could raise what it caps.
  for (const option of Object.values(user_config)) expect(option).toMatchObject({ default: '', required: false });
});

test('the notes of a release are its part of the changelog', async () => {
  const { changesOf } = await script('prove-manifests.mjs');
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- This.\n\n## [1.1.0]\n\n- That.\n';
  expect(changesOf(changelog, '1.2.0')).toBe('### Added\n\n- This.');
  expect(changesOf(changelog, '1.1.0')).toBe('- That.');
  expect(changesOf(changelog, '1.3.0')).toBeUndefined();
});

describe('the skill', async () => {
  // https://agentskills.io/specification
  test('keeps to the format, and is worth its tokens', async () => {
    const skill = await read('plugin/skills/sidejob/SKILL.md');
    const [, front = '', body = ''] = /^---\n(.*?)\n---\n(.*)$/s.exec(skill) ?? [];
    expect(/^name: (.*)$/m.exec(front)?.[1]).toBe('sidejob');
    expect(/^description: (.*)$/m.exec(front)?.[1]?.length).toBeLessThanOrEqual(1024);
    expect(countTokens(body)).toBeLessThanOrEqual(1300);
  });

  test('names tools and commands that there are', async () => {
    const { namedIn } = await script('prove-plugin.mjs');
    const { tools, commands } = namedIn(await read('plugin/skills/sidejob/SKILL.md'));
    const known = TOOLS.map(({ name }) => name);
    expect(tools.length).toBeGreaterThan(5);
    expect(commands).toMatchObject({ submit: ['--access', '--isolate'], list: [] });
    expect(tools.filter((name: string) => !known.includes(name))).toEqual([]);
    for (const [name, options] of Object.entries<string[]>(commands)) {
      const command = await entryOf(name)?.load();
      expect(command, name).toBeDefined();
      // One without is a command with its own help; the skill names no option of these.
      const own = Object.keys(command?.options ?? {}).map((option) => `--${option}`);
      expect(
        options.filter((option) => !own.includes(option)),
        name,
      ).toEqual([]);
    }
  });
});

test('workflows with rights take every action by its commit', async () => {
  const release = await read('.github/workflows/release.yml');
  const uses = [...release.matchAll(/uses: (.*)/g)].map(([, action]) => action);
  expect(uses.length).toBeGreaterThan(3);
  for (const action of uses) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  expect(release).toContain('\npermissions: {}\n');
});
