import { expect, test } from 'vitest';
import { PROVIDERS, providerNamed } from '../../src/providers/registry.js';

test('every provider is found by its name, and no name twice', () => {
  expect(PROVIDERS.map(({ name }) => name)).toEqual(['claude', 'codex', 'gemini', 'demo']);
  for (const provider of PROVIDERS) expect(providerNamed(provider.name)).toBe(provider);
});

test('an unknown name is nobody', () => {
  expect(providerNamed('toString')).toBeUndefined();
});
