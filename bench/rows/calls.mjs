import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { finalEvent, writeCli } from '../support/fake-cli.mjs';
import { median } from '../support/measure.mjs';
import { openRaw } from '../support/raw.mjs';

export const title = 'Work for each call';
export const about =
  'What a server does for one call, counted and so the same on every machine: SQL statements and transactions (each waits ' +
  'for the disk once), files opened, and calls to the file system in all. Medians of many calls.';

/** What each may do at most. */
const LIMITS = {
  submit: { statements: 18, transactions: 2, opened: 13, fsCalls: 44 },
  'wait for a job that has ended': { statements: 5, transactions: 1, opened: 1, fsCalls: 8 },
  'run, with all that its job takes': { statements: 32, transactions: 4, opened: 21, fsCalls: 86 },
  'status of an ended job': { statements: 2, transactions: 0, opened: 0, fsCalls: 2 },
};
const WORDS = {
  statements: 'statements',
  transactions: 'transactions',
  opened: 'files opened',
  fsCalls: 'file system calls',
};

export async function run({ small, folder, server }) {
  const rounds = small ? 15 : 50;
  // One that is submitted runs on while what that took is counted.
  await writeCli(
    folder,
    'claude',
    `#!/bin/sh\nread -r word rest\n[ "$word" = run ] || sleep 0.2\necho '${finalEvent('ok')}'\n`,
  );
  const probe = `${folder}/probe`;
  const sidejob = await openRaw(server, folder, {
    env: { BENCH_PROBE: probe },
    nodeArgs: ['--import', fileURLToPath(new URL('../support/count-probe.mjs', import.meta.url))],
  });
  const seen = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, []]));
  /** What the server has done since it was asked before. */
  const counts = async () => {
    process.kill(sidejob.pid, 'SIGUSR2');
    for (;;) {
      const text = await readFile(`${probe}.${sidejob.pid}`, 'utf8').catch(() => undefined);
      if (text !== undefined) {
        await rm(`${probe}.${sidejob.pid}`);
        return JSON.parse(text);
      }
      await sleep(1);
    }
  };
  const count = async (name, round, action) => {
    await counts();
    const result = await action();
    // What is done after the answer (a bell is rung, a child is reaped) belongs to it.
    await sleep(20);
    const done = await counts();
    if (round >= 0) seen[name].push(done);
    return result;
  };
  try {
    for (let round = -5; round < rounds; round += 1) {
      const jobId = await count('submit', round, () => sidejob.submit(`${round}`));
      while ((await sidejob.call('llm_job_status', { jobId })).structuredContent.jobs[0].status === 'running') {
        await sleep(5);
      }
      await count('wait for a job that has ended', round, () => sidejob.call('llm_job_wait', { jobId }));
      await count('run, with all that its job takes', round, () =>
        sidejob.call('llm_run', { prompt: `run ${round}`, provider: 'claude' }),
      );
      await count('status of an ended job', round, () => sidejob.call('llm_job_status', { jobId }));
    }
  } finally {
    await sidejob.leave();
  }
  return Object.entries(LIMITS).flatMap(([name, limits]) =>
    Object.entries(limits).map(([what, atMost]) => ({
      name: `${name}: ${WORDS[what]}`,
      value: median(seen[name].map((each) => each[what] ?? 0)),
      unit: '',
      counted: true,
      target: { atMost },
    })),
  );
}
