import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bareJob } from '../support/bare.mjs';
import { finalEvent, writeCli } from '../support/fake-cli.mjs';
import { median, percentile } from '../support/measure.mjs';
import { openRaw } from '../support/raw.mjs';
import { writeTurns } from '../support/stream.mjs';

export const title = 'From the end of a CLI to the answer';
export const about =
  'How long after a CLI has ended the call that waits for it has its answer: llm_job_wait and llm_run, of jobs of this ' +
  'server and of one that was killed, with little and with a megabyte of output. The last thing that the CLI does is to ' +
  'become a program that writes down the time. The floor is how late a process without a server learns that the same ' +
  'launcher has left.';

const AT_ONCE_MS = 10;
/** Where no file can be watched any more, files and store are asked once a second. */
const POLL_MS = 1000;

export async function run({ small, folder, server, note }) {
  const rounds = small ? 10 : 120;
  const turns = { small: await writeTurns(folder, 'claude', 1000), large: await writeTurns(folder, 'claude', 900_000) };
  const cli = await slowCli(folder, turns);
  let sidejob = await openRaw(server, folder);
  const lags = {};
  let asked = 0;
  /** The prompt of a CLI that sleeps so long, and what is done with the time at which it has been answered. */
  const job = (measure, sec, size) => {
    asked += 1;
    const name = `${asked}`;
    const answered = async () => {
      const lag = now() - (await endOf(folder, name));
      lags[measure] = [...(lags[measure] ?? []), lag];
    };
    return { prompt: `${sec} ${size} ${name}`, answered };
  };
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [measure, size] of [
        ['llm_job_wait', 'small'],
        ['llm_job_wait, 900 KB of output', 'large'],
      ]) {
        const { prompt, answered } = job(measure, 0.05, size);
        const jobId = await sidejob.submit(prompt);
        await sidejob.call('llm_job_wait', { jobId });
        await answered();
      }
      const { prompt, answered } = job('llm_run', 0.05, 'small');
      await sidejob.call('llm_run', { prompt, provider: 'claude' });
      await answered();
      const bare = job('floor', 0.05, 'small');
      await bareJob(folder, bare.prompt, cli).ended;
      await bare.answered();
    }
    for (const [measure, more, apartMs] of [
      ['llm_job_wait, adopted job', {}, 60],
      ['llm_job_wait, adopted job, nothing can be watched', unwatched(), 171],
    ]) {
      // One after the other, so that none waits for another's answer.
      const jobs = Array.from({ length: small ? 4 : 30 }, (_, index) =>
        job(measure, 3 + (index * apartMs) / 1000, 'small'),
      );
      const started = [];
      for (const { prompt, answered } of jobs) started.push({ jobId: await sidejob.submit(prompt), answered });
      await sidejob.kill();
      sidejob = await openRaw(server, folder, more);
      await Promise.all(
        started.map(async ({ jobId, answered }) => {
          await sidejob.call('llm_job_wait', { jobId, waitSec: 50 });
          await answered();
        }),
      );
    }
  } finally {
    await sidejob.leave();
  }
  note(
    'An adopted job is no child: its exit file is watched. Where the system has no watch left (EMFILE, ENOSPC), all that ' +
      'is left is to look once a second.',
  );
  const { floor, ...others } = lags;
  return Object.entries(others).flatMap(([name, times]) => {
    const target = { atMost: name.endsWith('watched') ? POLL_MS + AT_ONCE_MS : AT_ONCE_MS };
    return [
      { name, value: median(times), unit: 'ms', floor: median(floor), target },
      {
        name: `${name}, 99th percentile`,
        value: percentile(times, 0.99),
        unit: 'ms',
        floor: percentile(floor, 0.99),
        target,
      },
    ];
  });
}

/** Milliseconds since 1970, with a fraction. */
const now = () => performance.timeOrigin + performance.now();

/** A CLI that prints and sleeps as much as its prompt says, answers, and ends with a note of the time. */
const slowCli = (folder, { small, large }) =>
  writeCli(
    folder,
    'claude',
    `#!/bin/sh
read -r sec size name
case $size in small) cat '${small}' ;; *) cat '${large}' ;; esac
sleep "$sec"
echo '${finalEvent('ok')}'
exec date +%s%N >"${folder}/ended-$name"
`,
  );

async function endOf(folder, name) {
  for (;;) {
    const text = await readFile(join(folder, `ended-${name}`), 'utf8').catch(() => '');
    if (text !== '') return Number(text) / 1e6;
    await sleep(10);
  }
}

/** A server for which the system has no watch left. */
function unwatched() {
  return { nodeArgs: ['--import', fileURLToPath(new URL('../support/no-watches.mjs', import.meta.url))] };
}
