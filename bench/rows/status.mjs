import { setTimeout as sleep } from 'node:timers/promises';
import { instantCli } from '../support/fake-cli.mjs';
import { floorServer } from '../support/floor-server.mjs';
import { figureOf, inTurn, timed } from '../support/measure.mjs';
import { openRaw } from '../support/raw.mjs';
import { cpuSec } from '../support/servers.mjs';
import { streamingCli, writeTurns } from '../support/stream.mjs';

export const title = 'A look at jobs';
export const about =
  'llm_job_status of a running and of an ended job while nothing else goes on, then of each of eight jobs in turn, ' +
  'a hundred looks a second, while each prints 2 MB/s. The floor is a tool that does nothing, on the same SDK.';

const PRINTING = 8;
const EVERY_SEC = 0.25;
const LOOK_MS = 10;

export async function run({ small, folder, server, note }) {
  const rounds = small ? 100 : 3000;
  await instantCli(folder);
  await streamingCli(folder, 'gemini', { file: '/dev/null', everySec: 3600 });
  const turns = await writeTurns(folder, 'claude', 2_000_000 * EVERY_SEC);
  const floor = await openRaw(await floorServer(folder), folder);
  const sidejob = await openRaw(server, folder);
  const look = (jobId) => sidejob.call('llm_job_status', { jobId });
  try {
    const ended = await sidejob.submit('ended', 'claude');
    await sidejob.call('llm_job_wait', { jobId: ended, waitSec: 30 });
    const running = await sidejob.submit('running', 'gemini');
    await sleep(500);
    const say = () => floor.call('say', { text: 'ok' });
    const looks = { floor: say, running: () => look(running), ended: () => look(ended) };
    // The first calls of each are those of cold code.
    await inTurn(rounds / 10, looks);
    const idle = await inTurn(rounds, looks);

    await streamingCli(folder, 'claude', { file: turns, everySec: EVERY_SEC });
    const printing = [];
    while (printing.length < PRINTING) printing.push(await sidejob.submit(`print ${printing.length}`, 'claude'));
    await sleep(1000);
    const loaded = await watch(sidejob, printing, small ? 1000 : 20_000, look, say);
    const alone = await cpuShare(sidejob.pid, () => sleep(small ? 500 : 5000));
    const { jobs } = (await sidejob.call('llm_job_status', { jobIds: printing })).structuredContent;
    note(`The jobs had printed ${Math.round(jobs.reduce((sum, job) => sum + job.stdoutBytes, 0) / 1e6)} MB.`);
    for (const jobId of [...printing, running]) await sidejob.call('llm_job_cancel', { jobId });
    await sidejob.call('llm_job_wait', { jobIds: [...printing, running], waitSec: 30 });
    return [
      figureOf('a running job', idle.running, { floor: idle.floor, target: { atMost: 0.3 } }),
      figureOf('an ended job', idle.ended, { floor: idle.floor, target: { atMost: 0.3 } }),
      figureOf('while eight jobs print', loaded.looks, { floor: loaded.floor, target: { atMost: 0.5 } }),
      { name: 'CPU of the server then', value: loaded.share, unit: '% of a core', target: { atMost: 10 } },
      { name: 'CPU of it while nobody looks', value: alone, unit: '% of a core' },
    ];
  } finally {
    await Promise.all([floor.leave(), sidejob.leave()]);
  }
}

/** Looks at one job after the other for so long. */
async function watch(sidejob, jobs, ms, look, say) {
  const looks = [];
  const floor = [];
  const share = await cpuShare(sidejob.pid, async () => {
    const end = performance.now() + ms;
    for (let round = 0; performance.now() < end; round += 1) {
      const next = performance.now() + LOOK_MS;
      looks.push(await timed(() => look(jobs[round % jobs.length])));
      floor.push(await timed(say));
      await sleep(Math.max(0, next - performance.now()));
    }
  });
  return { looks, floor, share };
}

/** Percent of a core that a process uses while something is done. */
async function cpuShare(pid, action) {
  const before = await cpuSec(pid);
  const ms = await timed(action);
  return ((await cpuSec(pid)) - before) / (ms / 1e5);
}
