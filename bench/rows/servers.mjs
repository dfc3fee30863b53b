import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { instantCli } from '../support/fake-cli.mjs';
import { openRaw } from '../support/raw.mjs';
import { cpuSec } from '../support/servers.mjs';

export const title = 'Eight servers on one store';
export const about =
  'Jobs per second of eight servers together, each with one job after the other, beside one server with eight jobs at a ' +
  'time; the longest turn of an event loop meanwhile; and the CPU of servers that have nothing to do: some that were only ' +
  'started, and some that have done jobs.';

const SERVERS = 8;
const PROBE = fileURLToPath(new URL('../support/event-loop-probe.mjs', import.meta.url));

export async function run({ small, folder, server, note }) {
  const jobs = small ? 48 : 800;
  await instantCli(folder);
  const env = { SIDEJOB_MAX_RUNNING: '64', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '64' };
  const probe = join(folder, 'probe');
  const start = (more) => openRaw(server, folder, { env: { ...env, ...more?.env }, nodeArgs: more?.nodeArgs });
  const probed = { env: { BENCH_PROBE: probe }, nodeArgs: ['--import', PROBE] };

  const alone = await start();
  const all = await Promise.all(Array.from({ length: SERVERS }, () => start(probed)));
  const started = await Promise.all(Array.from({ length: 2 }, () => start()));
  try {
    // The first calls of each are those of cold code, and open the store.
    await Promise.all([alone, ...all].map((each) => perSecond([each], 4)));
    const rates = { one: 0, eight: 0 };
    for (let turn = 0; turn < 2; turn += 1) {
      rates.one += (await perSecond(Array(SERVERS).fill(alone), jobs / 2)) / 2;
      rates.eight += (await perSecond(all, jobs / 2)) / 2;
    }
    // What jobs have left behind is looked for after two seconds, and the bell is watched for a while.
    await sleep(small ? 4000 : 6000);
    const seconds = small ? 3 : 30;
    const idle = await idleMs(started, seconds);
    const done = await idleMs([alone], seconds);
    await Promise.all([alone, ...all, ...started].map((each) => each.leave()));
    const turns = await Promise.all(all.map(async ({ pid }) => JSON.parse(await readFile(`${probe}.${pid}`, 'utf8'))));
    const longest = (key) => Math.max(...turns.map((each) => each[key]));
    note(
      `No error reached a caller: one would have ended this row. Longest turn by the clock ${Math.round(longest('callWallMs'))} ms, waiting for a core included.`,
    );
    note('Idle servers keep two timers, of 15 s and of 10 min; SQLite and the process table are not asked in between.');
    return [
      { name: 'eight servers', value: rates.eight, unit: 'jobs/s', floor: rates.one, target: { ratioAtLeast: 1 } },
      { name: 'longest turn of an event loop', value: longest('callCpuMs'), unit: 'ms CPU', target: { atMost: 50 } },
      {
        name: `CPU in ${seconds} s, only started`,
        value: idle,
        unit: 'ms',
        target: { atMost: 0.001 * seconds * 1000 },
      },
      { name: `CPU in ${seconds} s, jobs done`, value: done, unit: 'ms', target: { atMost: 0.001 * seconds * 1000 } },
    ];
  } finally {
    await Promise.all([alone, ...all, ...started].map((each) => each.leave()));
  }
}

/** Each server does one job after the other, from its submit to its answer. */
async function perSecond(servers, jobs) {
  const begun = performance.now();
  let made = 0;
  await Promise.all(
    servers.map(async (each) => {
      while (made < jobs) {
        made += 1;
        const jobId = await each.submit(`${Math.random()}`);
        const { content } = await each.call('llm_job_wait', { jobId });
        if (!content[0].text.startsWith(`${jobId} completed`)) throw new Error(content[0].text);
      }
    }),
  );
  return (made / (performance.now() - begun)) * 1000;
}

/** The most CPU time that one of them uses while nobody asks for anything. */
async function idleMs(servers, seconds) {
  const before = await Promise.all(servers.map(({ pid }) => cpuSec(pid)));
  await sleep(seconds * 1000);
  const after = await Promise.all(servers.map(({ pid }) => cpuSec(pid)));
  return Math.max(...after.map((each, index) => (each - before[index]) * 1000));
}
