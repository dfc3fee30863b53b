import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { instantCli } from '../support/fake-cli.mjs';
import { fill } from '../support/history.mjs';
import { figureOf, inTurn, percentile, timed } from '../support/measure.mjs';
import { connect, environment, residentMb } from '../support/servers.mjs';

export const title = 'A long history';
export const about =
  'Every call on a store with 100,000 and 1,000,000 finished jobs, in turn with the same call on a store with 1,000 (an ' +
  'empty one has no page to list). Jobs are rows, of several CLIs, projects, states and conversations, read and unread.';

const FLOOR = 1000;
const RATIO = { ratioAtMost: 1.2 };
/** What nothing has is looked for in the newest 10,000 jobs, however many there are. */
const BOUNDED = { atMost: 5 };
const SEARCHES = /that nothing has/;
const LIMIT = 5;

export async function run({ small, folder, server, note }) {
  const sizes = small ? [5000] : [100_000, 1_000_000];
  const floor = await store(server, join(folder, 'floor'), FLOOR);
  const figures = [];
  for (const jobs of sizes) {
    const full = await store(server, join(folder, `${jobs}`), jobs);
    note(`${jobs.toLocaleString('en')} jobs were filled in in ${Math.round(full.filledSec)} s.`);
    figures.push(...(await compare(server, floor, full, small)));
    figures.push(...(await whileRemoving(server, full, small)));
  }
  return figures;
}

async function store(server, folder, jobs) {
  await mkdir(folder, { recursive: true });
  await instantCli(folder);
  return { folder, jobs, filledSec: await fill(server, folder, jobs) };
}

/** Each call on both stores in turn. */
async function compare(server, floor, full, small) {
  const name = full.jobs.toLocaleString('en');
  const pair = async (rounds, action) => {
    const times = await inTurn(rounds, { floor: () => action(floor), full: () => action(full) });
    return { times: times.full, floor: times.floor };
  };
  const figures = [];
  const add = (what, { times, floor: floorTimes }, target = RATIO) =>
    figures.push(figureOf(`${name}: ${what}`, times, { floor: floorTimes, target }));

  add('start, and the first call', await pair(small ? 3 : 15, (each) => startAndList(server, each)));
  add('sidejob list', await pair(small ? 2 : 10, (each) => commandLine(server, each, 'list')));
  add('sidejob list --all', await pair(small ? 2 : 10, (each) => commandLine(server, each, 'list', '--all')));

  const sidejobs = new Map();
  try {
    const marks = new Map();
    for (const each of [floor, full]) {
      sidejobs.set(each, await connect(server, each.folder));
      marks.set(each, await marksOf(sidejobs.get(each), each.jobs));
    }
    const call = (each, tool, args) => sidejobs.get(each).call(tool, args);
    // The first calls of a server are those of cold code.
    for (const each of [floor, full]) await warmUp((tool, args) => call(each, tool, args), small ? 5 : 50);
    const rounds = small ? 10 : 200;
    for (const [what, tool, argsOf] of CALLS) {
      add(
        what,
        await pair(rounds, (each) => call(each, tool, argsOf(marks.get(each)))),
        SEARCHES.test(what) ? BOUNDED : RATIO,
      );
    }
    for (const [what, times] of Object.entries(await lives(small ? 5 : 100, floor, full, call))) add(what, times);
    figures.push({
      name: `${name}: memory of the server`,
      value: await residentMb(sidejobs.get(full).pid),
      unit: 'MB',
      floor: await residentMb(sidejobs.get(floor).pid),
      target: RATIO,
    });
  } finally {
    for (const sidejob of sidejobs.values()) await sidejob.close();
  }
  return figures;
}

/** Jobs of a store that are asked for, and where the middle of it is. */
async function marksOf(sidejob, jobs) {
  const args = { filter: 'ended', scope: 'all', limit: 1, cursor: String(Math.floor(jobs / 2)) };
  const { structuredContent } = await sidejob.call('llm_job_list', args);
  return { jobId: structuredContent.jobs[0].jobId, middle: args.cursor };
}

const list = (what, args) => [
  `list: ${what}`,
  'llm_job_list',
  ({ middle, jobId }) => ({ limit: LIMIT, ...(typeof args === 'function' ? args({ middle, jobId }) : args) }),
];
const CALLS = [
  ['status of an old job', 'llm_job_status', ({ jobId }) => ({ jobId })],
  ['status by the end of an id', 'llm_job_status', ({ jobId }) => ({ jobId: jobId.slice(-8, -2) })],
  list('here', {}),
  list('everywhere', { scope: 'all' }),
  ...['active', 'unread', 'ended', 'any'].map((filter) => list(filter, { filter })),
  ...['unread', 'ended', 'any'].map((filter) => list(`${filter} everywhere`, { filter, scope: 'all' })),
  list('of a CLI', { filter: 'any', provider: 'codex' }),
  list('unread, of a CLI', { filter: 'unread', provider: 'gemini' }),
  list('of a CLI everywhere', { filter: 'any', provider: 'gemini', scope: 'all' }),
  list('unread, of a CLI everywhere', { filter: 'unread', provider: 'gemini', scope: 'all' }),
  list('of a CLI without jobs', { filter: 'any', provider: 'qwen' }),
  list('a page from the middle', ({ middle }) => ({ filter: 'any', scope: 'all', cursor: middle })),
  list('unread from the middle, of a CLI', ({ middle }) => ({ filter: 'unread', provider: 'codex', cursor: middle })),
  list('words', { query: 'the parser' }),
  list('words that nothing has', { query: 'zebra crossing' }),
  list('words that nothing has, everywhere', { query: 'zebra crossing', scope: 'all' }),
  list('two letters that nothing has', { query: 'zq', scope: 'all' }),
  list('a conversation', ({ jobId }) => ({ query: jobId, scope: 'all' })),
  ['health', 'llm_process_health', () => ({})],
  ['providers', 'llm_providers', () => ({})],
];

