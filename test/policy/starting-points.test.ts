// The three starting points of `sidejob policy init` are valid and do what they say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { TOOL_ARGUMENTS } from '../../src/policy/tools.js';
import { call, READS } from './policies.js';

const NAMES = ['read-only', 'careful', 'open'] as const;
const textOf = (name: string) => readFileSync(join(import.meta.dirname, '../../policies', `${name}.jsonc`), 'utf8');
const effect = async (name: string, tool: string, access = 'read-only') =>
  decide(await parsePolicy(textOf(name), name), call(tool, {}, { ...READS, access })).effect;

test.each(NAMES)('%s warns of nothing', async (name) => {
  expect((await parsePolicy(textOf(name), name)).warnings).toEqual([]);
});

test.each([
  ['read-only', 'read-only', 'allow'],
  ['read-only', 'edit', 'deny'],
  ['read-only', 'full', 'deny'],
  ['careful', 'read-only', 'approve'],
  ['careful', 'edit', 'approve'],
  ['careful', 'full', 'deny'],
  ['open', 'read-only', 'allow'],
  ['open', 'edit', 'allow'],
  ['open', 'full', 'allow'],
])('%s: a background job with access %s: %s', async (name, access, expected) => {
  expect(await effect(name, 'llm_job_submit', access)).toBe(expected);
});

test.each([
  ['read-only', 'deny'],
  ['careful', 'approve'],
  ['open', 'allow'],
])('%s: the changes of an isolated job: %s', async (name, expected) => {
  expect(await effect(name, 'llm_job_changes')).toBe(expected);
});

test.each(NAMES)('%s lets every other tool through', async (name) => {
  for (const tool of TOOL_ARGUMENTS.keys()) {
    if (!['llm_job_submit', 'llm_job_changes'].includes(tool))
      expect([tool, await effect(name, tool)]).toEqual([tool, 'allow']);
  }
});

test.each([
  ['read-only', 'deny'],
  ['careful', 'deny'],
  ['open', 'allow'],
])('%s: a tool of a later version: %s', async (name, expected) => {
  expect(await effect(name, 'llm_new')).toBe(expected);
});

test('careful bounds the hour', async () => {
  const policy = await parsePolicy(textOf('careful'), 'careful');
  const limits = ['llm_run', 'llm_job_submit'].map((tool) => {
    const decision = decide(policy, call(tool, {}, READS));
    return decision.effect === 'deny' ? [] : decision.limits.map(({ counter, window, max }) => [counter, window, max]);
  });
  expect(limits).toEqual([[['questions', 'hour', 60]], [['jobs', 'hour', 20]]]);
});

test('every rule that open shows in a comment is valid, one at a time and all together', async () => {
  const blocks = textOf('open').split('\n\n');
  const uncomment = (block: string) => block.replace(/^(\s*)\/\/ (?=\s*["{}\]])/gm, '$1');
  const changed = blocks.map((_, at) => blocks.map((each, index) => (index === at ? uncomment(each) : each)));
  const texts = [...changed, blocks.map(uncomment)].map((parts) => parts.join('\n\n'));
  expect(new Set(texts).size).toBe(10);
  for (const text of texts) expect((await parsePolicy(text, 'open')).warnings).toEqual([]);
  const all = await parsePolicy(texts.at(-1) ?? '', 'open');
  expect(decide(all, call('llm_job_submit', {}, READS))).toMatchObject({ effect: 'approve', limits: [{}, {}] });
});
