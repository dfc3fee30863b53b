// Whatever a client does to the pipe: every request that can be told from noise is answered, memory has a bound, and
// the server lives on.
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { linuxTest, test } from '../support/e2e.js';
import { processesOf, residentBytes } from '../support/processes.js';
import type { Message, RawServer } from '../support/raw-server.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const MB = 1024 * 1024;
/** As in src/mcp/serve.ts. */
const MESSAGE_MAX_BYTES = 64 * MB;

/**
 * Calls while nobody reads, 108 MB of replies, and what the server may take then. It took 210 MB; with the transport of
 * @modelcontextprotocol/server 2.4, it had taken 1,170 after 5,000 calls.
 */
const CALLS = 3000;
const UNREAD_MAX_MB = 320;

/** What is said, and what comes back; undefined for nothing. */
const ODD: [what: string, line: string, reply: Partial<Message> | undefined][] = [
  ['no JSON', '{"jsonrpc":"2.0","id":', { error: coded(-32700) }],
  ['no text', '\u0000\u001b[31m', { error: coded(-32700) }],
  ['a number', '7', { error: coded(-32600) }],
  ['nothing', 'null', { error: coded(-32600) }],
  ['an empty batch', '[]', { error: coded(-32600) }],
  ['an id of no kind', '{"jsonrpc":"2.0","id":{},"method":"ping"}', { error: coded(-32600) }],
  ['another version', '{"jsonrpc":"1.0","id":"v1","method":"ping"}', { id: 'v1', error: coded(-32600) }],
  ['params of no kind', '{"jsonrpc":"2.0","id":"p","method":"ping","params":7}', { id: 'p', error: coded(-32600) }],
  ['an unknown method', '{"jsonrpc":"2.0","id":"m","method":"no/such"}', { id: 'm', error: coded(-32601) }],
  ['an empty line', '', undefined],
  ['an unknown notification', '{"jsonrpc":"2.0","method":"notifications/no/such"}', undefined],
  ['a notification of no kind', '{"jsonrpc":"2.0","method":7}', undefined],
  ['a reply to nothing', '{"jsonrpc":"2.0","id":"r","result":{}}', undefined],
  ['a reply of no kind', '{"jsonrpc":"2.0","id":"r","result":7}', undefined],
];

test('what is no request gets an error, or nothing where nothing may come', async ({ sandbox }) => {
  const server = await begun(sandbox);
  for (const [what, line, expected] of ODD) {
    const before = server.lines.length;
    server.stdin.write(`${line}\n`);
    await server.request('ping');
    const said = server.messages.slice(before, -1);
    expect.soft(said, what).toEqual(expected ? [{ jsonrpc: '2.0', ...expected }] : []);
  }
});

test('the requests of a batch are answered one by one', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const ping = (id: string) => ({ jsonrpc: '2.0', id, method: 'ping' });

  server.stdin.write(`${JSON.stringify([ping('a'), 7, { jsonrpc: '2.0', method: 'notifications/x' }, ping('b')])}\n`);
  await server.request('ping');

  expect(server.messages.slice(1, -1)).toEqual([
    { jsonrpc: '2.0', error: coded(-32600) },
    { jsonrpc: '2.0', id: 'a', result: {} },
    { jsonrpc: '2.0', id: 'b', result: {} },
  ]);
});

test('arguments a million levels deep are an error', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);

  for (const args of [deep, `{"prompt":${deep}}`]) {
    server.stdin.write(
      `{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":{"name":"llm_run","arguments":${args}}}\n`,
    );
    const { error, result } = await until('the reply', () => server.messages.find(({ id }) => id === 'deep'));
    expect(error ?? result?.isError).toBeTruthy();
    server.lines.length = 0;
  }
  await expectAlive(server);
});

