// What every assistant reads before it calls anything. A change here is a change somebody looked at.
import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';

const TEXT_ONLY = ['llm_run', 'llm_job_wait', 'llm_job_result', 'llm_job_changes'];

test.for(ERAS)('the tools are the same, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });

  const tools = await assistant.tools();

  await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot('__snapshots__/tools.txt');
});

test.for(ERAS)('the instructions are the same, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });

  expect(assistant.instructions?.length).toBeLessThanOrEqual(1200);
  await expect(assistant.instructions).toMatchFileSnapshot('__snapshots__/instructions.txt');
});

test('the whole reply to tools/list fits into 14,000 bytes', async ({ sandbox }) => {
  const server = sandbox.server();
  await server.initialize();

  const id = server.ask('tools/list');
  await server.reply(id);

  const line = server.lines.find((text) => JSON.parse(text).id === id) ?? '';
  expect(Buffer.byteLength(line)).toBeGreaterThan(5000);
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(14_000);
});

test('names, hints and schemas are such that every client takes them', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const tools = await assistant.tools();

  expect(tools.map(({ name }) => name)).toHaveLength(10);
  for (const tool of tools) {
    expect(tool.name).toMatch(/^[a-z_]{1,30}$/);
    expect(Object.keys(tool.annotations ?? {}).sort(), tool.name).toEqual([
      'destructiveHint',
      'idempotentHint',
      'openWorldHint',
      'readOnlyHint',
    ]);
    expect(tool.inputSchema, tool.name).toMatchObject({ type: 'object', additionalProperties: false });
    expect(tool.outputSchema !== undefined, tool.name).toBe(!TEXT_ONLY.includes(tool.name));
  }
  expect(tools.filter(({ _meta }) => _meta?.['anthropic/alwaysLoad']).map(({ name }) => name)).toEqual(['llm_run']);
});

test('a server that is only asked for its tools makes no file', async ({ sandbox }) => {
  const before = await readdir(sandbox.root);
  for (const era of ERAS) {
    const assistant = await sandbox.assistant({ era });
    await assistant.tools();
    await assistant.close();
  }

  expect(await readdir(sandbox.root)).toEqual(before);
  expect(await readdir(sandbox.userHome)).toEqual([]);
});
