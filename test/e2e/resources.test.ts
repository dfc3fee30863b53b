// Jobs as a client sees them beside the tools: listed, completed, and read, within bounds.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect } from 'vitest';
import { type Assistant, ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const TEMPLATES = ['job://{id}', 'job://{id}/stdout', 'job://{id}/stderr', 'job://{id}/events'];

test.concurrent.for(ERAS)('a job is listed and read with its answer, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const jobId = await assistant.submit(asks({ stderr: 'a complaint' }, { say: 'the answer' }), { label: 'a label' });
  await assistant.ended(jobId);

  const { resources, nextCursor } = await assistant.resources();
  const [whole] = await assistant.read(`job://${jobId}`);
  const [stdout] = await assistant.read(`job://${jobId}/stdout`);
  const stderr = await assistant.read(`job://${jobId}/stderr`);
  const [events] = await assistant.read(`job://${jobId}/events`);

  expect(resources).toMatchObject([{ uri: `job://${jobId}`, name: jobId, title: 'a label', mimeType: 'text/plain' }]);
  expect(resources[0]?.description).toMatch(new RegExp(`^${jobId} completed, .* s, "a label"$`));
  expect(nextCursor).toBeUndefined();
  expect(whole).toMatchObject({ uri: `job://${jobId}`, mimeType: 'text/plain' });
  expect(whole?.text).toMatch(new RegExp(`^${jobId} completed, .*\n(used: .*\n)?\nthe answer$`));
  expect(stdout?.text).toMatch(/^\{.*the answer.*\}\n$/s);
  expect(stderr).toEqual([{ uri: `job://${jobId}/stderr`, mimeType: 'text/plain', text: 'a complaint\n' }]);
  expect(events?.text).toMatch(/^0 .*\n\d+ text .*the answer/s);
  expect(await assistant.resourceTemplates()).toEqual(TEMPLATES);
  expect(assistant.complaints).toEqual([]);
});

test.concurrent.for(ERAS)(
  'ids are completed from their beginning or their random part, newest first, %s',
  async (era, { sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const first = await assistant.submit('one');
    const second = await assistant.submit('two');
    const other = await assistant.submit('three', { provider: 'codex' });
    const of = { uri: 'job://{id}/stdout' };

    expect(await assistant.complete(of, 'id', 'Claude-')).toMatchObject({ values: [second, first], hasMore: false });
    expect((await assistant.complete(of, 'id', '')).values).toEqual([other, second, first]);
    expect((await assistant.complete(of, 'id', other.slice(6))).values).toEqual([other]);
    expect((await assistant.complete(of, 'id', '*')).values).toEqual([]);
    await expect(assistant.complete({ uri: 'file://{id}' }, 'id', '')).rejects.toMatchObject({ code: -32602 });
    await ended(assistant, [first, second, other]);
  },
);

test.concurrent.for(ERAS)(
  'an unknown job is not found, and of several they are named, %s',
  async (era, { sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const jobId = await assistant.submit('one');
    const other = await assistant.submit('two');
    await ended(assistant, [jobId, other]);

    const near = await refusal(assistant, 'job://claude-');
    const absent = await refusal(assistant, 'job://codex-zzzzzzzz/stdout');
    const wrong = await refusal(assistant, `job://${jobId}/prompt`);

    expect(near).toMatchObject({ code: -32602, data: { uri: 'job://claude-' } });
    expect(near.message).toContain(`several jobs begin with "claude-": ${other} (completed), ${jobId} (completed).`);
    expect(absent).toMatchObject({ code: -32602, data: { uri: 'job://codex-zzzzzzzz/stdout' } });
    expect(absent.message).toMatch(/unknown_job: no job "codex-zzzzzzzz"/);
    expect(wrong).toMatchObject({ code: -32602, data: { uri: `job://${jobId}/prompt` } });
    expect(wrong.message).toContain(`There are ${TEMPLATES.join(', ')}.`);
  },
);

test.concurrent('long output is cut to its end, and a note says how to read the rest', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: `begin ${'ä'.repeat(30_000)} end` }));
  await assistant.ended(jobId);
  const text = `${'ö'.repeat(40_000)}\nlast line\n`;
  await writeFile(output(sandbox, jobId, 'stderr'), text);

  const [whole] = await assistant.read(`job://${jobId}`);
  const [body, note, ...more] = await assistant.read(`job://${jobId}/stderr`);

  expect(whole?.text).toMatch(
    /\[the last 36000 of 60010 bytes; llm_job_result\{jobId:"claude-\w+", view:"answer", offset:0\} reads from .*\]\n\nä+ end$/,
  );
  expect(more).toEqual([]);
  expect(text.endsWith(body?.text ?? '?')).toBe(true);
  expect(body?.text).toMatch(/^ö+\nlast line\n$/);
  const bytes = Buffer.byteLength(body?.text ?? '');
  expect(bytes).toBeGreaterThan(35_900);
  expect(bytes).toBeLessThanOrEqual(36_000);
  expect(note?.text).toBe(
    `[the last ${bytes} of 80011 bytes; llm_job_result{jobId:"${jobId}", view:"stderr", offset:0} reads from the beginning]`,
  );
});

