// docs/configuration.md and docs/troubleshooting.md: complete, current, and every snippet in them valid.
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Schema, Validator } from '@cfworker/json-schema';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { withSettingsTable } from '../../scripts/settings-table.js';
import { configJsonSchema, TABLES } from '../../src/config/json-schema.js';
import { ON_FINISH } from '../../src/config/on-finish.js';
import { ENV_RULES } from '../../src/config/provider-settings.js';
import { checkedConfig } from '../../src/jobs/checked-config.js';
import { KNOWN_VARIABLES } from '../../src/jobs/health.js';
import { finishedJob } from '../../src/jobs/on-finish.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { answering, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { blocks, pageText } from './blocks.js';

const PAGES = ['configuration.md', 'troubleshooting.md'];
const CONFIGURATION = pageText('configuration.md');
const TROUBLESHOOTING = pageText('troubleshooting.md');
const validator = new Validator(configJsonSchema() as Schema, '2020-12');

const TOML = PAGES.flatMap((page) => blocks(pageText(page), 'toml').map((text, at) => [page, at, text] as const));

test.each(TOML)('%s, configuration %d is valid, and fits the schema', async (_, __, text) => {
  const path = join(await tempFolder(), 'config.toml');
  await writeFile(path, text);
  await checkedConfig(path, {}, PROVIDERS);
  expect(validator.validate(parse(text))).toMatchObject({ valid: true });
});

test('there are snippets to look at', () => {
  expect(TOML.length).toBeGreaterThan(5);
});

test('the table of settings is current; "npm run schemas" makes it anew', () => {
  expect(withSettingsTable(CONFIGURATION)).toBe(CONFIGURATION);
});

test('every table, every key of the small ones, and every variable is on the page', () => {
  for (const name of Object.keys(TABLES)) expect(CONFIGURATION).toContain(`[${name}`);
  for (const key of [...Object.keys(ON_FINISH.shape), ...Object.keys(ENV_RULES.shape)]) {
    expect(CONFIGURATION).toContain(`\`${key}\``);
  }
  const inner = ['SIDEJOB_JOB_ID', 'SIDEJOB_FAULT'];
  for (const name of KNOWN_VARIABLES) if (!inner.includes(name)) expect(CONFIGURATION).toContain(`\`${name}\``);
});

test('the job that the page shows has the keys that a job has', async () => {
  const [shown = ''] = blocks(CONFIGURATION, 'json');
  const { engine, submit, ended } = await testEngine();
  const all = new Set([
    'reason',
    'signal',
    'model',
    'label',
    'error',
    'usage',
    'hint',
    'continues',
    'resetsAt',
    'project',
  ]);
  const job = await ended(await submit(answering('x')));
  for (const key of Object.keys(await finishedJob(engine, job))) all.add(key);
  for (const key of Object.keys(JSON.parse(shown))) expect(all).toContain(key);
  for (const key of ['jobId', 'status', 'sessionId', 'login', 'usage']) expect(JSON.parse(shown)).toHaveProperty(key);
  expect(JSON.parse(shown)).not.toHaveProperty('answer');
});

test('every check of doctor is in the table of remedies', () => {
  const src = join(import.meta.dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /doctor/.test(file));
  const sources = files.filter((file) => file.endsWith('.ts')).map((file) => readFileSync(join(src, file), 'utf8'));
  const checks = new Set(
    sources.flatMap((text) => [...text.matchAll(/\b(?:ok|warn|problem)\(\s*'([^']+)'/g)].map(([, check]) => check)),
  );
  expect(checks.size).toBeGreaterThan(10);
  const rows = TROUBLESHOOTING.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ')[0]);
  for (const check of checks) expect(rows.join(' ')).toContain(`\`${check}\``);
});

test.each(PAGES)('%s points only to what is there', (page) => {
  const anchors = (text: string) =>
    new Set(
      [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
  for (const [, file = '', anchor] of pageText(page).matchAll(/\]\(([\w-]+\.md)?(?:#([\w-]+))?\)/g)) {
    const target = pageText(file || page);
    if (anchor) expect(anchors(target)).toContain(anchor);
  }
});
