// A server as a client sees it: started over stdio, asked by tool calls, and killed without warning.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** Clients whose server has not been ended yet. */
const open = new Set();

/** The built server. */
export const SERVER = fileURLToPath(new URL('../../dist/sidejob.js', import.meta.url));

/** This process's environment with a data folder of the demo's own, and without settings meant for another. */
function environment(home) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SIDEJOB_|CLAUDE_PROJECT_DIR$)/.test(name));
  return { ...Object.fromEntries(kept), SIDEJOB_HOME: home };
}

/**
 * Starts a server on the data folder `home` and connects a client to it. Its own folder is `home` too, so that it
 * sees no project.
 */
export async function startServer(home, signal) {
  signal.throwIfAborted();
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [SERVER],
    env: environment(home),
    cwd: home,
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  const client = new Client({ name: 'sidejob-demo', version: '1' });
  open.add(client);
  const gone = new Promise((resolve) => {
    client.onclose = resolve;
  });
  try {
    await client.connect(transport, { signal });
  } catch (error) {
    throw said ? new Error(`the server did not start: ${said.trim()}`, { cause: error }) : error;
  }

  /** Calls a tool; returns its data, or its text where it has none. An error result is thrown as it reads. */
  async function call(name, args = {}) {
    const result = await client.callTool({ name, arguments: args }, { signal });
    const words = result.content.map((part) => part.text ?? '').join('\n');
    if (result.isError) throw new Error(words);
    return result.structuredContent ?? words;
  }

  /** The whole answer of a job that has ended. */
  async function answer(jobId) {
    const text = await call('llm_job_result', { jobId });
    return /^answer: .*\n([\s\S]*)$/m.exec(text)?.[1] ?? '';
  }

  // Not transport.pid: with an old Node, that is a process which handed over to another.
  const { pid } = await call('llm_process_health');
  return {
    pid,
    call,
    answer,
    /** Ends the server as a crash would, and waits until it is gone. */
    async kill() {
      process.kill(pid, 'SIGKILL');
      await Promise.race([gone, sleep(5000, undefined, { signal, ref: false })]);
    },
  };
}

/** Lets go of every server as a client does: its end of the pipe closes, and the server leaves. */
export async function closeServers() {
  await Promise.allSettled([...open].map((client) => client.close()));
  open.clear();
}

/** Ends whatever still runs or waits in the data folder: for a demo that was broken off. */
export async function cancelAll(home) {
  const jobs = JSON.parse((await sidejob(home, 'list', '--json', '--limit', '100')) || '[]');
  const active = jobs.filter(({ status }) => status === 'queued' || status === 'running').map(({ jobId }) => jobId);
  if (active.length > 0) await sidejob(home, 'cancel', ...active);
}

/** Runs the command line; in a session of its own, so that a second Ctrl-C does not reach it. */
async function sidejob(home, ...args) {
  const child = spawn(process.execPath, [SERVER, ...args], {
    env: environment(home),
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  return text(child.stdout);
}
