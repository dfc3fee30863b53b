// Tables of decisions: every field, and which of two rules wins.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SidejobError } from '../../src/errors.js';
import { decide, judge } from '../../src/policy/decide.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { isHidden } from '../../src/policy/policy.js';
import { TOOL_ARGUMENTS } from '../../src/policy/tools.js';
import { call, policyOf, READS } from './policies.js';

const FULL = { path: 'access', op: 'eq', value: 'full' };
const ASK = { action: 'require_approval' };
const DENY = { action: 'deny' };
const full = { ...READS, access: 'full' };

test.each([
  ['an unlisted tool, deny', {}, 'deny', 'default'],
  ['an unlisted tool, allow', { default: 'allow' }, 'allow', 'default'],
  ['an empty rule', { tools: { llm_run: {} } }, 'allow', 'tools.llm_run'],
  ['another tool is listed', { tools: { llm_job_list: {} } }, 'deny', 'default'],
  ['action allow', { tools: { llm_run: { action: 'allow' } } }, 'allow', 'tools.llm_run'],
  ['action deny', { tools: { llm_run: DENY } }, 'deny', 'tools.llm_run.action'],
  ['action require_approval', { tools: { llm_run: ASK } }, 'approve', 'tools.llm_run.action'],
  ['hidden', { hide: ['llm_run'], tools: { llm_run: {} } }, 'deny', 'hide'],
  ['hidden under allow', { default: 'allow', hide: ['llm_run'] }, 'deny', 'hide'],
  ['all hidden', { default: 'allow', hide: ['*'] }, 'deny', 'hide'],
  ['another is hidden', { default: 'allow', hide: ['llm_job_list'] }, 'allow', 'default'],
  ['hidden comes before the default', { hide: ['llm_run'] }, 'deny', 'hide'],
  ['"*" allows no unlisted tool', { tools: { '*': {} } }, 'deny', 'default'],
  ['the default comes before "*"', { tools: { '*': DENY } }, 'deny', 'default'],
  ['"*" denies a listed tool', { tools: { llm_run: {}, '*': DENY } }, 'deny', 'tools.*.action'],
  ['"*" asks for a listed tool', { tools: { llm_run: {}, '*': ASK } }, 'approve', 'tools.*.action'],
  ['"*" allows nothing that the tool denies', { tools: { '*': {}, llm_run: DENY } }, 'deny', 'tools.llm_run.action'],
  ["the tool's own rule is named first", { tools: { '*': DENY, llm_run: DENY } }, 'deny', 'tools.llm_run.action'],
  ['deny in "*" beats approval of the tool', { tools: { llm_run: ASK, '*': DENY } }, 'deny', 'tools.*.action'],
  ['deny of the tool beats approval in "*"', { tools: { llm_run: DENY, '*': ASK } }, 'deny', 'tools.llm_run.action'],
  [
    '"*" restricts what is not listed, under allow',
    { default: 'allow', tools: { '*': DENY } },
    'deny',
    'tools.*.action',
  ],
  ['deny_if', { tools: { llm_run: { deny_if: [FULL] } } }, 'deny', 'tools.llm_run.deny_if[0]'],
  [
    'any of deny_if',
    { tools: { llm_run: { deny_if: [{ ...FULL, value: 'edit' }, FULL] } } },
    'deny',
    'tools.llm_run.deny_if[1]',
  ],
  ['deny_if beats approval', { tools: { llm_run: { ...ASK, deny_if: [FULL] } } }, 'deny', 'tools.llm_run.deny_if[0]'],
  ['require that holds', { tools: { llm_run: { require: [FULL] } } }, 'allow', 'tools.llm_run'],
  [
    'all of require',
    { tools: { llm_run: { require: [FULL, { ...FULL, value: 'edit' }] } } },
    'deny',
    'tools.llm_run.require[1]',
  ],
  [
    'deny_if and require together',
    { tools: { llm_run: { require: [FULL], deny_if: [FULL] } } },
    'deny',
    'tools.llm_run.deny_if[0]',
  ],
  ['deny_if of "*"', { tools: { llm_run: {}, '*': { deny_if: [FULL] } } }, 'deny', 'tools.*.deny_if[0]'],
  ['a name that only objects have', { tools: { constructor: {} } }, 'deny', 'default'],
] as const)('%s', async (_what, content, effect, rule) => {
  expect(decide(await policyOf(content), call('llm_run', {}, full))).toMatchObject({ effect, rule });
});

test.each(['constructor', 'toString', '__proto__', '*', ''])('a tool called "%s" is not listed', async (tool) => {
  const policy = await policyOf({ tools: { llm_run: {}, '*': {} } });
  expect(decide(policy, call(tool))).toMatchObject({ effect: 'deny', rule: 'default' });
});

test('the reason is that of the rule that blocks, and the detail names the condition', async () => {
  const policy = await policyOf({
    tools: { llm_run: { reason: 'own' }, '*': { reason: 'common', deny_if: [FULL] } },
  });
  expect(decide(policy, call('llm_run', {}, full))).toEqual({
    ...{ effect: 'deny', rule: 'tools.*.deny_if[0]', reason: 'common' },
    detail: 'denied if access eq "full"',
  });
});

test('of several CLIs every one must pass', async () => {
  const policy = await policyOf({
    tools: { llm_run: { require: [{ path: 'provider', op: 'in', value: ['claude', 'codex'] }] } },
  });
  const asked = (...providers: string[]) =>
    decide(policy, call('llm_run', {}, ...providers.map((provider) => ({ ...READS, provider })))).effect;
  expect([asked('claude', 'codex'), asked('claude', 'gemini'), asked('gemini', 'claude')]).toEqual([
    'allow',
    'deny',
    'deny',
  ]);
});

