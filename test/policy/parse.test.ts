// What a policy file may not say, and how its owner is told.
import { expect, test } from 'vitest';
import { TOOLS } from '../../src/mcp/registry.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { TOOL_ARGUMENTS } from '../../src/policy/tools.js';
import { policyOf } from './policies.js';

/** A file with this rule for one tool, which begins on line 5. */
const withRule = (rule: string) => `{
  "version": "1",
  "default": "deny",
  "tools": {
    "llm_run": ${rule}
  }
}`;
const withCondition = (condition: string) => withRule(`{ "require": [\n{ ${condition} }] }`);
const withLimit = (limit: string) => withRule(`{ "limits": [\n{ ${limit} }] }`);

test.each([
  ['nothing', '', '1: not valid JSON'],
  ['half a file', '{\n"version": "1",', '2: not valid JSON'],
  ['something behind it', '{}\nx', '2: not valid JSON'],
  ['a list', '[]', '1: the file = []: expected object'],
  ['no default', '{ "version": "1" }', '1: default is missing'],
  ['no version', '{ "default": "deny" }', '1: version is missing'],
  ['another version', '{\n"version": "2", "default": "deny" }', '2: version = "2" is unknown'],
  ['a version that is a number', '{ "version": 1, "default": "deny" }', '1: version = 1: must be "1"'],
  ['a misspelt default', '{ "version": "1",\n"default": "alow" }', '2: default = "alow" is unknown; allow?'],
  ['approval as default', '{ "version": "1", "default": "require_approval" }', '1: default = "require_approval" is'],
  ['an unknown key', '{ "version": "1", "default": "deny",\n"tool": {} }', '2: "tool" is unknown; tools?'],
  [
    'rates of all tools',
    '{ "version": "1", "default": "deny", "all_tools": { "rate_limit": "1/day" } }',
    'all_tools.rate_limit" is unknown; there is limits',
  ],
  ['a key that stands twice', withRule('{},\n"llm_run": {}'), '6: "tools.llm_run" stands there twice'],
  [
    'a field that stands twice',
    withRule('{ "action": "deny",\n"action": "allow" }'),
    '6: "tools.llm_run.action" stands there twice',
  ],
  ['__proto__', withRule('{},\n"__proto__": {}'), '6: "tools.__proto__" is no key'],
  ['__proto__ of the file', '{ "version": "1", "default": "deny", "__proto__": {} }', '1: "__proto__" is no key'],
  ['no rule', withRule('null'), '5: tools.llm_run = null: expected object'],
  ['an unknown field', withRule('{\n"acton": "deny" }'), '6: "tools.llm_run.acton" is unknown; action?'],
  ['an unknown action', withRule('{ "action": "dny" }'), '5: tools.llm_run.action = "dny" is unknown; deny?'],
  ['conditions that are no list', withRule('{ "require": {} }'), '5: tools.llm_run.require = {}: expected array'],
  [
    'an unknown fact',
    withCondition('"path": "acces", "op": "eq", "value": "full"'),
    '6: tools.llm_run.require[0].path = "acces" is unknown; access, or args.acces?',
  ],
  [
    'a path to nothing',
    withCondition('"path": "args", "op": "exists", "value": true'),
    '6: tools.llm_run.require[0].path = "args"',
  ],
  [
    'an unknown operator',
    withCondition('"path": "access", "op": "equals", "value": "full"'),
    '6: tools.llm_run.require[0].op = "equals" is unknown; eq?',
  ],
  ['no operator', withCondition('"path": "access", "value": "full"'), '6: tools.llm_run.require[0].op is missing'],
  ['no value', withCondition('"path": "access", "op": "eq"'), '6: tools.llm_run.require[0].value is missing'],
  [
    'a field too many',
    withCondition('"path": "access", "op": "eq", "value": "full", "not": true'),
    '6: "tools.llm_run.require[0].not" is unknown',
  ],
  [
    'lt with a text',
    withCondition('"path": "depth", "op": "lt", "value": "3"'),
    '6: tools.llm_run.require[0].value = "3": expected number',
  ],
  [
    'in without a list',
    withCondition('"path": "model", "op": "in", "value": "opus"'),
    '6: tools.llm_run.require[0].value = "opus": expected array',
  ],
  ['eq with null', withCondition('"path": "model", "op": "eq", "value": null'), 'value = null: must be a text'],
  ['exists with a text', withCondition('"path": "model", "op": "exists", "value": "yes"'), 'expected boolean'],
  [
    'a pattern that ends early',
    withCondition('"path": "cwd", "op": "regex",\n"value": "(a"'),
    '7: tools.llm_run.require[0]: the pattern cannot be used',
  ],
  ['lookahead', withCondition('"path": "cwd", "op": "regex", "value": "(?=a)"'), 'the pattern cannot be used'],
  [
    'a back reference',
    withCondition(String.raw`"path": "cwd", "op": "regex", "value": "(a)\\1"`),
    'the pattern cannot be used',
  ],
  [
    'a pattern that is too large',
    withCondition('"path": "cwd", "op": "regex", "value": "(a|bc){900}"'),
    'it is too large',
  ],
  [
    'a number for a text',
    withCondition('"path": "provider", "op": "eq", "value": 3'),
    '6: tools.llm_run.require[0]: provider is a text, never 3',
  ],
  ['a text for a number', withCondition('"path": "depth", "op": "eq", "value": "1"'), 'depth is a number, never "1"'],
  [
    'a pattern for a number',
    withCondition('"path": "depth", "op": "regex", "value": "1"'),
    'depth is a number, which "regex" cannot look at',
  ],
  [
    'less than, of a text',
    withCondition('"path": "access", "op": "lt", "value": 2'),
    'access is a text, which "lt" cannot look at',
  ],
  [
    'a misspelt access',
    withCondition('"path": "access", "op": "in", "value": ["edit", "ful"]'),
    'access is never "ful"; full?',
  ],
  [
    'a rate in weeks',
    withRule('{ "rate_limit": "5/week" }'),
    'tools.llm_run.rate_limit = "5/week": must be such as "5/hour"',
  ],
  ['no rate', withRule('{ "rate_limit": "0/hour" }'), 'must be such as "5/hour"'],
  ['a rate that is a number', withRule('{ "rate_limit": 5 }'), 'tools.llm_run.rate_limit = 5: expected object'],
  ['a rate without window', withRule('{ "rate_limit": { "max": 5 } }'), 'tools.llm_run.rate_limit.window is missing'],
  [
    'a rate with a field too many',
    withRule('{ "rate_limit": { "max": 5, "window": 60, "burst": 1 } }'),
    '"tools.llm_run.rate_limit.burst" is unknown',
  ],
  [
    'a limit in weeks',
    withLimit('"counter": "a", "window": "week", "max": 1'),
    '6: tools.llm_run.limits[0].window = "week" is unknown; there are minute, hour, day',
  ],
  ['a limit of nothing', withLimit('"counter": "a", "window": "day", "max": 0'), 'tools.llm_run.limits[0].max = 0'],
  [
    'an unknown scope',
    withLimit('"counter": "a", "window": "day", "max": 1, "scope": "grant"'),
    'scope = "grant" is unknown; there are global, session',
  ],
  ['a counter without a name', withLimit('"counter": "", "window": "day", "max": 1'), 'limits[0].counter = ""'],
  ['brackets without end', '['.repeat(100_000), 'not valid JSON'],
])('%s is an error with its place', async (_what, text, message) => {
  const error = await parsePolicy(text, '/p/policy.json').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad_policy', message: expect.stringContaining(message) });
  expect(String(error)).toContain('/p/policy.json');
});

