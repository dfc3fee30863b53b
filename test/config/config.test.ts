import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { lineOf } from '../../src/config/line-of.js';
import { nearest } from '../../src/config/nearest.js';
import { jobFiles, resolvePaths } from '../../src/config/paths.js';
import { SETTINGS, variableOf } from '../../src/config/settings.js';
import { tempFolder } from '../support/temp-folder.js';

async function configFile(text: string): Promise<string> {
  const path = join(await tempFolder(), 'config.toml');
  await writeFile(path, text);
  return path;
}

test('the environment wins over the file, the file over the default, and each value knows its origin', async () => {
  const file = await configFile('maxRunning = 3\ntimeoutSec = 60\n[providers.claude]\nmaxRunning = 1\n');
  const config = await loadConfig(file, { SIDEJOB_TIMEOUT_SEC: '90', SIDEJOB_GRACE_SEC: '' });
  expect(config.settings).toMatchObject({ maxRunning: 3, timeoutSec: 90, graceSec: 5 });
  expect(config.origins).toMatchObject({ maxRunning: file, timeoutSec: 'SIDEJOB_TIMEOUT_SEC', graceSec: 'default' });
  expect(config.providers).toEqual({ claude: { maxRunning: 1 } });
});

test('no file is an empty file', async () => {
  const config = await loadConfig('/no/such/config.toml', {});
  expect(new Set(Object.values(config.origins))).toEqual(new Set(['default']));
});

test.each([
  ['maxRuning = 3', /"maxRuning" is unknown; maxRunning\?/],
  ['maxRunning = 0', /maxRunning = 0/],
  ['maxAccess = "everything"', /maxAccess/],
  ['maxRunning = ', /not valid TOML/],
  ['providers = 3', /must be a table/],
  [
    '[providers.claude]\ncommand = "bin/claude"',
    /config\.toml:2: providers\.claude\.command: must be an absolute path/,
  ],
  ['[providers.claude]\nflags = ["--x"]', /providers\.claude/],
])('%s is refused with its place', async (text, message) => {
  await expect(loadConfig(await configFile(text), {})).rejects.toMatchObject({ code: 'bad_config', message });
});

test.each([
  ['maxRunning = "many"', 'maxRunning = "many": must be a whole number from 1 to 1000.'],
  ['maxRunning = 1.5', 'maxRunning = 1.5: must be a whole number from 1 to 1000.'],
  ['maxTokensPerDay = -1', 'maxTokensPerDay = -1: must be a whole number of 0 or more.'],
  ['maxCostPerDay = "x"', 'maxCostPerDay = "x": must be a number of 0 or more.'],
  ['maxAccess = "read"', 'maxAccess = "read": must be one of read-only, edit, full; read-only?'],
  ['redact = 3', 'redact = 3: must be one of off, results, strict.'],
  ['roots = 3', 'roots = 3: must be a list: ["one", "two"].'],
  ['defaultProvider = ""', 'defaultProvider = "": must not be empty.'],
  ['defaultProvider = 3', 'defaultProvider = 3: must be a text.'],
  ['wait = 3', 'wait: must be a table.'],
  ['[wait]\nx = "y"', 'wait.x: must be a whole number from 0 to 3600.'],
  ['[on_finish]\nnotify = 3', 'on_finish.notify: must be true or false.'],
  ['[providers.claude]\nmaxRunning = 0', 'providers.claude.maxRunning: must be a whole number from 1 to 1000.'],
  ['[providers.claude]\nmaxCostPerDay = 0', 'providers.claude.maxCostPerDay: must be a number above 0.'],
  ['[providers.mine]\noutput = "line"', 'providers.mine.output: must be one of text, lines, document; lines?'],
])('%j is said in plain words', async (text, words) => {
  const file = await configFile(text);
  const error = await loadConfig(file, {}).catch((thrown: Error) => thrown);
  expect((error as Error).message.replace(/^\S+config\.toml(:\d+)?: /, '')).toBe(words);
});

test('a wrong variable is named', async () => {
  await expect(loadConfig('/none', { SIDEJOB_MAX_RUNNING: 'many' })).rejects.toThrow(/^SIDEJOB_MAX_RUNNING: /);
});