test.concurrent('of many events the last are shown', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const texts = Array.from({ length: 60 }, (_, n) => ({ say: `${n} ${'x'.repeat(2_000)}` }));
  const jobId = await assistant.submit(asks(...texts, { say: 'the very last' }));
  await assistant.ended(jobId);

  const [body, note] = await assistant.read(`job://${jobId}/events`);

  expect(body?.text).toContain('the very last');
  expect(Buffer.byteLength(body?.text ?? '')).toBeLessThanOrEqual(36_000);
  expect(note?.text).toMatch(/^\[the last 10 of \d+ events; llm_job_result\{.*view:"events", offset:0\}/);
});

test.concurrent.for(ERAS)('what is no text is served as it is, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const jobId = await assistant.submit('hello');
  await assistant.ended(jobId);

  for (const bytes of [
    [0xff, 0xfe, 0x41],
    [0x63, 0x61, 0x66, 0xe9],
    [0x80, 0x41],
    [0x41, 0x00, 0x42],
  ]) {
    await writeFile(output(sandbox, jobId, 'stdout'), Buffer.from(bytes));
    const [part, ...more] = await assistant.read(`job://${jobId}/stdout`);

    expect(more).toEqual([]);
    expect(part).toMatchObject({ mimeType: 'application/octet-stream' });
    expect([...Buffer.from(part?.blob ?? '', 'base64')]).toEqual(bytes);
    expect(part?.text).toBeUndefined();
  }
});

test.concurrent('a character that is being written does not make text binary', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ forever: true }));
  await assistant.jobWhen(jobId, 'runs', ({ status }) => status === 'running');
  await writeFile(output(sandbox, jobId, 'stderr'), Buffer.from('caf\xc3', 'latin1'));

  expect((await assistant.read(`job://${jobId}/stderr`))[0]?.text).toBe('caf');
  expect((await assistant.read(`job://${jobId}`))[0]?.text).toMatch(/^claude-\w+ running/);
  await assistant.call('llm_job_cancel', { jobId });
});

test.concurrent('to list and read resources marks nothing as read', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit('hello');
  await assistant.jobWhen(jobId, 'has ended', ({ status }) => status === 'completed');

  await assistant.resources();
  await assistant.read(`job://${jobId}`);

  expect(await assistant.data('llm_job_list', { filter: 'unread' })).toMatchObject({ jobs: [{ jobId }] });
});

