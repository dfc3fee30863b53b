// What the audit keeps of decisions: each one, and nothing of what was asked.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { decisionsOf, writePolicy } from '../support/policy.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const SECRET = 'planted-c0ffee';

async function auditOf(sandbox: Sandbox): Promise<string> {
  const names = (await readdir(sandbox.home)).filter((name) => /^audit.*log$/.test(name));
  return (await Promise.all(names.map((name) => readFile(join(sandbox.home, name), 'utf8')))).join('');
}

test.concurrent('without a policy: only what goes beyond the configuration is a decision', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({
    client: 'an editor',
    env: { SIDEJOB_MAX_ACCESS: 'edit', SIDEJOB_ALLOWED_PROVIDERS: 'claude,codex' },
  });
  const jobId = await assistant.submit(asks({ forever: true }));
  for (const name of ['llm_job_list', 'llm_providers', 'llm_process_health']) await assistant.call(name);
  await assistant.call('llm_job_status', { jobId });
  await assistant.call('llm_job_cancel', { jobId });
  const refused = [
    { provider: 'claude', access: 'full' },
    { provider: 'claude', cwd: '/etc' },
    { provider: 'gemini' },
    { provider: 'claude', cwd: '/not/there' },
    { provider: 'nobody' },
    { model: '--flag' },
  ];
  for (const args of refused) await assistant.call('llm_job_submit', { prompt: SECRET, label: SECRET, ...args });
  const { text } = await assistant.call('llm_run', { prompt: 'hi', providers: ['claude', 'gemini'] });
  expect(text).toMatch(/^gemini: not_allowed: .*\nclaude-\w{8} completed/s);

  const tool = 'llm_job_submit';
  const deny = { tool, effect: 'deny', client: 'an editor', project: sandbox.project };
  const decided = await decisionsOf(sandbox);
  expect(decided).toMatchObject([
    { ...deny, rule: 'access_denied', provider: 'claude' },
    { ...deny, rule: 'outside_roots', provider: 'claude' },
    { ...deny, rule: 'not_allowed', provider: 'gemini' },
    { tool: 'llm_run', effect: 'deny', rule: 'not_allowed', provider: 'gemini' },
  ]);
  expect(await auditOf(sandbox)).not.toContain(SECRET);
});

test.concurrent('with one: every decision, with its rule, and nothing of what was asked', async ({ sandbox }) => {
  await writePolicy(sandbox, {
    hide: ['llm_process_health'],
    tools: {
      llm_providers: { rate_limit: '1/hour' },
      llm_run: { deny_if: [{ path: 'args.prompt', op: 'contains', value: 'forbidden' }] },
      llm_job_submit: { action: 'require_approval', limits: [{ counter: 'n', window: 'day', max: 1 }] },
    },
  });
  const assistant = await sandbox.assistant({ env: { SOME_API_KEY: SECRET } });
  const submit = {
    prompt: `${SECRET} and more`,
    provider: 'claude',
    label: SECRET,
    systemPrompt: SECRET,
    dedupeKey: SECRET,
  };
  await assistant.call('llm_process_health');
  for (let n = 0; n < 2; n += 1) await assistant.call('llm_providers');
  await assistant.call('llm_run', { prompt: `forbidden ${SECRET}`, provider: 'claude' });
  const { text } = await assistant.call('llm_job_submit', submit);
  const approval = /\bok-\w{8}\b/.exec(text)?.[0] ?? '';
  await sidejob(sandbox, 'approve', approval, '--yes');
  const { jobId } = await assistant.data('llm_job_submit', submit);
  await assistant.ended(jobId as string);
  // Nobody is asked about what cannot pass.
  await assistant.call('llm_job_submit', { ...submit, prompt: 'other' });

  const tool = 'llm_job_submit';
  const rule = 'tools.llm_job_submit.action';
  expect(await decisionsOf(sandbox)).toMatchObject([
    { tool: 'llm_process_health', effect: 'deny', rule: 'hide' },
    { tool: 'llm_providers', effect: 'allow', rule: 'tools.llm_providers' },
    { tool: 'llm_providers', effect: 'deny', rule: 'tools.llm_providers.rate_limit' },
    { tool: 'llm_run', effect: 'deny', rule: 'tools.llm_run.deny_if[0]', provider: 'claude', access: 'read-only' },
    { tool, effect: 'approve', rule, approval, cwd: sandbox.project },
    { tool, effect: 'approved', rule, approval },
    { tool, effect: 'used', rule, approval, jobIds: [jobId] },
    { tool: 'llm_job_wait', effect: 'allow', rule: 'default' },
    { tool: 'llm_job_status', effect: 'allow', rule: 'default' },
    { tool, effect: 'deny', rule: 'tools.llm_job_submit.limits[0]', cwd: sandbox.project },
  ]);
  const audit = await auditOf(sandbox);
  for (const word of [SECRET, 'and more', 'forbidden']) expect(audit).not.toContain(word);
  const shown = (await sidejob(sandbox, 'audit')).stdout;
  expect(shown).toMatch(/ deny +llm_process_health .*hide/);
  expect(shown).toMatch(new RegExp(` used +llm_job_submit .*${approval}`));
});