test('a call without facts is looked at all the same', async () => {
  const policy = await policyOf({ tools: { llm_run: { require: [FULL] } } });
  expect(decide(policy, { tool: 'llm_run', args: {}, facts: [] }).effect).toBe('deny');
});

describe('counters', () => {
  const limit = { counter: 'calls', window: 'hour', max: 9 };

  test('are those of all tools, of the tool and of "*"', async () => {
    const policy = await policyOf({
      all_tools: { limits: [limit] },
      tools: {
        llm_run: { reason: 'slowly', rate_limit: '5/hour', limits: [{ ...limit, counter: 'runs' }] },
        '*': { rate_limit: { max: 10, window: 60 }, limits: [{ ...limit, window: 'day' }] },
        llm_job_list: { rate_limit: '1/day', limits: [{ ...limit, counter: 'lists' }] },
      },
    });
    const decision = decide(policy, call('llm_run'));
    expect(decision).toMatchObject({
      effect: 'allow',
      rateLimits: [
        { rule: 'tools.llm_run.rate_limit', max: 5, windowSec: 3600, reason: 'slowly' },
        { rule: 'tools.*.rate_limit', max: 10, windowSec: 60 },
      ],
      limits: [
        { rule: 'all_tools.limits[0]', ...limit },
        { rule: 'tools.llm_run.limits[0]', counter: 'runs', reason: 'slowly' },
        { rule: 'tools.*.limits[0]', counter: 'calls', window: 'day' },
      ],
    });
  });

  test('that one call would take twice are taken once, and the strictest rule holds', async () => {
    const policy = await policyOf({
      default: 'allow',
      all_tools: { limits: [limit, { ...limit, max: 3 }, { ...limit, max: 5 }] },
    });
    expect(decide(policy, call('llm_run'))).toMatchObject({ limits: [{ rule: 'all_tools.limits[1]', max: 3 }] });
  });

  test('of a session are counted with the rate limits, under their name', async () => {
    const policy = await policyOf({ default: 'allow', all_tools: { limits: [{ ...limit, scope: 'session' }] } });
    expect(decide(policy, call('llm_run'))).toMatchObject({
      rateLimits: [{ key: 'calls hour', rule: 'all_tools.limits[0]', max: 9, windowSec: 3600 }],
      limits: [],
    });
  });

  test('belong to an approval, too, and to no denial', async () => {
    const rules = { rate_limit: '5/hour', limits: [limit] };
    const asked = decide(await policyOf({ tools: { llm_run: { ...rules, ...ASK } } }), call('llm_run'));
    expect(asked).toMatchObject({ effect: 'approve', rateLimits: [{ max: 5 }], limits: [limit] });
    const denied = decide(await policyOf({ tools: { llm_run: { ...rules, ...DENY } } }), call('llm_run'));
    expect(Object.keys(denied)).not.toContain('limits');
  });

  test.each([
    ['7/minute', 60],
    ['7/hour', 3600],
    ['7/day', 86_400],
  ])('%s is seven in %d seconds', async (rate, windowSec) => {
    const policy = await policyOf({ tools: { llm_run: { rate_limit: rate } } });
    expect(decide(policy, call('llm_run'))).toMatchObject({ rateLimits: [{ max: 7, windowSec }] });
  });
});

test('without a policy everything is allowed, with a broken one nothing', () => {
  expect(judge({}, call('llm_run'))).toMatchObject({ effect: 'allow', rule: 'none', rateLimits: [], limits: [] });
  const broken = new SidejobError('bad_policy', '/p/policy.json:3: "x" is unknown.');
  expect(judge({ broken }, call('llm_run'))).toMatchObject({
    ...{ effect: 'deny', rule: 'file' },
    detail: expect.stringContaining('/p/policy.json:3'),
  });
});

test('hidden tools are left out of the list', async () => {
  const some = await policyOf({ hide: ['llm_run'] });
  expect([isHidden(some, 'llm_run'), isHidden(some, 'llm_job_list'), isHidden(undefined, 'llm_run')]).toEqual([
    ...[true, false, false],
  ]);
  expect(isHidden(await policyOf({ hide: ['*'] }), 'llm_run')).toBe(true);
});

const FIXTURES = join(import.meta.dirname, '../fixtures/policies');

test.each([
  ['get-async-job-result', [], ['tools: Sidejob has no tool "get-async-job-result".']],
  ['llm_job_cancel', [], []],
  ['llm_job_result', ['llm_job_result'], []],
  ['llm_job_status', ['llm_job_status'], []],
  ['llm_process_health', ['llm_process_health'], []],
])('%s.json from the wild', async (name, allowed, warnings) => {
  const policy = await parsePolicy(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'), name);
  const effects = [...TOOL_ARGUMENTS.keys()].filter((tool) => decide(policy, call(tool)).effect === 'allow');
  expect(effects).toEqual(allowed);
  expect(policy.warnings).toEqual(warnings);
  expect(readdirSync(FIXTURES)).toHaveLength(5);
});

test('a file for status and result leaves waiting denied', async () => {
  const policy = await policyOf({ tools: { llm_job_status: {}, llm_job_result: {} } });
  expect(decide(policy, call('llm_job_wait'))).toMatchObject({ effect: 'deny', rule: 'default' });
});
