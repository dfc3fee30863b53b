// Every operator on what is there, what is missing and what is of another type; and what a path reaches.
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import { TEXT_MAX } from '../../src/policy/regex.js';
import type { Facts } from '../../src/policy/request.js';
import { call, policyOf, READS } from './policies.js';

const TOOL = 'llm_job_submit';

async function under(field: 'require' | 'deny_if', condition: object, args: Record<string, unknown>, facts: Facts) {
  const policy = await policyOf({ tools: { [TOOL]: { [field]: [condition] } } });
  return decide(policy, call(TOOL, args, facts)).effect === 'allow';
}

/** Whether the condition holds: `require` lets the call pass. */
const holds = (path: string, op: string, value: unknown, args: object, facts: Facts = {}) =>
  under('require', { path, op, value }, args as Record<string, unknown>, facts);
const denies = async (path: string, op: string, value: unknown, args: object, facts: Facts = {}) =>
  !(await under('deny_if', { path, op, value }, args as Record<string, unknown>, facts));

test.each([
  ['eq', 'a', 'a', true],
  ['eq', 'a', 'b', false],
  ['eq', 1, 1, true],
  ['eq', 1, '1', false],
  ['eq', true, true, true],
  // Of a list, each.
  ['eq', 'a', ['a'], true],
  ['eq', 'a', [], false],
  ['neq', 'a', 'a', false],
  ['neq', 'a', 'b', true],
  ['neq', 1, '1', true],
  ['in', ['a', 1], 'a', true],
  ['in', ['a', 1], 1, true],
  ['in', ['a', 1], '1', false],
  ['not_in', ['a'], 'a', false],
  ['not_in', ['a'], 'b', true],
  ['lt', 3, 2, true],
  ['lt', 3, 3, false],
  ['lt', 3, '2', false],
  ['lte', 3, 3, true],
  ['lte', 3, 4, false],
  ['gt', 3, 4, true],
  ['gt', 3, 3, false],
  ['gte', 3, 3, true],
  ['gte', 3, 2, false],
  ['gte', 3, [4], true],
  ['regex', '^a+$', 'aaa', true],
  ['regex', 'b', 'abc', true],
  ['regex', '^b', 'abc', false],
  ['regex', '1', 1, false],
  ['regex', 'a', ['a'], true],
  ['contains', 'bc', 'abcd', true],
  ['contains', 'x', 'abcd', false],
  ['contains', 'a', ['a', 'b'], true],
  ['contains', 'ab', ['a', 'b'], false],
  ['contains', 2, [1, 2], true],
  ['contains', 'a', { a: 1 }, false],
  ['exists', true, 'a', true],
  ['exists', true, false, true],
  ['exists', false, 'a', false],
] as const)('%s %j of %j: %s', async (op, value, sent, expected) => {
  expect(await holds('args.label', op, value, { label: sent })).toBe(expected);
  expect(await denies('args.label', op, value, { label: sent })).toBe(expected);
});

test.each([
  ['eq', 'a', false],
  ['neq', 'a', true],
  ['in', ['a'], false],
  ['not_in', ['a'], true],
  ['lt', 3, false],
  ['lte', 3, false],
  ['gt', 3, false],
  ['gte', 3, false],
  ['regex', '.*', false],
  ['contains', 'a', false],
  ['exists', true, false],
  ['exists', false, true],
] as const)('%s %j of what is missing: %s', async (op, value, expected) => {
  expect(await holds('args.label', op, value, {})).toBe(expected);
  expect(await denies('args.label', op, value, {})).toBe(expected);
});

test.each([
  ['provider', 'claude'],
  ['model', 'opus'],
  ['access', 'read-only'],
  ['cwd', '/home/me/work'],
  ['depth', 1],
  ['promptLength', 20],
  ['structured', false],
  ['isolate', false],
  ['continueJob', 'a-b'],
])('the fact %s', async (path, value) => {
  expect(await holds(path, 'eq', value, {}, READS)).toBe(true);
  expect(await holds(path, 'neq', value, {}, READS)).toBe(false);
  expect(await holds(path, 'exists', true, {}, READS)).toBe(true);
  expect(await holds(path, 'exists', true, {}, {})).toBe(false);
});

