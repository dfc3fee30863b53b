// Several servers and hundreds of jobs on one store, while servers, launchers and CLIs are killed, stopped and
// canceled at random. Then the books are checked: every accepted job has ended, once, as its own witness says.
//
//   npm run chaos -- --seconds 300 --seed 7      (after a build; Linux)
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { checkBooks, strays } from './books.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    servers: { type: 'string', default: '5' },
    keep: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(values.seconds);
const SERVERS = Number(values.servers);
const random = mulberry32(Number(values.seed));
const pick = (list) => list[Math.floor(random() * list.length)];

const root = await mkdtemp(join(tmpdir(), 'sidejob-chaos-'));
const home = join(root, 'home');
const witnesses = join(root, 'witness');
await mkdir(witnesses);
await mkdir(join(root, 'bin'));
await copyFile(new URL('cli.sh', import.meta.url), join(root, 'bin', 'claude'));
await symlink(process.execPath, join(root, 'bin', 'node'));
const env = {
  PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
  HOME: root,
  SIDEJOB_HOME: home,
  SIDEJOB_GRACE_SEC: '1',
  SIDEJOB_MAX_RUNNING: '12',
  SIDEJOB_MAX_RUNNING_PER_PROVIDER: '10',
  SIDEJOB_LOG_LEVEL: 'error',
  CHAOS_WITNESS: witnesses,
};

const KINDS = ['quick', 'quick', 'slow', 'slow', 'loud', 'stubborn', 'daemon', 'fails', 'silent'];
const figures = {};
const count = (what) => {
  figures[what] = (figures[what] ?? 0) + 1;
};
const accepted = new Map();
const deeds = new Map();
const note = (token, deed) => deeds.set(token, (deeds.get(token) ?? new Set()).add(deed));
let complaints = '';

async function startServer() {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [new URL('../../dist/sidejob.js', import.meta.url).pathname],
    env,
    cwd: root,
    stderr: 'pipe',
  });
  const client = new Client({ name: 'chaos', version: '1' });
  await client.connect(transport);
  transport.stderr?.on('data', (chunk) => {
    complaints += chunk;
  });
  return { client, pid: transport.pid };
}

const call = ({ client }, name, args, timeout = 20_000) => client.callTool({ name, arguments: args }, { timeout });

let tokens = 0;
async function submit(server) {
  const kind = pick(KINDS);
  const token = `t${++tokens}`;
  const prompt = `${kind} ${token} ${(random() * 1.5).toFixed(2)}\n`;
  const result = await call(server, 'llm_job_submit', { prompt, provider: 'claude', cwd: root });
  const id = result.structuredContent?.jobId;
  if (id) accepted.set(id, token);
  else throw new Error(result.content[0]?.text);
  count('jobs accepted');
}

/** Two are asked, and a third job weighs what they say. */
async function submitJudged(server) {
  const prompt = `member t${++tokens} ${(random() * 1.5).toFixed(2)}\n`;
  const asked = { prompt, providers: ['claude:one', 'claude:two'], judge: 'claude', cwd: root };
  const { structuredContent, content } = await call(server, 'llm_job_submit', asked);
  if (!structuredContent) throw new Error(content[0]?.text);
  for (const { jobId } of structuredContent.jobs) accepted.set(jobId, jobId);
  count('groups accepted');
}

async function cancel(server) {
  const [id, token] = pick([...accepted.entries()].slice(-30)) ?? [];
  if (!id) return;
  // Noted first: the call may die after the deed.
  note(token, 'cancel');
  await call(server, 'llm_job_cancel', { jobId: id });
  count('cancels');
}

/** Kills a random process of a random job: its launcher, or what runs below it. */
async function killInJob(what) {
  const victims = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    const job = /(?:^|\0)SIDEJOB_JOB_ID=([^\0]+)/.exec(environment)?.[1];
    if (!job || !environment.includes(`SIDEJOB_HOME=${home}\0`)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    const isLauncher = session === pid;
    if (isLauncher === (what === 'kill launcher')) victims.push({ pid, job });
  }
  const victim = pick(victims);
  if (!victim) return;
  const prompt = await readFile(join(home, 'jobs', victim.job, 'prompt'), 'utf8').catch(() => '');
  // Its pid may be another's by now.
  const still = await readFile(`/proc/${victim.pid}/environ`, 'latin1').catch(() => '');
  if (!still.includes(`SIDEJOB_JOB_ID=${victim.job}\0`)) return;
  const [kind, token = ''] = prompt.split(' ');
  note(kind === 'member' || kind === 'You' ? victim.job : token, what);
  kill(victim.pid, 'SIGKILL');
  count(what);
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}