test.concurrent("the list is that of the client's project; what is named can be read from anywhere", async ({
  sandbox,
}) => {
  const here = await sandbox.assistant();
  const elsewhere = await sandbox.assistant({ cwd: await sandbox.newProject('elsewhere') });
  const nowhere = await sandbox.assistant({ cwd: '/' });
  const jobId = await here.submit('hello');
  await here.ended(jobId);

  expect((await elsewhere.resources()).resources).toEqual([]);
  expect((await nowhere.resources()).resources).toMatchObject([{ uri: `job://${jobId}` }]);
  expect((await elsewhere.read(`job://${jobId}`))[0]?.text).toContain(jobId);
});

test('more than a page of jobs is paged by key: new ones move nothing', async ({ sandbox }) => {
  // Jobs that wait behind one that never ends cost nothing.
  const env = { SIDEJOB_MAX_RUNNING: '1', SIDEJOB_MAX_QUEUED: '500' };
  const assistant = await sandbox.assistant({ env });
  const first = await assistant.submit(asks({ forever: true }));
  const ids = [first];
  for (let n = 0; n < 210; n += 1) ids.unshift(await assistant.submit(`wait ${n}`));
  const server = sandbox.server({ env });
  await server.initialize();

  const page = (await server.request('resources/list')).result as { resources: { name: string }[]; nextCursor: string };
  const late = await assistant.submit('late');
  const rest = (await server.request('resources/list', { cursor: page.nextCursor })).result;

  expect(page.resources.map(({ name }) => name)).toEqual(ids.slice(0, 200));
  expect(rest).toMatchObject({ resources: ids.slice(200).map((name) => ({ name })) });
  expect(rest?.nextCursor).toBeUndefined();
  const completion = await assistant.complete({ uri: 'job://{id}' }, 'id', 'claude');
  expect(completion).toEqual({ values: [late, ...ids].slice(0, 100), hasMore: true });
  expect((await assistant.resources()).resources).toHaveLength(212);
  expect((await server.request('resources/list', { cursor: 'x' })).error).toMatchObject({ code: -32602 });
  for (let at = 0; at < ids.length + 1; at += 50) {
    await assistant.call('llm_job_cancel', { jobIds: [late, ...ids].slice(at, at + 50) });
  }
});

test('a server that is asked what there is before the first job makes no file', async ({ sandbox }) => {
  const before = await readdir(sandbox.root);
  for (const era of ERAS) {
    const assistant = await sandbox.assistant({ era });
    expect(await assistant.resourceTemplates()).toEqual(TEMPLATES);
    expect(await assistant.resources()).toMatchObject({ resources: [] });
    expect((await assistant.complete({ uri: 'job://{id}' }, 'id', '')).values).toEqual([]);
    expect(await assistant.prompts()).toHaveLength(4);
    await assistant.prompt('compare', { question: 'why' });
    await assistant.close();
  }

  expect(await readdir(sandbox.root)).toEqual(before);
  expect(await readdir(sandbox.userHome)).toEqual([]);
});

test.concurrent('a client that has listed the jobs is told once that there are new ones, others never', async ({
  sandbox,
}) => {
  const server = sandbox.server();
  await server.initialize();
  const told = () => server.messages.filter(({ method }) => method === 'notifications/resources/list_changed').length;
  const run = () => server.callTool('llm_run', { prompt: `hi ${server.lines.length}`, provider: 'codex' });

  await run();
  expect(told()).toBe(0);
  await server.request('resources/list');
  await server.callTool('llm_job_list');
  expect(told()).toBe(0);
  await run();
  await run();
  await server.request('ping');
  expect(told()).toBe(1);
});

test.concurrent('a client that listens for changes lists the new job', async ({ sandbox }) => {
  const listings: string[][] = [];
  const onChanged = (_: unknown, resources: { name: string }[] | null) => {
    listings.push((resources ?? []).map(({ name }) => name));
  };
  const listChanged = { resources: { onChanged } };
  const client = new Client({ name: 'e2e', version: '1' }, { listChanged, versionNegotiation: { mode: 'auto' } });
  await client.connect(new StdioClientTransport({ ...sandbox.parameters(), stderr: 'ignore' }));
  sandbox.adopt(client);
  expect(client.getProtocolEra()).toBe('modern');
  expect((await client.listResources()).resources).toEqual([]);

  const { structuredContent } = await client.callTool({
    name: 'llm_job_submit',
    arguments: { prompt: 'hi', provider: 'codex' },
  });

  const { jobId } = structuredContent as { jobId: string };
  expect(await until('the new list', () => listings[0])).toEqual([jobId]);
  await client.callTool({ name: 'llm_job_wait', arguments: { jobId, waitSec: 30 } });
});

