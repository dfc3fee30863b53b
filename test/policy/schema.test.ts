// The published JSON Schema: current, and of one mind with what reads the files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Schema, Validator } from '@cfworker/json-schema';
import { parse } from 'jsonc-parser';
import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/policy/dialect.js';

const ROOT = join(import.meta.dirname, '../..');
const PUBLISHED = JSON.parse(readFileSync(join(ROOT, 'schemas/policy.schema.json'), 'utf8')) as Schema;
const validator = new Validator(PUBLISHED, '2020-12');

const FILES = ['test/fixtures/policies', 'policies'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => join(folder, name)),
);

test('is current; "npm run schemas" makes it anew', () => {
  expect(PUBLISHED).toEqual(policyJsonSchema());
});

test.each(FILES)('%s fits it', (file) => {
  expect(validator.validate(parse(readFileSync(join(ROOT, file), 'utf8')))).toMatchObject({ valid: true });
});

test.each([
  [{}],
  [{ version: '2', default: 'deny' }],
  [{ version: '1', default: 'deny', tool: {} }],
  [{ version: '1', default: 'deny', tools: { llm_run: { require: [{ path: 'acces', op: 'eq', value: 'a' }] } } }],
  [{ version: '1', default: 'deny', tools: { llm_run: { require: [{ path: 'depth', op: 'lt', value: 'a' }] } } }],
  [{ version: '1', default: 'deny', tools: { llm_run: { rate_limit: '5/week' } } }],
])('%j does not', (content) => {
  expect(validator.validate(content).valid).toBe(false);
});

test('every field is described', () => {
  const bare: string[] = [];
  const visit = (schema: unknown, at: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [name, property] of Object.entries((schema as { properties?: object }).properties ?? {})) {
      if (typeof property.description !== 'string') bare.push(`${at}.${name}`);
    }
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${at}.${key}`);
  };
  visit(PUBLISHED, '');
  expect(bare).toEqual([]);
});
