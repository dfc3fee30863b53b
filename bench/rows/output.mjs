import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { finalEvent, writeCli } from '../support/fake-cli.mjs';
import { figureOf, timed } from '../support/measure.mjs';
import { connect, residentMb } from '../support/servers.mjs';
import { printingCli, writeTurns } from '../support/stream.mjs';

export const title = 'One job that prints very much';
export const about =
  'A CLI prints 100 MB and 1 GB of turns as fast as the system copies a file, while llm_job_status is called all the time. ' +
  'The floor is the same CLI writing to a file alone, in turn with it. Claude ends with an event that has the answer; ' +
  "Gemini's answer is in pieces all over its output, which nobody reads before it has ended.";

const MB = 1_000_000;
const PAGE_BYTES = 24_000;
const PAGE_ROUNDS = 1;

export async function run({ small, folder, server, note }) {
  const sizes = small ? [20] : [100, 1000];
  const probe = join(folder, 'probe');
  const sidejob = await connect(server, folder, {
    env: { BENCH_PROBE: probe },
    nodeArgs: ['--import', fileURLToPath(new URL('../support/event-loop-probe.mjs', import.meta.url))],
  });
  const figures = [];
  try {
    const context = { folder, sidejob, times: {} };
    const file = { claude: await writeTurns(folder, 'claude', MB), gemini: await writeTurns(folder, 'gemini', MB) };
    await printingCli(folder, 'claude', { file: file.claude, times: 1 });
    await print(context, 'claude', 'warm up');
    for (const megabytes of sizes) {
      const command = await printingCli(folder, 'claude', { file: file.claude, times: megabytes });
      figures.push(...(await whileItPrints(context, `${megabytes} MB`, command, small ? 1 : megabytes > 500 ? 3 : 5)));
    }
    await printingCli(folder, 'gemini', { file: file.gemini, times: sizes.at(-1) });
    const pieces = await print(context, 'gemini', 'pieces', { look: false });
    figures.push({
      name: `answer of ${sizes.at(-1)} MB of pieces`,
      value: pieces.answerMs,
      unit: 'ms',
      target: { atMost: (6000 * sizes.at(-1)) / 1000 },
    });
    figures.push(...(await pages(context, pieces.jobId)));
    await longLine(context, small ? 8 : 64);
  } finally {
    await sidejob.close();
  }
  const { callCpuMs, callWallMs } = JSON.parse(await readFile(`${probe}.${sidejob.pid}`, 'utf8'));
  figures.push({ name: 'longest turn of the event loop', value: callCpuMs, unit: 'ms', target: { atMost: 50 } });
  note(
    `A turn's time is its CPU time; the longest by the clock, waiting for a core included, took ${Math.round(callWallMs)} ms.`,
  );
  return figures;
}

/** The wall time of a job and of its CLI alone, what the server's memory grew by, and how long a look and the answer took. */
async function whileItPrints(context, size, command, rounds) {
  const alone = [];
  const jobs = [];
  for (let round = 0; round < rounds; round += 1) {
    // Neither is to wait for what the other has left for the disk to write.
    await flushed();
    alone.push(await timed(() => toFile(join(context.folder, `alone-${size}-${round}`), command)));
    await flushed();
    jobs.push(await print(context, 'claude', `${size} ${round}`));
  }
  return [
    figureOf(`${size}: from submit to known as ended`, wall(jobs), { floor: alone, target: { ratioAtMost: 1.1 } }),
    { name: `${size}: growth of memory`, value: most(jobs, 'grownMb'), unit: 'MB', target: { atMost: 30 } },
    figureOf(
      `${size}: a look meanwhile`,
      jobs.flatMap((job) => job.looks),
      { target: { atMost: 5 } },
    ),
    { name: `${size}: answer after the end`, value: most(jobs, 'answerMs'), unit: 'ms', target: { atMost: 1000 } },
  ];
}

