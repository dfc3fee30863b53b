import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeCli } from '../support/fake-cli.mjs';
import { openRaw } from '../support/raw.mjs';

export const title = 'Restart with many running jobs';
export const about =
  'A server with so many running jobs is killed (SIGKILL), and another is started: how long its first call takes, and how ' +
  'long until it looks after all of them, counted from that call.';

export async function run({ small, folder, server, note }) {
  const jobs = small ? 50 : 1000;
  const env = {
    ...{ SIDEJOB_MAX_RUNNING: `${jobs}`, SIDEJOB_MAX_RUNNING_PER_PROVIDER: `${jobs}`, SIDEJOB_MAX_QUEUED: `${jobs}` },
    ...{ SIDEJOB_MAX_JOBS_PER_HOUR: '0', SIDEJOB_GRACE_SEC: '1' },
  };
  // The cheapest that runs: it becomes a sleep.
  await writeCli(folder, 'claude', '#!/bin/sh\nexec sleep 600\n');
  let sidejob = await openRaw(server, folder, { env });
  try {
    let made = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (made < jobs) {
          made += 1;
          await sidejob.submit(`${made}`);
        }
      }),
    );
    await sidejob.kill();
    sidejob = await openRaw(server, folder, { env });
    const begun = performance.now();
    await sidejob.call('llm_job_list', { filter: 'active', limit: 1 });
    const firstMs = performance.now() - begun;
    let adopted = 0;
    let ms = firstMs;
    while (adopted < jobs) {
      const { content } = await sidejob.call('llm_process_health');
      adopted = Number(/(\d+) of them adopted/.exec(content[0].text)?.[1]);
      ms = performance.now() - begun;
      if (!(adopted <= jobs) || ms > 60_000) throw new Error(`${adopted} of ${jobs} are looked after`);
      if (adopted < jobs) await sleep(5);
    }
    note('Each job is a launcher, its timer, and a CLI that sleeps.');
    return [
      { name: `first call with ${jobs} running jobs`, value: firstMs, unit: 'ms', target: { atMost: 1000 } },
      { name: `${jobs} jobs looked after`, value: ms, unit: 'ms', target: { atMost: 1000 } },
    ];
  } finally {
    await sidejob.kill();
    await endAll(folder);
  }
}

/** Kills every process that bears this data folder in its environment, until none is left. Linux. */
async function endAll(folder) {
  const mark = 'SIDEJOB_JOB_ID=';
  const home = `SIDEJOB_HOME=${join(folder, 'data')}\0`;
  for (;;) {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const ours = [];
    for (const pid of pids) {
      const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      if (text.includes(home) && text.includes(mark)) ours.push(Number(pid));
    }
    if (ours.length === 0) return;
    for (const pid of ours) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
    }
    await sleep(100);
  }
}