test('comments, trailing commas, a byte order mark and $schema are no errors', async () => {
  const text = '\uFEFF// mine\n{ "$schema": "x", "version": "1", /* all */ "default": "allow", "hide": ["llm_run",], }';
  expect(await parsePolicy(text, 'p')).toMatchObject({ default: 'allow', hide: new Set(['llm_run']), warnings: [] });
});

test('what may be meant for another server is a warning', async () => {
  const { warnings } = await policyOf({
    hide: ['llm_job_cancle', '*'],
    tools: {
      other_tool: { deny_if: [{ path: 'args.anything', op: 'exists', value: true }] },
      llm_run: {
        require: [
          { path: 'args.promt', op: 'contains', value: 'a' },
          { path: 'args.access', op: 'neq', value: 'ful' },
          { path: 'args.prompt', op: 'contains', value: 'a' },
          { path: 'args.depth', op: 'lt', value: 3 },
        ],
      },
      '*': { deny_if: [{ path: 'args.zzzzzz', op: 'exists', value: true }] },
    },
  });
  expect(warnings).toEqual([
    'hide: Sidejob has no tool "llm_job_cancle"; llm_job_cancel?',
    'tools: Sidejob has no tool "other_tool".',
    'tools.llm_run.require[0]: llm_run does not take "promt"; prompt?',
    'tools.llm_run.require[1]: access is never "ful"; full?',
    'tools.*.deny_if[0]: no tool takes "zzzzzz".',
  ]);
});

test('the tools and arguments that warnings know are those that there are', () => {
  const there = TOOLS.map(({ name, input }) => [name, Object.keys(input.shape).sort()]);
  const known = [...TOOL_ARGUMENTS].map(([name, args]) => [name, [...args].sort()]);
  expect(known).toEqual(there);
});
