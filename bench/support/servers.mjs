// Servers as a client starts them, each with a HOME and a data folder of its own.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** What a server in `folder` gets for its environment: fake CLIs in `folder/bin` come first. */
export function environment(folder, more = {}) {
  return {
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    HOME: folder,
    SIDEJOB_HOME: join(folder, 'data'),
    SIDEJOB_MAX_RUNNING: '32',
    SIDEJOB_MAX_RUNNING_PER_PROVIDER: '32',
    ...more,
  };
}

/**
 * Starts a server and connects to it; `await using` ends it.
 * @param {{ command: string, args: string[] }} server
 * @param {string} folder its HOME
 * @param {{ env?: object, nodeArgs?: string[] }} [more] `nodeArgs` go before the server's own (`--import` of a probe)
 */
export async function connect(server, folder, { env, nodeArgs = [] } = {}) {
  const cwd = join(folder, 'work');
  await mkdir(cwd, { recursive: true });
  const transport = new StdioClientTransport({
    command: server.command,
    args: [...nodeArgs, ...server.args],
    cwd,
    env: environment(folder, env),
    stderr: 'ignore',
  });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  return {
    client,
    cwd,
    pid: transport.pid,
    /** Calls a tool; a result that is an error throws. */
    async call(name, args = {}) {
      const result = await client.callTool({ name, arguments: args }, { timeout: 120_000 });
      if (result.isError) throw new Error(`${name}: ${result.content[0]?.text}`);
      return result;
    },
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Resident memory of a process in MB, now. Linux. */
export async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** CPU time of a process in seconds, in nanosecond resolution, of all its threads that live. Linux. */
export async function cpuSec(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    threads.map(async (tid) => Number((await readFile(`/proc/${pid}/task/${tid}/schedstat`, 'utf8')).split(' ')[0])),
  );
  return times.reduce((sum, ns) => sum + ns, 0) / 1e9;
}
