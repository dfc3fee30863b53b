// Every policy that docs/policy.md shows does what the page says of it. That each is valid: test/docs/snippets.test.ts.
import { expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import { OPERATORS } from '../../src/policy/dialect.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { FACT_NAMES, type Facts } from '../../src/policy/request.js';
import { blocksOf, textOf } from '../docs/pages.js';
import { call, READS } from './policies.js';

const BLOCKS = blocksOf('docs/policy.md', 'json');

const work: Facts = { ...READS, cwd: '/home/me/work/x' };

/** The example, a call under it, and what the page says of that. */
test.each<[number, string, Record<string, unknown>, Facts, string, string]>([
  [0, 'llm_run', {}, READS, 'allow', 'tools.llm_run'],
  [0, 'llm_job_submit', { access: 'full' }, { ...READS, access: 'full' }, 'deny', 'tools.llm_job_submit.require[0]'],
  [0, 'llm_job_submit', { cwd: '/tmp/../etc' }, { ...READS, cwd: '/etc' }, 'deny', 'tools.llm_job_submit.deny_if[0]'],
  [0, 'llm_job_cancel', {}, {}, 'approve', 'tools.llm_job_cancel.action'],
  [0, 'llm_job_list', {}, {}, 'deny', 'default'],
  [1, 'llm_job_status', {}, {}, 'allow', 'tools.llm_job_status'],
  [1, 'llm_job_wait', {}, {}, 'deny', 'default'],
  [2, 'llm_job_submit', {}, READS, 'deny', 'tools.llm_job_submit.action'],
  [2, 'llm_job_cancel', {}, {}, 'deny', 'hide'],
  [2, 'llm_run', {}, READS, 'allow', 'default'],
  [2, 'llm_run', {}, { ...READS, depth: 2 }, 'deny', 'tools.*.deny_if[0]'],
  [3, 'llm_run', {}, READS, 'allow', 'tools.llm_run'],
  [3, 'llm_run', { attach: ['/x'] }, READS, 'deny', 'tools.llm_run.deny_if[0]'],
  [3, 'llm_job_submit', { timeoutSec: 60 }, work, 'allow', 'tools.llm_job_submit'],
  [3, 'llm_job_submit', {}, work, 'deny', 'tools.llm_job_submit.require[2]'],
  [
    3,
    'llm_job_submit',
    { timeoutSec: 60 },
    { ...work, cwd: '/home/me/worker' },
    'deny',
    'tools.llm_job_submit.require[1]',
  ],
  [5, 'llm_job_submit', {}, READS, 'approve', 'tools.llm_job_submit.action'],
  [5, 'llm_job_submit', {}, { ...READS, access: 'full' }, 'deny', 'tools.llm_job_submit.deny_if[0]'],
])('example %d: %s %j', async (index, tool, args, facts, effect, rule) => {
  const policy = await parsePolicy(BLOCKS[index] ?? '', 'p');
  expect(decide(policy, call(tool, args, facts))).toMatchObject({ effect, rule });
});

test('the counters of the example', async () => {
  const policy = await parsePolicy(BLOCKS[4] ?? '', 'p');
  expect(decide(policy, call('llm_job_submit', {}, READS))).toMatchObject({
    rateLimits: [{ max: 5, windowSec: 3600 }],
    limits: [
      { counter: 'calls', window: 'day', max: 2000 },
      { counter: 'submits', window: 'hour', max: 30 },
      { counter: 'submits', window: 'day', max: 100 },
    ],
  });
});

test('every fact and every operator is on the page', () => {
  for (const word of [...FACT_NAMES, ...OPERATORS]) expect(textOf('docs/policy.md')).toContain(`\`${word}\``);
});