test('variables are named after their settings', () => {
  expect(variableOf('maxRunningPerProvider')).toBe('SIDEJOB_MAX_RUNNING_PER_PROVIDER');
  expect(Object.keys(SETTINGS).every((name) => /^SIDEJOB_[A-Z_]+$/.test(variableOf(name)))).toBe(true);
});

test('one variable chooses the one folder; a test must set it', () => {
  expect(resolvePaths({ SIDEJOB_HOME: '/data/x/' }).store).toBe('/data/x/store.db');
  expect(resolvePaths({}, '/home/me').home).toBe('/home/me/.sidejob');
  expect(() => resolvePaths({ SIDEJOB_HOME: 'relative' })).toThrow(/absolute/);
  expect(() => resolvePaths({ VITEST: 'true' })).toThrow(/test/);
});

test('each attempt to start has an exit file of its own', () => {
  const paths = resolvePaths({ SIDEJOB_HOME: '/d' });
  expect(jobFiles(paths, 'a-1').exit).not.toBe(jobFiles(paths, 'a-1', 2).exit);
});

test('the nearest word', () => {
  expect(nearest('timeout', ['prompt', 'timeoutSec', 'label'])).toBe('timeoutSec');
  expect(nearest('jobID', ['jobId', 'jobIds'])).toBe('jobId');
  expect(nearest('zzz', ['prompt', 'label'])).toBeUndefined();
});

test.each([
  [['maxRunning'], 1],
  [['providers', 'mine'], 3],
  [['providers', 'mine', 'model'], 5],
  [['providers', 'mine', 'access', 'edit'], 6],
  [['providers', 'mine', 'access', 'full'], 7],
  [['providers', 'mine', 'events', '0', 'when'], 9],
  [['providers', 'mine', 'events', '1', 'when'], 11],
  [['providers', 'mine', 'env', 'set', 'KEY'], 18],
  [['providers', 'mine', 'env', 'model'], 13],
  [['providers', 'other', 'command'], undefined],
] as const)('the line of %s', (path, line) => {
  const text = [
    'maxRunning = 3',
    '',
    '[providers.mine]',
    'command = "x" # model = 1',
    'model = ["--model={model}"]',
    'access.edit = []',
    'access = { full = [] }',
    '[[providers.mine.events]]',
    '  when = { type = "a" }',
    '[[ providers.mine.events ]]',
    'when = { type = "b" }',
    '',
    '[providers.mine.env]',
    'pass = [ # a "list"',
    '  "model=x",',
    ']',
    '[ providers . "mine" . env.set ]',
    'KEY = "v"',
  ].join('\n');
  expect(lineOf(text, path)).toBe(line);
});

test.each([
  ['[env.set]\n"A=B" = "x"\n', /:2: env\.set\.A=B: .*is no name of a variable\.$/],
  ['[env.set]\nA = "x\\u0000y"\n', /:2: env\.set\.A: holds a NUL byte\.$/],
])('%j cannot be a variable', async (text, message) => {
  await expect(loadConfig(await configFile(text), {})).rejects.toMatchObject({ code: 'bad_config', message });
});

test('lists come from the file as lists, and from a variable as one text', async () => {
  const file = await configFile('roots = ["~/a:b", "/c"]\nallowedModels = ["x"]\n');
  const byFile = await loadConfig(file, {});
  expect(byFile.settings).toMatchObject({ roots: ['~/a:b', '/c'], allowedModels: ['x'], allowedProviders: [] });
  const byVariable = await loadConfig(file, { SIDEJOB_ROOTS: '~/a:/b c:', SIDEJOB_ALLOWED_MODELS: 'y, z*' });
  expect(byVariable.settings).toMatchObject({ roots: ['~/a', '/b c'], allowedModels: ['y', 'z*'] });
  expect(byVariable.origins).toMatchObject({ roots: 'SIDEJOB_ROOTS', allowedProviders: 'default' });
  for (const variable of [':', ' ']) {
    await expect(loadConfig(file, { SIDEJOB_ROOTS: variable })).rejects.toThrow(/^SIDEJOB_ROOTS: /);
  }
});