describe('an argument that is also a fact', () => {
  const real = { cwd: '/etc' };

  test('does not slip past when it is written in another way', async () => {
    expect(await denies('args.cwd', 'regex', '^/etc', { cwd: '/tmp/../etc' }, real)).toBe(true);
    expect(await denies('args.cwd', 'regex', '^/tmp', { cwd: '/tmp/../etc' }, real)).toBe(true);
  });

  test('must hold in both forms where it is required', async () => {
    expect(await holds('args.cwd', 'regex', '^/tmp', { cwd: '/tmp/../etc' }, real)).toBe(false);
    expect(await holds('args.cwd', 'regex', '^/etc', { cwd: '/tmp/../etc' }, real)).toBe(false);
    expect(await holds('args.cwd', 'regex', '^/etc', { cwd: '/etc/x/..' }, real)).toBe(true);
  });

  test('is the fact where nothing was sent', async () => {
    expect(await holds('args.access', 'eq', 'read-only', {}, READS)).toBe(true);
    expect(await denies('args.cwd', 'regex', '^/etc', {}, real)).toBe(true);
    expect(await denies('args.depth', 'gt', 1, {}, { depth: 2 })).toBe(true);
  });

  test('is what was sent where there is no fact', async () => {
    expect(await holds('args.provider', 'eq', 'claude', { provider: 'claude' })).toBe(true);
  });

  test('exists only if it was sent', async () => {
    expect(await holds('args.access', 'exists', true, {}, READS)).toBe(false);
    expect(await holds('args.access', 'exists', true, { access: 'edit' }, READS)).toBe(true);
  });
});

describe('a path', () => {
  test('goes deeper by dots, into lists by place', async () => {
    const args = { outputSchema: { properties: { a: { type: 'string' } }, required: ['a'] } };
    expect(await holds('args.outputSchema.properties.a.type', 'eq', 'string', args)).toBe(true);
    expect(await holds('args.outputSchema.required.0', 'eq', 'a', args)).toBe(true);
    expect(await holds('args.outputSchema.required.1', 'exists', true, args)).toBe(false);
    expect(await holds('args.label.length', 'exists', true, { label: 'abc' })).toBe(false);
  });

  test.each(['constructor', 'toString', 'constructor.name', 'hasOwnProperty'])(
    'reaches nothing inherited: args.%s',
    async (name) => {
      expect(await holds(`args.${name}`, 'exists', true, {})).toBe(false);
      expect(await holds(`args.${name}`, 'exists', true, JSON.parse(`{"${name}": 1}`))).toBe(!name.includes('.'));
    },
  );

  test('reaches __proto__ only where it was sent', async () => {
    expect(await holds('args.__proto__', 'exists', true, {})).toBe(false);
    expect(await holds('args.__proto__.a', 'eq', 1, JSON.parse('{"__proto__": {"a": 1}}'))).toBe(true);
  });
});

describe('a regular expression', () => {
  test.each(['^(a+)+$', '^(a|aa)*$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    '%s takes no time',
    async (pattern) => {
      const started = performance.now();
      await denies('args.label', 'regex', pattern, { label: `${'a'.repeat(50_000)}!${'x'.repeat(40_000)}` });
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );

  test('that cannot look at all of a text passes nothing', async () => {
    const label = 'a'.repeat(TEXT_MAX + 1);
    expect(await holds('args.label', 'regex', 'a', { label })).toBe(false);
    expect(await denies('args.label', 'regex', 'b', { label })).toBe(true);
    const policy = await policyOf({
      tools: { [TOOL]: { deny_if: [{ path: 'args.label', op: 'regex', value: 'b' }] } },
    });
    expect(decide(policy, call(TOOL, { label }))).toMatchObject({ detail: expect.stringContaining('100,000') });
    expect(await denies('args.label', 'regex', 'b', { label: label.slice(1) })).toBe(false);
  });

  test.each(['(?i)FULL', '\\bfull\\b', '^[^/]*$', '\\p{L}+'])('%s is RE2 syntax', async (pattern) => {
    expect(await holds('args.label', 'regex', pattern, { label: 'full' })).toBe(true);
  });
});

test('of a list, require asks for every value and deny_if for any', async () => {
  const attach = { attach: ['plan.md', 'secret.txt'] };
  expect(await denies('args.attach', 'regex', 'secret', attach)).toBe(true);
  expect(await denies('args.attach', 'regex', 'other', attach)).toBe(false);
  expect(await holds('args.attach', 'regex', '[.]md$', attach)).toBe(false);
  expect(await holds('args.attach', 'regex', '[.](md|txt)$', attach)).toBe(true);
  expect(await denies('args.providers', 'in', ['codex'], { providers: ['claude', 'codex'] })).toBe(true);
  expect(await denies('args.attach', 'contains', 'plan.md', attach)).toBe(true);
});
