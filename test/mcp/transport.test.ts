import { PassThrough } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { Lines } from '../../src/mcp/lines.js';
import { StdioTransport } from '../../src/mcp/transport.js';
import { until } from '../support/until.js';

const MB = 1024 * 1024;

/** A transport with a client that reads only when asked to. */
async function connected(maxBytes = MB) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const transport = new StdioTransport(stdin, stdout, maxBytes);
  const heard: JSONRPCMessage[] = [];
  transport.onmessage = (message) => void heard.push(message);
  await transport.start();
  const say = (message: object) => stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const calls = (begin: number, end: number) => {
    for (let id = begin; id < end; id++) say({ id, method: 'ping' });
  };
  return { transport, stdin, stdout, heard, say, calls };
}

const reply = (id: number, words = '') => ({ jsonrpc: '2.0' as const, id, result: { words } });
const progress = {
  jsonrpc: '2.0' as const,
  method: 'notifications/progress',
  params: { progressToken: 1, progress: 1 },
};

test('nothing is read while megabytes of replies are not, old progress is left out, and then it goes on', async () => {
  const { transport, stdout, heard, calls } = await connected();
  calls(0, 5);
  await until('five are heard', () => heard.length === 5);
  await transport.send(progress);
  for (let id = 0; id < 5; id++) await transport.send(reply(id, 'x'.repeat(MB)));
  await transport.send(progress);
  calls(5, 10);
  await new Promise(setImmediate);
  expect(heard).toHaveLength(5);

  let said = '';
  stdout.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  await until('ten are heard', () => heard.length === 10);

  const messages = said
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(messages.map(({ id, method }) => id ?? method)).toEqual(['notifications/progress', 0, 1, 2, 3, 4]);
});

test('a flood of requests is read as they are answered or cancelled; open subscriptions do not count', async () => {
  const { transport, heard, say, calls } = await connected();
  for (let id = 1000; id < 1300; id++) say({ id, method: 'subscriptions/listen' });
  for (const method of ['notifications/cancelled', 'notifications/cancelled']) {
    say({ id: 0, method: 'ping' });
    say({ method, params: { requestId: 0 } });
  }
  calls(1, 400);
  await until('a part is heard', () => heard.length > 500);
  await new Promise(setImmediate);
  expect(heard).toHaveLength(300 + 4 + 256);

  for (let id = 1; id < 144; id++) await transport.send(reply(id));

  await until('all are heard', () => heard.length === 300 + 4 + 399);
});

test.each([
  ['{"jsonrpc":"2.0","id":7,"method":"a","params":{"x":"', '"}}', 7],
  ['{"jsonrpc": "2.0", "id": "seven", "method": "a", "params": {"x": "', '"}}', 'seven'],
  ['{"id":7,"method":"a","params":{"x":"', '"}}', 7],
  ['{"jsonrpc":"2.0","method":"a","id":7,"params":{"x":"', '"}}', 7],
  ['{"method":"a","params":{"x":"', '"},"jsonrpc":"2.0","id":7}', 7],
  ['{"jsonrpc":"2.0","method":"a","params":{"x":"', '"},"id":7}', 7],
  ['{"method":"a","params":{"x":"', '","id":7}}', undefined],
  ['{"method":"a","params":{"id":7,"x":"', '"}}', undefined],
  ['{"method":"a","params":{"x":"', ',\\"id\\":7}', undefined],
  // A reply.
  ['{"jsonrpc":"2.0","id":7,"result":{"x":"', '"}}', undefined],
  ['{"result":{"x":"', '"},"jsonrpc":"2.0","id":7}', undefined],
])('a message over the limit is told by what stands at its ends: %s…%s', async (begin, end, id) => {
  const { stdin, stdout, heard, calls } = await connected(MB);

  for (const piece of [begin, 'x'.repeat(MB), end, '\n']) stdin.write(piece);
  calls(8, 9);
  await until('the next is heard', () => heard.length === 1);

  const error = JSON.parse(String(stdout.read()));
  expect(error).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 } });
  expect(error.id).toBe(id);
});

test('lines are the same however they are cut', () => {
  const text = 'one\n\ntwo, which is long\nthree é\r\nlo';
  const whole = linesOf([Buffer.from(text)]);
  expect(whole).toEqual([
    { text: 'one' },
    { text: '' },
    { bytes: 18, head: 'two, which is long', tail: 'two, which is long' },
    { text: 'three é\r' },
  ]);
  expect(linesOf(Array.from(Buffer.from(text), (byte) => Buffer.from([byte])))).toEqual(whole);
});

test('of a long line the two ends are kept', () => {
  const [line] = linesOf([...Array.from({ length: 5000 }, (_, n) => Buffer.from(`${n} `)), Buffer.from('\n')]);
  expect(line).toEqual({
    bytes: 23_890,
    head: expect.stringMatching(/^0 1 2 .{506}$/),
    tail: expect.stringMatching(/^.{506} 4999 $/),
  });
});

function linesOf(chunks: Buffer[]) {
  const lines = new Lines(10);
  const found = [];
  for (const chunk of chunks) {
    lines.append(chunk);
    for (let line = lines.next(); line; line = lines.next()) found.push(line);
  }
  return found;
}

test.each([
  ['{"jsonrpc":"2.0","id":007,"method":"ping","params":{"x":"'],
  ['{"jsonrpc":"2.0","id":"a\tb","method":"ping","params":{"x":"'],
  [`{"jsonrpc":"2.0","id":${'9'.repeat(400)},"method":"ping","params":{"x":"`],
])('a message over the limit whose id is none is refused without one: %s', async (head) => {
  const { stdin, stdout, heard, say } = await connected(1000);
  stdin.write(`${head}${'x'.repeat(2000)}"}}\n`);
  say({ id: 1, method: 'ping' });
  await until('the next is heard', () => heard.length === 1);
  expect(JSON.parse(String(stdout.read()).trim())).toEqual({
    jsonrpc: '2.0',
    error: { code: -32600, message: expect.stringContaining('over the limit of 1000') },
  });
});

test('a batch goes round no bound, and while requests wait a cancellation and a reply are heard', async () => {
  const { transport, stdin, heard } = await connected();
  const batch = Array.from({ length: 1000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  stdin.write(`${JSON.stringify(batch)}\n`);
  await until('as many as are taken are heard', () => heard.length === 256);
  stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'asked', result: {} })}\n`);
  stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 256 } })}\n`);
  stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 0 } })}\n`);
  await until('both are heard', () => heard.length === 259);
  // The one that waited is not even begun; in the place of the one that was under way comes the next.
  expect(heard.slice(256).map((message) => ('id' in message ? message.id : 'cancelled'))).toEqual([
    'asked',
    'cancelled',
    257,
  ]);
  await transport.send(reply(1));
  await until('one more is heard', () => heard.length === 260);
});
