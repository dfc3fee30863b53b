// docs/configuration.md and docs/troubleshooting.md are complete and current.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSettingsTable } from '../../scripts/settings-table.js';
import { TABLES } from '../../src/config/json-schema.js';
import { ON_FINISH } from '../../src/config/on-finish.js';
import { ENV_RULES } from '../../src/config/provider-settings.js';
import { KNOWN_VARIABLES } from '../../src/jobs/health.js';
import { textOf } from './pages.js';

const CONFIGURATION = textOf('docs/configuration.md');
const TROUBLESHOOTING = textOf('docs/troubleshooting.md');

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
