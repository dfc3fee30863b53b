import { bareJob, bareStore } from '../support/bare.mjs';
import { instantCli } from '../support/fake-cli.mjs';
import { median, percentile, timed } from '../support/measure.mjs';
import { openRaw } from '../support/raw.mjs';

export const title = 'Handing over a job';
export const about =
  'llm_job_submit, one at a time: when it answers, the record is on the disk and the launcher has been let go. Each in ' +
  'turn with a bare call of spawn on the same launcher, and a bare commit (WAL, synchronous=FULL) of one row on the same ' +
  'disk. The floor is three such calls and one such commit.';

export async function run({ small, folder, server, note }) {
  const rounds = small ? 100 : 1000;
  const cli = await instantCli(folder);
  const sidejob = await openRaw(server, folder);
  const store = bareStore(folder);
  const times = { submit: [], spawn: [], commit: [] };
  try {
    for (let round = -rounds / 10; round < rounds; round += 1) {
      let jobId;
      const submit = await timed(async () => {
        jobId = await sidejob.submit(`${round}`);
      });
      // One at a time: what a job does after it was handed over is no part of the next.
      await sidejob.call('llm_job_wait', { jobId });
      const commit = await timed(() => store.commit(`${round}`));
      const bare = bareJob(folder, `${round}`, cli);
      await bare.ended;
      if (round < 0) continue;
      times.submit.push(submit);
      times.commit.push(commit);
      times.spawn.push(bare.spawnMs);
    }
  } finally {
    store.close();
    await sidejob.leave();
  }
  const at = (share) => 3 * percentile(times.spawn, share) + percentile(times.commit, share);
  note(
    `One bare call of spawn ${median(times.spawn).toFixed(2)} ms, one bare commit ${median(times.commit).toFixed(2)} ms.`,
  );
  const target = { ratioAtMost: 1 };
  return [
    { name: 'llm_job_submit', value: median(times.submit), unit: 'ms', floor: at(0.5), target },
    {
      name: 'llm_job_submit, 99th percentile',
      value: percentile(times.submit, 0.99),
      unit: 'ms',
      floor: at(0.99),
      target,
    },
  ];
}
