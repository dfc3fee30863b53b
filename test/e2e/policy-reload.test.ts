// A policy that changes while its server runs counts at once, and clients of both protocol eras hear of it.
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClassicClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as ClassicTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { defaultPolicy, writePolicy } from '../support/policy.js';
import type { Sandbox } from '../support/sandbox.js';
import { until } from '../support/until.js';

test.concurrent.for(ERAS)('made, changed, broken, mended, taken away and put back, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const said = async () => (await assistant.call('llm_providers')).text;
  const file = defaultPolicy(sandbox);
  expect(await said()).not.toContain('denied');

  await writePolicy(sandbox, { tools: { llm_providers: { action: 'deny', reason: 'first' } } });
  expect(await said()).toMatch(/^denied: rule tools\.llm_providers\.action \(.*\): first\./);
  await writePolicy(sandbox, { tools: { llm_providers: { action: 'deny', reason: 'other' } } });
  expect(await said()).toContain(': other.');
  // As editors write: another file in its place.
  const next = await writePolicy(sandbox, { tools: { llm_providers: {} } }, join(sandbox.root, 'next.json'));
  await rename(next, file);
  expect(await said()).not.toContain('denied');

  await writePolicy(
    sandbox,
    '{ "version": "1", "default": "allow",\n "tools": { "llm_providers": { "acton": "deny" } } }',
  );
  expect(await said()).toContain(`${file}:2: "tools.llm_providers.acton" is unknown; action?`);
  expect((await assistant.call('llm_process_health')).text).toMatch(/^denied: rule file /);
  await writePolicy(sandbox, {});
  expect(await said()).not.toContain('denied');

  await rm(file);
  expect(await said()).toMatch(/^denied: rule file .*it was here and is gone; put it back, or restart the client/);
  await writePolicy(sandbox, {});
  expect(await said()).not.toContain('denied');
});

/** A client that counts how often it hears that the tools have changed. */
async function listener(sandbox: Sandbox, mode: '1.x' | 'auto' | 'legacy') {
  let heard = 0;
  const identity = { name: 'listens', version: '1' };
  const onChanged = () => {
    heard += 1;
  };
  const listChanged = { tools: { autoRefresh: false, debounceMs: 0, onChanged } };
  const stdio = { ...sandbox.parameters(), stderr: 'ignore' as const };
  const client =
    mode === '1.x'
      ? new ClassicClient(identity, { listChanged })
      : new ModernClient(identity, { listChanged, versionNegotiation: { mode } });
  await client.connect((mode === '1.x' ? new ClassicTransport(stdio) : new ModernTransport(stdio)) as never);
  sandbox.adopt(client);
  const tools = async () => ((await client.listTools()).tools as { name: string }[]).map(({ name }) => name);
  return { tools, heard: () => heard };
}

for (const mode of ['1.x', 'legacy', 'auto'] as const) {
  test.concurrent(`a client is told when the list of tools has changed (${mode})`, async ({ sandbox }) => {
    const { tools, heard } = await listener(sandbox, mode);
    expect(await tools()).toContain('llm_job_cancel');
    await writePolicy(sandbox, { hide: ['llm_job_cancel'] });
    await until('it is told', () => heard() === 1);
    expect(await tools()).not.toContain('llm_job_cancel');
    await writePolicy(sandbox, {});
    await until('it is told again', () => heard() === 2);
    expect(await tools()).toContain('llm_job_cancel');
  });

  test.concurrent(`a client that knows the tools from before is told, too (${mode})`, async ({ sandbox }) => {
    const { heard } = await listener(sandbox, mode);
    await writePolicy(sandbox, { hide: ['llm_job_cancel'] });
    await until('it is told', () => heard() === 1);
  });
}
