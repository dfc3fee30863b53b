// What must hold for every policy file, tried on generated ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { TOOL_ARGUMENTS } from '../../src/policy/tools.js';
import { ACCESS_LEVELS } from '../../src/providers/provider.js';
import { call } from './policies.js';

const tool = fc.constantFrom(...TOOL_ARGUMENTS.keys());
const name = fc.oneof(tool, fc.constantFrom('*', 'other_tool', 'constructor'));

const condition = fc.oneof(
  fc.record({
    path: fc.constant('access'),
    op: fc.constantFrom('eq', 'neq'),
    value: fc.constantFrom(...ACCESS_LEVELS),
  }),
  fc.record({
    path: fc.constant('args.access'),
    op: fc.constant('in'),
    value: fc.subarray([...ACCESS_LEVELS], { minLength: 1 }),
  }),
  fc.record({
    path: fc.constantFrom('depth', 'promptLength'),
    op: fc.constantFrom('lt', 'gte'),
    value: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    path: fc.constantFrom('cwd', 'args.cwd'),
    op: fc.constant('regex'),
    value: fc.constantFrom('^/etc', '^/home'),
  }),
  fc.record({ path: fc.constantFrom('args.label', 'model'), op: fc.constant('exists'), value: fc.boolean() }),
);
const limit = fc.record(
  {
    counter: fc.constantFrom('a', 'b'),
    window: fc.constantFrom('minute', 'hour', 'day'),
    max: fc.integer({ min: 1, max: 9 }),
    scope: fc.constantFrom('global', 'session'),
  },
  { requiredKeys: ['counter', 'window', 'max'] },
);
const rules = fc.record(
  {
    action: fc.constantFrom('allow', 'deny', 'require_approval'),
    reason: fc.constant('because'),
    rate_limit: fc.oneof(fc.constant('5/hour'), fc.constant({ max: 2, window: 60 })),
    require: fc.array(condition, { maxLength: 3 }),
    deny_if: fc.array(condition, { maxLength: 3 }),
    limits: fc.array(limit, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const file = fc.record(
  {
    version: fc.constant('1'),
    default: fc.constantFrom('allow', 'deny'),
    hide: fc.array(name, { maxLength: 2 }),
    all_tools: fc.record({ limits: fc.array(limit, { maxLength: 2 }) }),
    tools: fc.dictionary(name, rules, { maxKeys: 5 }),
  },
  { requiredKeys: ['version', 'default'] },
);
type Rules = Record<string, { deny_if?: object[] }>;
type File = { default: string; hide?: string[]; tools?: Rules };

const facts = fc.record(
  {
    access: fc.constantFrom(...ACCESS_LEVELS),
    cwd: fc.constantFrom('/etc', '/home/me'),
    depth: fc.integer({ min: 1, max: 3 }),
    promptLength: fc.integer({ min: 0, max: 5 }),
    model: fc.constant('opus'),
  },
  { requiredKeys: [] },
);
const request = fc
  .record({
    tool: fc.oneof(tool, fc.constantFrom('constructor', 'nobody')),
    args: fc.record(
      {
        access: fc.constantFrom(...ACCESS_LEVELS),
        cwd: fc.constantFrom('/tmp/../etc', '/home/me'),
        label: fc.string(),
      },
      { requiredKeys: [] },
    ),
    facts: fc.array(facts, { minLength: 1, maxLength: 3 }),
  })
  .map((each) => call(each.tool, each.args, ...each.facts));

/** The rules of a tool; one called `constructor` has none of its own. */
const own = (tools: Rules = {}, name: string) => (Object.hasOwn(tools, name) ? tools[name] : undefined) ?? {};

const read = (content: object) => parsePolicy(JSON.stringify(content), 'p');

test('a deny for a tool wins, whatever else is in the file', async () => {
  await fc.assert(
    fc.asyncProperty(file, request, fc.constantFrom('tool', '*'), async (content: File, asked, where) => {
      const listed = { [asked.tool]: {}, ...content.tools };
      const denied = where === '*' ? '*' : asked.tool;
      const tools = { ...listed, [denied]: { ...own(listed, denied), action: 'deny' } };
      expect(decide(await read({ ...content, tools }), asked).effect).toBe('deny');
    }),
  );
});

test('a condition of deny_if that holds denies, whatever else is in the file', async () => {
  await fc.assert(
    fc.asyncProperty(file, request, async (content: File, asked) => {
      const access = asked.facts.find((each) => each.access)?.access;
      fc.pre(access !== undefined);
      const given = own(content.tools, asked.tool);
      const deny_if = [...(given.deny_if ?? []), { path: 'access', op: 'eq', value: access }];
      const tools = { ...content.tools, [asked.tool]: { ...given, deny_if } };
      expect(decide(await read({ ...content, tools }), asked).effect).toBe('deny');
    }),
  );
});

test('hiding always denies', async () => {
  await fc.assert(
    fc.asyncProperty(file, request, fc.boolean(), async (content: File, asked, all) => {
      const hide = [...(content.hide ?? []), all ? '*' : asked.tool];
      expect(decide(await read({ ...content, hide }), asked)).toMatchObject({ effect: 'deny', rule: 'hide' });
    }),
  );
});

test('with default deny nothing that is not listed is allowed', async () => {
  await fc.assert(
    fc.asyncProperty(file, request, async (content: File, asked) => {
      const { [asked.tool]: _, ...tools } = content.tools ?? {};
      expect(decide(await read({ ...content, default: 'deny', tools }), asked).effect).toBe('deny');
    }),
  );
});

/** Every object within a value, with a way to make the value anew with one of them changed. */
function objectsIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) => objectsIn(each, [...path, key]));
  return Array.isArray(value) ? inner : [path, ...inner];
}

test('an unknown field anywhere is an error, so it opens nothing', async () => {
  const known = ['$schema', 'version', 'default', 'hide', 'all_tools', 'tools', 'action', 'reason', 'rate_limit'];
  known.push('require', 'deny_if', 'limits', 'path', 'op', 'value', 'counter', 'window', 'max', 'scope');
  const field = fc
    .oneof(fc.string(), fc.constantFrom('allow', 'effect', 'Action', 'limit', 'constructor', '__proto__', 'toString'))
    .filter((key) => !known.includes(key));
  await fc.assert(
    fc.asyncProperty(file, field, fc.nat(), fc.json(), async (content, key, which, value) => {
      // Under `tools` every key is a tool's name.
      const places = objectsIn(content).filter((path) => path.join() !== 'tools');
      const place = places[which % places.length] ?? [];
      const changed = structuredClone(content);
      const target = place.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], changed);
      // Not by assignment: `__proto__` would become no key.
      Object.defineProperty(target, key, { value: JSON.parse(value), enumerable: true });
      await expect(read(changed)).rejects.toMatchObject({ code: 'bad_policy' });
    }),
    { numRuns: 300 },
  );
});

/** The same content, with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, each]) => [key, reversed(each)]));
}

test('a decision does not depend on the order of keys', async () => {
  await fc.assert(
    fc.asyncProperty(file, request, async (content, asked) => {
      expect(decide(await read(reversed(content) as object), asked)).toEqual(decide(await read(content), asked));
    }),
  );
});
