// stdout carries the protocol and nothing else, whatever happens.
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import type { RawServer } from '../support/raw-server.js';
import type { Sandbox, ServerOptions } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const GARBAGE = [
  'hello',
  '',
  '{',
  '[]',
  'null',
  '{"jsonrpc":"1.0","id":7,"method":"ping"}',
  '{"jsonrpc":"2.0","id":{},"method":7}',
  '{"jsonrpc":"2.0","id":9001,"method":"no/such/method"}',
  '{"jsonrpc":"2.0","method":"notifications/no/such"}',
  '{"jsonrpc":"2.0","id":424242,"result":{}}',
  '\u0000\u0001\u001b[31m\ufffd',
];

test('every line is a message, through a whole session with the most talkative log', async ({ sandbox }) => {
  const server = await begun(sandbox, {
    env: { SIDEJOB_LOG_LEVEL: 'trace', DEBUG: '*', NODE_DEBUG: 'fs,child_process' },
  });

  await talk(server);

  expectProtocolOnly(server);
});

test('every line is a message, whatever stands on stdin, and the server goes on', async ({ sandbox }) => {
  const server = await begun(sandbox, { env: { SIDEJOB_LOG_LEVEL: 'debug' } });

  for (const line of GARBAGE) server.stdin.write(`${line}\n`);
  server.stdin.write(Buffer.from([0xff, 0xfe, 0x80, 0x0a]));
  await talk(server);

  expectProtocolOnly(server);
  expect(await server.reply(9001)).toMatchObject({ error: { code: -32601 } });
});

test('every line is a message, also of a server that is asked before it was initialized', async ({ sandbox }) => {
  const server = sandbox.server();

  server.stdin.write(GARBAGE.map((line) => `${line}\n`).join(''));
  await server.initialize();
  await talk(server);

  expectProtocolOnly(server);
});

test('a message in many pieces, and many in one, are understood', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const ping = (id: number) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n`;

  for (const byte of ping(501)) server.stdin.write(byte);
  server.stdin.write(ping(502) + ping(503) + ping(504));

  for (const id of [501, 502, 503, 504]) expect(await server.reply(id)).toMatchObject({ result: {} });
});

test('an answer cannot break out of its line', async ({ sandbox }) => {
  const server = await begun(sandbox);
  const sly = 'a\n{"jsonrpc":"2.0","id":1,"result":{}}\r\u2028\u0000\u001b[2J\ud800';

  const { result } = await server.callTool('llm_run', { prompt: asks({ say: sly }), provider: 'claude' });

  expect(JSON.stringify(result)).toContain('\\"jsonrpc\\"');
  expect(server.messages.map(({ id }) => id)).toEqual([1, 2]);
});

async function begun(sandbox: Sandbox, options: ServerOptions = {}): Promise<RawServer> {
  const server = sandbox.server(options);
  await server.initialize();
  return server;
}

/** Calls that work, calls that do not, and one that warns. */
async function talk(server: RawServer): Promise<void> {
  const { jobId } = await server.data('llm_job_submit', { prompt: 'hi', provider: 'claude' });
  await server.callTool('llm_job_wait', { jobId });
  await server.callTool('llm_job_result', { jobId, view: 'stdout' });
  await server.callTool('llm_run', { prompt: asks({ stderr: 'oh' }, { exit: 9 }), provider: 'gemini' });
  await server.callTool('llm_run', { promt: 'hi' });
  await server.callTool('llm_process_health');
  await server.request('tools/list');
}

function expectProtocolOnly(server: RawServer): void {
  expect(server.lines.length).toBeGreaterThan(5);
  for (const message of server.messages) expect(message).toMatchObject({ jsonrpc: '2.0' });
}