linuxTest('a message over the limit gets an error, is not kept, and the server lives on', async ({ sandbox }) => {
  const server = await begun(sandbox);
  await expectAlive(server);
  const before = await residentBytes(server.pid);
  const memory = watchMemory(server.pid);
  const params = '"params":{"name":"llm_run","arguments":{"provider":"claude","id":1,"prompt":"\\"id\\":2}';
  const requests: [id: number | undefined, begin: string, end: string][] = [
    [901, `{"jsonrpc":"2.0","id":901,"method":"tools/call",${params}`, '"}}}'],
    [902, `{"method":"tools/call",${params}`, '"}},"jsonrpc":"2.0","id":902}'],
    [903, `{"method":"tools/call",${params}`, '"}},"jsonrpc":"2.0", "id":903}\r'],
    // Nothing says whose it is: an id within params counts for nothing.
    [undefined, `{"method":"tools/call",${params}`, '","id":904}}}'],
    [undefined, '', ''],
  ];

  for (const [id, begin, end] of requests) {
    const heard = server.lines.length;
    await say(server, begin, MESSAGE_MAX_BYTES + 4 * MB, end);
    await server.request('ping');
    const said = server.messages.slice(heard, -1);
    expect(said).toEqual([{ jsonrpc: '2.0', ...(id !== undefined && { id }), error: coded(-32600) }]);
    expect(said[0]?.error?.message).toMatch(/^A message of 713\d+ bytes is over the limit of 67108864\. /);
  }
  await expectAlive(server);
  // The part that is kept until it is over, and what of it is not collected yet. It grew by 140 MB.
  expect(((await memory.highest()) - before) / MB).toBeLessThan(3 * (MESSAGE_MAX_BYTES / MB));
});

test('a message just within the limit is taken', async ({ sandbox }) => {
  const server = await begun(sandbox);

  await say(server, '{"jsonrpc":"2.0","id":"big","method":"ping","params":{"a":"', MESSAGE_MAX_BYTES - 200, '"}}');

  expect(await until('the reply', () => server.messages.find(({ id }) => id === 'big'))).toMatchObject({ result: {} });
});

linuxTest('a client that stops reading costs a bounded memory, and misses nothing', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const { jobId } = await server.data('llm_job_submit', { prompt: asks({ print: 100_000 }), provider: 'claude' });
  await server.callTool('llm_job_wait', { jobId });
  const page = { name: 'llm_job_result', arguments: { jobId, view: 'stdout', limit: 36_000 } };
  await server.request('tools/call', page);
  const memory = watchMemory(server.pid);
  server.stdout.pause();

  const ids = Array.from({ length: CALLS }, () => server.ask('tools/call', page));
  await atRest(server.pid);
  expect((await memory.highest()) / MB).toBeLessThan(UNREAD_MAX_MB);
  server.stdout.resume();
  await until('every reply', () => server.lines.length >= CALLS + 4, 30_000);

  const lengths = new Map(server.messages.map(({ id, result }) => [id, JSON.stringify(result).length]));
  for (const id of ids) expect(lengths.get(id)).toBeGreaterThan(36_000);
  await expectAlive(server);
});

linuxTest(
  'a hundred waits leave room for other calls, and each is answered or ends with its cancellation',
  async ({ sandbox }) => {
    const server = await begun(sandbox);
    const gate = sandbox.gate();
    const { jobId } = await server.data('llm_job_submit', {
      prompt: asks({ gate }, { say: 'forty-two' }),
      provider: 'claude',
    });
    const waits = Array.from({ length: 100 }, () =>
      server.ask('tools/call', { name: 'llm_job_wait', arguments: { jobId } }),
    );
    const [cancelled, ...rest] = waits;

    server.send({ method: 'notifications/cancelled', params: { requestId: cancelled } });
    await expectAlive(server);
    expect(server.messages.filter(({ id }) => waits.includes(id as number))).toEqual([]);
    await sandbox.open(gate);

    for (const id of rest) expect(JSON.stringify((await server.reply(id)).result)).toContain('forty-two');
    expect(server.messages.some(({ id }) => id === cancelled)).toBe(false);
  },
);