test.concurrent.for(ERAS)('a store that cannot be opened is an error that says so, %s', async (era, { sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  await writeFile(join(sandbox.home, 'store.db'), 'no database at all');
  const assistant = await sandbox.assistant({ era });

  await expect(assistant.resources()).rejects.toMatchObject({
    code: -32603,
    message: expect.stringContaining('store_unavailable: '),
  });
  expect(await assistant.resourceTemplates()).toEqual(TEMPLATES);
});

function output(sandbox: Sandbox, jobId: string, name: 'stdout' | 'stderr'): string {
  return join(sandbox.home, 'jobs', jobId, name);
}

async function ended(assistant: Assistant, jobIds: string[]): Promise<void> {
  await assistant.call('llm_job_wait', { jobIds, waitSec: 30 });
}

async function refusal(assistant: Assistant, uri: string): Promise<{ code: number; message: string; data: unknown }> {
  return assistant.read(uri).then(
    () => Promise.reject(new Error(`${uri} was read`)),
    (error) => error,
  );
}

test.concurrent('who has subscribed to a job is told when it has ended, by initialize', async ({ sandbox }) => {
  const server = sandbox.server();
  const { result } = await server.initialize();
  expect(result).toMatchObject({ capabilities: { resources: { subscribe: true } } });
  const [gate, other] = [sandbox.gate(), sandbox.gate()];
  const submit = async (at: string) =>
    (await server.data('llm_job_submit', { prompt: asks({ gate: at }), provider: 'claude' })).jobId as string;
  const [jobId, left] = [await submit(gate), await submit(other)];
  const uris = () =>
    server.messages
      .filter(({ method }) => method === 'notifications/resources/updated')
      .map(({ params }) => params?.uri);

  for (const uri of [`job://${jobId}`, `job://${jobId}/stdout`, `job://${left}`]) {
    expect((await server.request('resources/subscribe', { uri })).result).toEqual({});
  }
  expect((await server.request('resources/unsubscribe', { uri: `job://${left}` })).result).toEqual({});
  expect((await server.request('resources/subscribe', { uri: 'job://claude-00000000' })).error).toMatchObject({
    message: expect.stringContaining('unknown_job'),
  });
  expect((await server.request('resources/subscribe', { uri: 'file:///etc/passwd' })).error?.code).toBe(-32602);
  expect(uris()).toEqual([]);
  for (const at of [other, gate]) await sandbox.open(at);
  for (const id of [left, jobId]) await server.callTool('llm_job_wait', { jobId: id });

  await until('it is told', () => uris().length >= 2);
  expect(uris().sort()).toEqual([`job://${jobId}`, `job://${jobId}/stdout`]);
});

test.concurrent('who has subscribed to a job is told when it has ended, since 2026-07-28', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ gate }, { say: 'x' }));
  const server = sandbox.server();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const uri = `job://${jobId}`;
  const listenId = server.ask('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] }, _meta: meta });
  const said = (method: string) => server.messages.find((message) => message.method === method)?.params;

  const acknowledged = await until('it is acknowledged', () => said('notifications/subscriptions/acknowledged'));
  expect(acknowledged).toMatchObject({ notifications: { resourceSubscriptions: [uri] } });
  expect(said('notifications/resources/updated')).toBeUndefined();
  await sandbox.open(gate);

  expect(await until('it is told', () => said('notifications/resources/updated'))).toEqual({
    uri,
    _meta: { 'io.modelcontextprotocol/subscriptionId': listenId },
  });
});