const wall = (jobs) => jobs.map((job) => job.ms);
const most = (jobs, key) => Math.max(...jobs.map((job) => job[key]));

/** Runs a CLI with its output in a file, and no server. */
async function toFile(path, command) {
  const output = await open(path, 'w');
  await once(spawn(command, { stdio: ['ignore', output.fd, 'ignore'] }), 'exit');
  await output.close();
}

const flushed = () => once(spawn('sync'), 'exit');

/** Runs a job to its end, looking at it all the time. */
async function print({ folder, sidejob }, provider, prompt, { look = true } = {}) {
  const before = await residentMb(sidejob.pid);
  let highest = before;
  let going = true;
  const sampling = (async () => {
    for (; going; await sleep(10)) highest = Math.max(highest, await residentMb(sidejob.pid));
  })();
  const begun = performance.now();
  const { structuredContent } = await sidejob.call('llm_job_submit', { prompt, provider });
  const { jobId } = structuredContent;
  const waiting = sidejob.call('llm_job_wait', { jobId, waitSec: 50 });
  const ended = waiting.then(() => {
    going = false;
  });
  const looks = [];
  for (; look && going; await sleep(20)) looks.push(await timed(() => sidejob.call('llm_job_status', { jobId })));
  await ended;
  const ms = performance.now() - begun;
  const answerMs = Date.now() - Number((await readFile(join(folder, 'ended'), 'utf8')).slice(0, -7));
  await sampling;
  const [job] = (await sidejob.call('llm_job_status', { jobId })).structuredContent.jobs;
  if (job.status !== 'completed') throw new Error(`the job is ${job.status}: ${job.error}`);
  return { jobId, ms, looks, answerMs, grownMb: highest - before };
}

/** Pages of each view, from its beginning, middle and end, read for the first time and again. */
async function pages({ sidejob }, jobId) {
  const figures = [];
  for (const view of ['stdout', 'stderr', 'answer', 'events']) {
    const read = async (offset) => {
      const args = { jobId, view, offset, limit: PAGE_BYTES };
      const begun = performance.now();
      const { content } = await sidejob.call('llm_job_result', args);
      return { ms: performance.now() - begun, total: Number(/ of (\d+) /.exec(content[0].text)?.[1] ?? 0) };
    };
    // Of events, the number is known once they are counted from the end.
    const { ms, total } = await read(view === 'events' ? -1 : 0);
    if (view === 'events') figures.push({ name: 'the last event, all of them counted', value: ms, unit: 'ms' });
    const first = [];
    const again = [];
    for (let round = 0; round < PAGE_ROUNDS; round += 1) {
      // Each round somewhere else: what has been looked through for secrets is remembered.
      const moved = round * PAGE_BYTES * 3 + 1;
      for (const offset of [moved, Math.floor(total / 2) + moved, total - moved - PAGE_BYTES, -moved].filter(
        (at) => Math.abs(at) < total,
      )) {
        first.push((await read(offset)).ms);
        again.push((await read(offset)).ms);
      }
    }
    figures.push(figureOf(`page of ${view}`, again, { target: { atMost: 2 } }));
    figures.push(figureOf(`page of ${view}, for the first time`, first));
  }
  return figures;
}

/** One line of so many megabytes, that may hold words of the model's, and one that is just short enough to be read. */
async function longLine(context, megabytes) {
  const file = join(context.folder, 'line');
  const text = 'words of a very long answer, '.repeat(Math.ceil((megabytes * MB) / 29));
  const record = (said) =>
    `${JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: said }] } })}\n`;
  await writeFile(file, record(text) + record(text.slice(0, 4_000_000)));
  await writeCli(
    context.folder,
    'claude',
    `#!/bin/sh\ncat >/dev/null\ncat '${file}'\nsleep 1\necho '${finalEvent('forty-two')}'\ndate +%s%N >'${join(context.folder, 'ended')}'\n`,
  );
  await print(context, 'claude', 'a long line');
}
