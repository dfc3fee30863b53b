// Panels: what may stand in the configuration, and what a name becomes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.js';
import type { SidejobError } from '../../src/errors.js';
import { checkedConfig } from '../../src/jobs/checked-config.js';
import type { Engine } from '../../src/jobs/engine.js';
import { checkNoPanel, withPanels } from '../../src/jobs/panels.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { tempFolder } from '../support/temp-folder.js';

async function configOf(text: string) {
  const file = join(await tempFolder(), 'config.toml');
  await writeFile(file, text);
  return checkedConfig(file, {}, PROVIDERS);
}

test('a panel holds CLIs as they are asked for, of the configuration, too', async () => {
  const text = '[panels]\ntrio = ["claude:opus", " codex ", "gemini > mine"]\n[providers.mine]\ncommand = "mine"\n';
  expect((await configOf(text)).config.panels).toEqual({ trio: ['claude:opus', 'codex', 'gemini > mine'] });
});

test.for([
  ['x = []', /config\.toml:2: panels\.x: is empty/],
  ['x = "claude"', /panels\.x: must be a list of CLIs: \["claude:opus", "codex"\]/],
  ['x = ["claude", 1]', /panels\.x\.1: must be a list of CLIs/],
  ['x = ["claude", " "]', /panels\.x\.1: an item is empty/],
  [`x = [${Array(9).fill('"codex"').join()}]`, /panels\.x: has more than 8 CLIs/],
  ['x = ["claude", "codx"]', /config\.toml:2: panels\.x: no provider "codx"\. codex\? There are claude, /],
  ['x = ["claude > codx"]', /no provider "codx"\. codex\?/],
  ['x = ["claude", "y"]\ny = ["codex"]', /no provider "y"/],
  ['x = ["claude >"]', /panels\.x: provider "claude >" has an empty part/],
  ['claude = ["codex"]', /panels\.claude has a name that is taken: "claude" is a CLI\./],
  ['auto = ["codex"]', /"auto" is a word of its own\./],
  ['"A b" = ["codex"]', /is no name: lower-case letters/],
] as const)('%s is refused', async ([line, why]) => {
  await expect(configOf(`[panels]\n${line}\n`)).rejects.toThrow(why);
  await expect(configOf(`[panels]\n${line}\n`)).rejects.toMatchObject({ code: 'bad_config' });
  const { message } = (await configOf(`[panels]\n${line}\n`).catch((error) => error)) as Error;
  expect(message).not.toContain('Nothing was started');
});

test('a name becomes those it stands for, each once, and no more than a call may ask', () => {
  const panels = { trio: ['claude:opus', 'codex', 'gemini > qwen'], many: ['a', 'b', 'c', 'd', 'e', 'f'] };
  expect(withPanels(panels, ['codex', 'Trio', 'gemini>qwen', 'pi'])).toEqual([
    'codex',
    'claude:opus',
    'gemini>qwen',
    'pi',
  ]);
  expect(withPanels(panels, ['constructor'])).toEqual(['constructor']);
  expect(() => withPanels(panels, ['trio', 'many'])).toThrow('these are 9 providers; at most 8 are asked.');
});

test('a panel is not one CLI, and a slip near its name is told', () => {
  const engine = { config: { panels: { trio: ['claude'] } }, providers: PROVIDERS } as unknown as Engine;
  expect(() => checkNoPanel(engine, 'trio', 'provider')).toThrow('"trio" is a panel, and provider is one CLI.');
  const hintFor = (name: string, argument: 'provider' | 'judge') => {
    try {
      checkNoPanel(engine, name, argument);
    } catch (error) {
      return (error as SidejobError).hint;
    }
  };
  expect(hintFor('triö', 'provider')).toMatch(
    /^Panel "trio"\? There are claude, .*; panels trio\. Nothing was started\.$/,
  );
  expect(hintFor('codx', 'provider')).toMatch(/^codex\? There are /);
  expect(hintFor('zzzzzzzz', 'provider')).toMatch(/^There are claude, .*; panels trio\./);
  // A panel cannot judge.
  expect(hintFor('triö', 'judge')).toMatch(/^There are [^;]*$/);
  for (const name of ['claude', 'claude > codex', 'codx > claude']) expect(hintFor(name, 'provider')).toBeUndefined();
});

test('two letters that have changed places are one slip', () => {
  expect(nearest('tow', ['owl', 'two'])).toBe('two');
  expect(nearest('cluade', ['codex', 'claude'])).toBe('claude');
  expect(nearest('olw', ['owl', 'two'])).toBe('owl');
});