linuxTest('a client that closes in the middle of a hundred waits leaves its job alone', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const gate = sandbox.gate();
  const submitted = await server.data('llm_job_submit', {
    prompt: asks({ gate }, { say: 'forty-two' }),
    provider: 'claude',
  });
  const jobId = submitted.jobId as string;
  for (let n = 0; n < 100; n++) server.ask('tools/call', { name: 'llm_job_wait', arguments: { jobId } });
  await server.request('ping');

  server.stdout.destroy();
  server.stdin.end('{"jsonrpc":"2.0","id":');

  expect(await server.ended(1000)).toEqual({ code: 0, signal: null });
  expect((await processesOf(jobId)).length).toBeGreaterThan(0);
  await sandbox.open(gate);
  expect((await (await sandbox.assistant()).ended(jobId)).status).toBe('completed');
});

linuxTest('a client that has stopped reading and then goes away takes the server with it', async ({ sandbox }) => {
  const server = await begun(sandbox);
  server.stdout.pause();
  for (let n = 0; n < 2000; n++) server.ask('tools/list');
  await atRest(server.pid);

  server.stdout.destroy();
  server.stdin.destroy();

  expect(await server.ended(1000)).toEqual({ code: 0, signal: null });
});

linuxTest(
  'a client that goes away with more requests than there is room for takes the server with it',
  async ({ sandbox }) => {
    const server = await begun(sandbox);
    const gate = sandbox.gate();
    const { jobId } = await server.data('llm_job_submit', { prompt: asks({ gate }), provider: 'claude' });
    const wait = { name: 'llm_job_wait', arguments: { jobId, waitSec: 50 } };
    for (let n = 0; n < 300; n++) server.ask('tools/call', wait);
    const label = 'x'.repeat(1024 * 1024);
    const large = Array.from({ length: 12 }, () =>
      server.ask('tools/call', { name: 'llm_job_list', arguments: { label } }),
    );

    // What there is no room for is refused; what waits is answered when its turn comes.
    expect((await server.reply(large.at(-1) ?? 0)).error).toEqual(coded(-32000));
    server.stdout.destroy();
    server.stdin.destroy();

    expect(await server.ended(2000)).toEqual({ code: 0, signal: null });
    await sandbox.open(gate);
    expect((await (await sandbox.assistant()).ended(jobId as string)).status).toBe('completed');
  },
);

function coded(code: number): Message['error'] {
  return { code, message: expect.any(String) };
}

async function begun(sandbox: Sandbox): Promise<RawServer> {
  const server = sandbox.server();
  await server.initialize();
  return server;
}

async function expectAlive(server: RawServer): Promise<void> {
  expect((await server.callTool('llm_job_list', { filter: 'any' })).result).toMatchObject({
    structuredContent: { jobs: expect.any(Array) },
  });
}

/** Writes a line with so many bytes between its two ends, as fast as they are taken. */
async function say(server: RawServer, begin: string, bytes: number, end: string): Promise<void> {
  const piece = 'x'.repeat(MB);
  server.stdin.write(begin);
  for (let left = bytes; left > 0; left -= MB) {
    if (server.stdin.write(piece.slice(0, left))) continue;
    await new Promise((taken) => server.stdin.once('drain', taken));
  }
  server.stdin.write(`${end}\n`);
}

/** How much memory the server had at most since now, in bytes. */
function watchMemory(pid: number): { highest(): Promise<number> } {
  let highest = 0;
  const look = async () => {
    highest = Math.max(highest, await residentBytes(pid));
  };
  const timer = setInterval(() => void look().catch(() => {}), 20);
  onTestFinished(() => clearInterval(timer));
  return {
    highest: async () => {
      await look();
      return highest;
    },
  };
}

/** Until the server has done nothing for half a second. */
async function atRest(pid: number): Promise<void> {
  let worked = -1;
  let since = 0;
  await until('the server is at rest', async () => {
    const now = await cpuTicks(pid);
    if (now > worked + 1) {
      worked = now;
      since = performance.now();
    }
    return performance.now() - since > 500;
  });
}

/** Processor time it has used: the 14th and 15th field of /proc/PID/stat (proc(5)), whose second may hold spaces. */
async function cpuTicks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
