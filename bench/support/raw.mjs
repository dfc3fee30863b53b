// A server without a client library around it: what is timed is the server alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environment } from './servers.mjs';

const PREFIX = 'io.modelcontextprotocol/';
const CLIENT = { name: 'bench', version: '1' };

/** What a client of each protocol says first. */
export const OPENINGS = {
  initialize: {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT },
  },
  'server/discover': {
    method: 'server/discover',
    params: {
      _meta: {
        [`${PREFIX}protocolVersion`]: '2026-07-28',
        [`${PREFIX}clientInfo`]: CLIENT,
        [`${PREFIX}clientCapabilities`]: {},
      },
    },
  },
};

/**
 * Starts a server in `folder`; `request` sends a request, and resolves with its result.
 * @param {{ env?: object, nodeArgs?: string[] }} [more] `nodeArgs` go before the server's own (`--import` of a probe)
 */
export function startRaw({ command, args }, folder, { env, nodeArgs = [] } = {}) {
  const child = spawn(command, [...nodeArgs, ...args], {
    cwd: folder,
    env: environment(folder, env),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let rest = '';
  const waiting = new Map();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  child.once('exit', (code) => {
    for (const take of waiting.values()) take({ error: { message: `the server left with status ${code}` } });
  });
  let id = 0;
  return {
    pid: child.pid,
    request({ method, params = {} }) {
      id += 1;
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ error, result }) =>
          error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
        );
      });
    },
    /** Ends it as a power cut would. */
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
    notify: (method) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method })}\n`),
    /** Ends its input, as a client does, and waits until it has left. */
    async leave() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** A server that has been greeted, and its tools as functions. */
export async function openRaw(server, folder, more) {
  const raw = startRaw(server, folder, more);
  await raw.request(OPENINGS.initialize);
  raw.notify('notifications/initialized');
  /** Calls a tool; a result that is an error throws. */
  const call = async (name, args = {}) => {
    const result = await raw.request({ method: 'tools/call', params: { name, arguments: args } });
    if (result.isError) throw new Error(`${name}: ${result.content[0].text}`);
    return result;
  };
  const submit = async (prompt, provider = 'claude') =>
    (await call('llm_job_submit', { prompt, provider })).structuredContent.jobId;
  return { ...raw, call, submit };
}