const servers = await Promise.all(Array.from({ length: SERVERS }, startServer));
const end = performance.now() + SECONDS * 1000;
console.log(`chaos: seed ${values.seed}, ${SECONDS} s, ${SERVERS} servers`);

/** Each server is driven by one worker, which starts a new one when it has been killed. */
async function drive(index) {
  while (performance.now() < end) {
    const server = servers[index];
    try {
      const dice = random();
      if (dice < 0.5) await submit(server);
      else if (dice < 0.6) await submitJudged(server);
      else if (dice < 0.75) await cancel(server);
      else if (dice < 0.85) await call(server, 'llm_job_list', { filter: 'any', scope: 'all', limit: 5 });
      else if (accepted.size > 0) {
        await call(server, 'llm_job_wait', { jobId: pick([...accepted.keys()].slice(-20)), waitSec: 1 });
        count('waits');
      }
      await sleep(random() * 150);
    } catch (error) {
      if (performance.now() >= end) return;
      count('calls cut off');
      if (!/closed|connected|EPIPE|timed out/i.test(String(error.message))) {
        count('errors');
        complaints += `${error.message}\n`;
      }
      await server.client.close().catch(() => {});
      servers[index] = await startServer();
    }
  }
}

async function wreak() {
  while (performance.now() < end) {
    await sleep(100 + random() * 400);
    const dice = random();
    const server = pick(servers);
    if (dice < 0.4) {
      kill(server.pid, 'SIGKILL');
      count('servers killed');
    } else if (dice < 0.55) await killInJob('kill launcher');
    else if (dice < 0.75) await killInJob('kill cli');
    else {
      kill(server.pid, 'SIGSTOP');
      await sleep(300 + random() * 700);
      kill(server.pid, 'SIGCONT');
      count('servers stopped');
    }
  }
}

let failed = false;
try {
  await Promise.all([...servers.keys()].map(drive).concat(wreak()));
  for (const { client, pid } of servers) {
    kill(pid, 'SIGCONT');
    kill(pid, 'SIGKILL');
    await client.close().catch(() => {});
  }
  const last = await startServer();
  const patience = performance.now() + 60_000;
  for (;;) {
    const { structuredContent } = await call(last, 'llm_job_list', { filter: 'active', scope: 'all' });
    const active = structuredContent?.jobs ?? [];
    if (active.length === 0) break;
    if (performance.now() > patience) throw new Error(`never ended: ${JSON.stringify(active, null, 1)}`);
    await sleep(200);
  }
  // What CLIs leave behind is ended after a grace, while a server lives.
  const leftovers = performance.now() + 25_000;
  while ((await strays(home)).length > 0 && performance.now() < leftovers) await sleep(200);
  const left = await strays(home);
  await last.client.close();

  const books = await checkBooks({ home, witnesses, accepted, deeds });
  console.log(
    `did:   ${Object.entries(figures)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ')}`,
  );
  console.log(
    `books: ${books.jobs} jobs: ${Object.entries(books.counts)
      .map(([s, n]) => `${n} ${s}`)
      .join(', ')}`,
  );
  const wrong = [
    ...books.wrong,
    ...left.map((one) => `left running: ${one}: ${books.describe(/ of (\S+):/.exec(one)?.[1])}`),
  ];
  if (figures.errors) wrong.push(`${figures.errors} calls failed: ${complaints.slice(0, 2000)}`);
  failed = wrong.length > 0;
  console.log(failed ? `WRONG:\n${wrong.join('\n')}` : 'every accepted job is accounted for');
} catch (error) {
  failed = true;
  console.log(`WRONG: ${error.stack}\n${complaints.slice(-2000)}`);
} finally {
  for (const one of await strays(home)) kill(Number.parseInt(one, 10), 'SIGKILL');
  if (values.keep) console.log(`kept: ${root}`);
  else await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
console.log(failed ? '0 passed, 1 failed' : '1 passed, 0 failed');
process.exit(failed ? 1 : 0);

function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
