import { bareJob } from '../support/bare.mjs';
import { instantCli } from '../support/fake-cli.mjs';
import { median, timed } from '../support/measure.mjs';
import { openRaw } from '../support/raw.mjs';
import { cpuSec } from '../support/servers.mjs';

export const title = 'Jobs per second';
export const about =
  'From llm_job_submit to llm_job_wait, which has the answer of the completed job, with a CLI that answers at once. The ' +
  'floor is a loop that makes the same files, spawns the same launcher with the same CLI, and waits for its end, with as ' +
  'many in flight.';

const TURNS = 5;

export async function run({ small, folder, server, note }) {
  const seconds = small ? 0.3 : 2;
  const cli = await instantCli(folder);
  const sidejob = await openRaw(server, folder);
  const figures = [];
  let made = 0;
  let bares = 0;
  const job = async () => {
    const jobId = await sidejob.submit(`${made++}`);
    const { content } = await sidejob.call('llm_job_wait', { jobId });
    if (!content[0].text.startsWith(`${jobId} completed`)) throw new Error(content[0].text);
  };
  const bare = () => bareJob(folder, `${bares++}`, cli).ended;
  try {
    await perSecond(job, 8, seconds);
    const cpuBefore = await cpuSec(sidejob.pid);
    const madeBefore = made;
    for (const inFlight of [1, 8, 32]) {
      const rates = { sidejob: [], floor: [] };
      for (let turn = 0; turn < (small ? 1 : TURNS); turn += 1) {
        rates.sidejob.push(await perSecond(job, inFlight, seconds));
        rates.floor.push(await perSecond(bare, inFlight, seconds));
      }
      figures.push({
        name: `${inFlight} in flight`,
        value: median(rates.sidejob),
        unit: 'jobs/s',
        floor: median(rates.floor),
        target: { ratioAtLeast: 0.6, ...(inFlight === 8 && { atLeast: 240 }) },
      });
    }
    const cpuMs = (1000 * ((await cpuSec(sidejob.pid)) - cpuBefore)) / (made - madeBefore);
    note(`CPU of the server for each job, from its beginning to its end: ${cpuMs.toFixed(2)} ms.`);
  } finally {
    await sidejob.leave();
  }
  return figures;
}

/** How often `action` is done in a second, so many at the same time. */
async function perSecond(action, inFlight, seconds) {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (; performance.now() < end; done += 1) await action();
      }),
    ),
  );
  return done / (ms / 1000);
}
