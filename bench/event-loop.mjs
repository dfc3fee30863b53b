// How long a call holds up a server's event loop: one server alone, then eight that start at the same instant on one
// empty data folder.
//
//   npm run bench:event-loop            (after a build; about 10 seconds)
//
// Where there are more servers than cores, most of a turn's wall time is waiting for a core. The CPU time beside it is
// what the server itself did. Nothing it does on the event loop sleeps, but SQLite waiting for a lock (20 ms at most;
// a test holds that) or for the disk.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const ROUNDS = 20;
const root = await mkdtemp(join(tmpdir(), 'sidejob-bench-'));
const cli = join(root, 'claude');
const result = { type: 'result', subtype: 'success', is_error: false, result: 'ok', session_id: 's' };
await writeFile(cli, `#!/bin/sh\ncat >/dev/null\necho '${JSON.stringify(result)}'\n`);
await chmod(cli, 0o755);

async function useServer(home) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      '--import',
      new URL('event-loop-probe.mjs', import.meta.url).href,
      new URL('../dist/sidejob.js', import.meta.url).pathname,
    ],
    cwd: root,
    env: {
      PATH: [root, process.env.PATH].join(delimiter),
      HOME: root,
      SIDEJOB_HOME: home,
      BENCH_PROBE: join(home, 'probe'),
    },
  });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  const call = (name, args = {}) => client.callTool({ name, arguments: args }, { timeout: 120_000 });
  for (let round = 0; round < ROUNDS; round += 1) {
    const { structuredContent } = await call('llm_job_submit', {
      prompt: `${process.pid} ${round} ${Math.random()}`,
      provider: 'claude',
    });
    await call('llm_job_wait', { jobId: structuredContent.jobId });
    await call('llm_job_list', { filter: 'any' });
  }
  for (const name of ['llm_providers', 'llm_process_health']) await call(name);
  await client.close();
}

async function longestTurns(servers) {
  const home = join(root, `home-${servers}`);
  await mkdir(home);
  await Promise.all(Array.from({ length: servers }, () => useServer(home)));
  const reports = (await readdir(home)).filter((name) => name.startsWith('probe.'));
  const all = await Promise.all(reports.map(async (name) => JSON.parse(await readFile(join(home, name), 'utf8'))));
  if (all.length !== servers) throw new Error(`${all.length} of ${servers} servers reported`);
  const most = (key) =>
    `${Math.max(...all.map((one) => one[key]))
      .toFixed(1)
      .padStart(7)} ms`;
  console.log(
    `${String(servers).padStart(2)} server${servers > 1 ? 's' : ' '}   ` +
      `start: ${most('startCpuMs')} CPU, ${most('startWallMs')} wall   ` +
      `calls: ${most('callCpuMs')} CPU, ${most('callWallMs')} wall`,
  );
}

try {
  console.log(`the longest turn of a server's event loop (${ROUNDS} jobs a server)`);
  await longestTurns(1);
  await longestTurns(8);
} finally {
  await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
