// The template and the published JSON Schema: current, complete, and of one mind with what reads the file.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Schema, Validator } from '@cfworker/json-schema';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { configJsonSchema, TABLES } from '../../src/config/json-schema.js';
import { SETTINGS, variableOf } from '../../src/config/settings.js';
import { configTemplate } from '../../src/config/template.js';
import { checkedConfig } from '../../src/jobs/checked-config.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { tempFolder } from '../support/temp-folder.js';

const PUBLISHED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/config.schema.json'), 'utf8'),
) as Schema;
const validator = new Validator(PUBLISHED, '2020-12');
/** The template with everything in it switched on. */
const SWITCHED_ON = configTemplate().replace(/^#(?=[[\w])/gm, '');

async function file(text: string): Promise<string> {
  const path = join(await tempFolder(), 'config.toml');
  await writeFile(path, text);
  return path;
}

test('the template changes nothing as it stands', async () => {
  const path = await file(configTemplate());
  const [made, none] = [await loadConfig(path, {}), await loadConfig('/none', {})];
  expect({ ...made, placeOf: 0 }).toEqual({ ...none, placeOf: 0 });
});

test('all that it holds is valid, and every setting is in it with its default and its variable', async () => {
  const path = await file(SWITCHED_ON);
  const { config } = await checkedConfig(path, {}, PROVIDERS);
  expect(config.settings).toEqual((await loadConfig('/none', {})).settings);
  expect(new Set(Object.values(config.origins))).toEqual(new Set([path]));
  for (const name of Object.keys(SETTINGS)) expect(configTemplate()).toContain(variableOf(name));
  expect(Object.keys(parse(SWITCHED_ON))).toEqual([...Object.keys(SETTINGS), ...Object.keys(TABLES)]);
});

test('the published schema is current; "npm run schemas" makes it anew', () => {
  expect(PUBLISHED).toEqual(configJsonSchema());
});

test.each([
  [''],
  [SWITCHED_ON],
  ['[on_finish]\nnotify = true'],
  ['[wait]\n"a client" = 3'],
  ['[providers.x]\ncommand = "x"\nprompt = ["{prompt}"]\naccess = { read-only = [] }'],
])('%j fits it', (text) => {
  expect(validator.validate(parse(text))).toMatchObject({ valid: true });
});

test.each([
  'maxRunning = 0',
  'maxRuning = 3',
  'maxAccess = "all"',
  '[on_finish]\ncommand = "one text"',
  '[on_finish]\nnotfy = true',
  '[wait]\nx = "long"',
  '[env]\nset = { A = 1 }',
  '[providers.claude]\nflags = []',
  'roots = ["relative"]',
])('%j does not, and is refused when it is read', async (text) => {
  expect(validator.validate(parse(text)).valid).toBe(false);
  await expect(loadConfig(await file(text), {})).rejects.toMatchObject({ code: 'bad_config' });
});

test('every key of it is described', () => {
  const described = (schema: object) => Object.values(schema).every((each) => typeof each.description === 'string');
  const { properties = {} } = PUBLISHED;
  expect(described(properties)).toBe(true);
  const { on_finish: onFinish, env, providers } = properties as Record<string, Schema>;
  const provider = providers?.additionalProperties as Schema;
  const { events } = provider.properties as { events: { items: Schema } };
  for (const table of [onFinish, env, provider, events.items]) {
    expect(table?.properties).toBeDefined();
    expect(described(table?.properties ?? {})).toBe(true);
  }
});

test.each([
  ['[on_finish]\ncommand = "say done"', /:2: on_finish\.command: must be a list of words: \["program", "argument"\]/],
  ['[on_finish]\ncommand = []', /:2: on_finish\.command: must begin with a program/],
  ['[on_finish]\ncommand = ["bin/x"]', /:2: on_finish\.command: must begin with an absolute path/],
  ['[on_finish]\n\ncomand = ["x"]', /:3: "on_finish\.comand" is unknown; command\?/],
  ['[on_finish]\ntimeoutSec = 0', /:2: on_finish\.timeoutSec/],
  ['[on_finsh]\nnotify = true', /:1: "on_finsh" is unknown; on_finish\?/],
])('%j is refused with its place', async (text, message) => {
  await expect(loadConfig(await file(text), {})).rejects.toMatchObject({ code: 'bad_config', message });
});
