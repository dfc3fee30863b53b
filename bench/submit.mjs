// What a job costs beside the spawn it contains: figures of one run, and ratios between them.
//
//   npm run bench            (after a build; about 15 seconds)
//
// The "CLI" is a shell script that answers at once, so everything measured is Sidejob's own.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 100);
const folder = await mkdtemp(join(tmpdir(), 'sidejob-bench-'));
const cli = join(folder, 'claude');
const result = { type: 'result', subtype: 'success', is_error: false, result: 'ok', session_id: 's' };
await writeFile(cli, `#!/bin/sh\ncat >/dev/null\necho '${JSON.stringify(result)}'\n`);
await chmod(cli, 0o755);
const prompt = join(folder, 'prompt');
await writeFile(prompt, 'hello');

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function times(action) {
  const all = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now();
    await action(round);
    all.push(performance.now() - begun);
  }
  return median(all);
}

async function spawned(command, args) {
  const stdin = await open(prompt, 'r');
  const stdout = await open(join(folder, 'out'), 'w');
  const child = spawn(command, args, { stdio: [stdin.fd, stdout.fd, 'ignore', 'ignore', 'pipe'], detached: true });
  // The bare CLI has no use for the go pipe, and may be gone before it is written.
  child.stdio[4].on('error', () => {});
  child.stdio[4].end('go\n');
  await new Promise((resolve) => child.once('exit', resolve));
  await stdin.close();
  await stdout.close();
}

const launcher = new URL('../dist/launcher.sh', import.meta.url).pathname;
const files = [join(folder, 'exit'), join(folder, 'deadline')];

const transport = new StdioClientTransport({
  command: process.execPath,
  args: [new URL('../dist/sidejob.js', import.meta.url).pathname],
  cwd: folder,
  env: {
    PATH: [folder, process.env.PATH].join(delimiter),
    HOME: folder,
    SIDEJOB_HOME: join(folder, 'home'),
    SIDEJOB_MAX_RUNNING: '32',
    SIDEJOB_MAX_RUNNING_PER_PROVIDER: '32',
  },
});
const client = new Client({ name: 'bench', version: '1' });
try {
  await client.connect(transport);
  const call = (name, args) => client.callTool({ name, arguments: args });
  const submit = (round) =>
    call('llm_job_submit', { prompt: `${round} ${Math.random()}`, provider: 'claude', cwd: folder });
  await call('llm_run', { prompt: 'warm up', provider: 'claude', cwd: folder });

  const bare = await times(() => spawned(cli, []));
  const launched = await times(() => spawned('/bin/sh', [launcher, ...files, '0', '1', process.cwd(), cli]));
  const submitted = [];
  const accepted = await times(async (round) => submitted.push((await submit(round)).structuredContent.jobId));
  for (let at = 0; at < submitted.length; at += 50) {
    await call('llm_job_wait', { jobIds: submitted.slice(at, at + 50) });
  }
  const whole = await times((round) =>
    call('llm_run', { prompt: `run ${round} ${Math.random()}`, provider: 'claude', cwd: folder }),
  );
  const begun = performance.now();
  const eight = 8;
  let next = 0;
  const worker = async () => {
    for (; next < ROUNDS; next += 1)
      await call('llm_run', { prompt: `${next} ${Math.random()}`, provider: 'claude', cwd: folder });
  };
  await Promise.all(Array.from({ length: eight }, worker));
  const perSecond = (ROUNDS / (performance.now() - begun)) * 1000;

  const row = (name, ms) =>
    console.log(`${name.padEnd(44)} ${ms.toFixed(2).padStart(8)} ms  ${(ms / bare).toFixed(2)} x bare`);
  row('bare spawn of the CLI, to its end', bare);
  row('the same through the launcher', launched);
  row('llm_job_submit, until it is accepted', accepted);
  row('llm_run, until the answer is there', whole);
  console.log(`${'llm_run, eight at a time'.padEnd(44)} ${perSecond.toFixed(0).padStart(8)} jobs/s`);
} finally {
  await client.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