async function warmUp(call, rounds) {
  for (let round = 0; round < rounds; round += 1) {
    await call('llm_job_list', { filter: 'any', limit: LIMIT });
    await call('llm_process_health', {});
    await call('llm_providers', {});
    const { structuredContent } = await call('llm_job_submit', { prompt: `warm ${round}`, provider: 'claude' });
    await call('llm_job_wait', { jobId: structuredContent.jobId });
  }
}

/** New jobs, from submit to read, and some that are canceled. */
async function lives(rounds, floor, full, call) {
  const what = ['submit', 'wait until the end', 'result', 'cancel of an ended job'];
  const times = Object.fromEntries(what.map((name) => [name, { times: [], floor: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const each of round % 2 ? [floor, full] : [full, floor]) {
      const note = (name, ms) => times[name][each === full ? 'times' : 'floor'].push(ms);
      let jobId = '';
      const submitted = await timed(async () => {
        const args = { prompt: `${each.jobs} ${round}`, provider: 'claude', label: `life ${round}` };
        jobId = (await call(each, 'llm_job_submit', args)).structuredContent.jobId;
      });
      note('submit', submitted);
      note('wait until the end', await timed(() => call(each, 'llm_job_wait', { jobId })));
      note('result', await timed(() => call(each, 'llm_job_result', { jobId })));
      note('cancel of an ended job', await timed(() => call(each, 'llm_job_cancel', { jobId })));
    }
  }
  return times;
}

async function startAndList(server, { folder }) {
  const sidejob = await connect(server, folder);
  await sidejob.call('llm_job_list', { limit: LIMIT });
  await sidejob.close();
}

const exec = promisify(execFile);
async function commandLine({ command, args }, { folder }, ...words) {
  await exec(command, [...args, ...words], { cwd: folder, env: environment(folder) });
}

/**
 * What others notice while a server removes what is beyond the limits (10,000 jobs are kept): how long their calls take,
 * and the longest turn of that server's own event loop.
 */
async function whileRemoving(server, { folder, jobs }, small) {
  const name = jobs.toLocaleString('en');
  const probe = join(folder, 'probe');
  const loaded = ['../support/event-loop-probe.mjs', '../support/clean-now.mjs'];
  const nodeArgs = loaded.flatMap((path) => ['--import', fileURLToPath(new URL(path, import.meta.url))]);
  const env = { BENCH_PROBE: probe, SIDEJOB_KEEP_JOBS: String(Math.min(10_000, jobs / 2)) };
  const [submits, looks] = [[], []];
  let [removed, pid] = [0, 0];
  {
    await using other = await connect(server, folder);
    await using remover = await connect(server, folder, { nodeArgs, env });
    pid = remover.pid;
    await other.call('llm_job_list');
    const before = (await other.call('llm_process_health')).structuredContent.jobs.completed;
    await remover.call('llm_job_list');
    const end = performance.now() + (small ? 2000 : 20_000);
    for (let round = 0; performance.now() < end; round += 1) {
      let jobId = '';
      submits.push(
        await timed(async () => {
          const args = { prompt: `meanwhile ${round}`, provider: 'claude' };
          jobId = (await other.call('llm_job_submit', args)).structuredContent.jobId;
        }),
      );
      await other.call('llm_job_wait', { jobId });
      looks.push(await timed(() => remover.call('llm_job_status', { jobId })));
    }
    const after = (await other.call('llm_process_health')).structuredContent.jobs.completed;
    removed = before + submits.length - after;
  }
  const { callCpuMs } = JSON.parse(await readFile(`${probe}.${pid}`, 'utf8'));
  if (removed <= 0) throw new Error('nothing was removed meanwhile');
  return [
    figureOf(`${name}: submit while another server removes`, submits),
    {
      name: `${name}: the same, 99th percentile`,
      value: percentile(submits, 0.99),
      unit: 'ms',
      target: { atMost: 100 },
    },
    figureOf(`${name}: a look at the server that removes`, looks),
    { name: `${name}: its longest turn`, value: callCpuMs, unit: 'ms', target: { atMost: 50 } },
    { name: `${name}: jobs removed a second`, value: removed / (small ? 2 : 20), unit: '/s' },
  ];
}
