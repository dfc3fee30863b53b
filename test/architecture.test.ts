// The map of the house, kept true: imports run one way, and only some folders know some things.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** What each folder may import from, besides itself and the two files every folder may use. */
const MAY_IMPORT: Record<string, string[]> = {
  config: [],
  // The words of the contract (access, usage) are stored with the job.
  store: ['config', 'providers', 'process'],
  output: ['config'],
  process: ['config'],
  git: ['config'],
  providers: ['config'],
  jobs: ['providers', 'process', 'output', 'git', 'store', 'config'],
  policy: ['jobs', 'providers', 'output', 'store', 'config'],
  mcp: ['policy', 'jobs', 'providers', 'output', 'store', 'config'],
  cli: ['policy', 'jobs', 'providers', 'output', 'store', 'config'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const names = [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']*)'/g)].map(([, name]) => name ?? '');
  return names.map((name) => relative(SRC, join(SRC, dirname(file), name)));
}

test('imports run one way', () => {
  const wrong = files.flatMap((file) => {
    const folder = file.split('/')[0] ?? '';
    const allowed = MAY_IMPORT[folder];
    if (!allowed) return [];
    return importsOf(file)
      .filter((target) => target.includes('/') && !target.startsWith('..'))
      .filter((target) => ![folder, ...allowed].includes(target.split('/')[0] ?? ''))
      .map((target) => `${file} -> ${target}`);
  });
  expect(wrong).toEqual([]);
});

test('every folder is on the map', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
  expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test.each([
  ['SQL', /\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b/, ['store/']],
  ['signals to processes', /process\.kill\(/, ['process/']],
  ['the protocol', /@modelcontextprotocol/, ['mcp/']],
  ['stdout', /process\.stdout\.write/, ['cli/', 'providers/demo-cli.ts']],
])('only its own folder knows %s', (_what, pattern, homes) => {
  const strangers = files.filter(
    (file) => !homes.some((home) => file.startsWith(home)) && pattern.test(readFileSync(join(SRC, file), 'utf8')),
  );
  expect(strangers).toEqual([]);
});

test('no file holds two ideas', () => {
  const long = files.filter((file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 300);
  expect(long).toEqual([]);
});
