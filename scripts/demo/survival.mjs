// The demo's main part: six jobs, a server killed in the middle, and another one that accounts for all of them.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, createBoard, paint, say, shorten } from './screen.mjs';
import { startServer } from './server.mjs';

/** In this order four of them run at once (the usual limit for one CLI), and the last still waits at the kill. */
const JOBS = [
  { title: 'fails', model: 'demo-fail' },
  { title: '4 s', model: 'demo-4s', lengthSec: 4 },
  { title: '6 s', model: 'demo-6s', lengthSec: 6 },
  { title: '8 s', model: 'demo-8s', lengthSec: 8 },
  { title: '3 s', model: 'demo-3s', lengthSec: 3 },
  { title: '1 s', model: 'demo-1s', lengthSec: 1 },
];
const LOOK_MS = 150;
/** When the server is killed, and for how long there is none. */
const KILL_AFTER_MS = 2000;
const GAP_MS = 2500;
/** Beyond this, something is broken. */
const PATIENCE_MS = 30_000;

/**
 * Plays it. Returns the second server, which still lives, and what was not as promised.
 */
export async function survival(home, signal) {
  say('Six jobs run a small program that ships with Sidejob. It is no model: it streams');
  say('canned words for some seconds. No login, no network, no cost.\n');

  const first = await startServer(home, signal);
  say(`1. An MCP client starts a server (pid ${first.pid}) and submits six jobs. Four may`);
  say('   run at once on one CLI; the others wait for a place.\n');
  const jobs = await submitAll(first);
  await untilMiddle(first, jobs, signal);

  await first.kill();
  say(`\n2. kill -9 ${first.pid}: the server is dead, the work is not. The jobs are processes`);
  say('   of their own, and what they say goes into files, without a server:\n');
  await watchFiles(home, jobs, signal);

  const second = await startServer(home, signal);
  const found = await lookAround(second, jobs);
  say(`\n3. Another server (pid ${second.pid}) opens the same store. It`);
  say(`   ${found}.\n`);
  await untilAll(second, jobs, signal);

  say('\n4. How they ended:\n');
  const broken = await account(second, home, jobs);
  say();
  if (broken.length === 0) say(`   ${paint('green', 'All six are accounted for: none lost, none run twice.')}\n`);
  return { server: second, broken };
}

async function submitAll(server) {
  const jobs = [];
  for (const job of JOBS) {
    const prompt = `Say something for the demo (job "${job.title}").`;
    const { jobId } = await server.call('llm_job_submit', { provider: 'demo', model: job.model, prompt });
    jobs.push({ ...job, id: jobId, share: 0 });
  }
  return jobs;
}

/** The jobs as the server tells them, drawn. */
async function look(server, jobs, board) {
  const { jobs: views } = await server.call('llm_job_status', { jobIds: jobs.map(({ id }) => id) });
  for (const [index, view] of views.entries()) {
    const job = jobs[index];
    job.view = view;
    job.ended = view.exitCode !== undefined || !['queued', 'running'].includes(view.status);
    job.share = shareOf(job, view);
  }
  board.draw(jobs.map(servedRow));
}

function shareOf(job, { status, elapsedSec }) {
  if (job.ended) return status === 'completed' ? 1 : job.share;
  if (status === 'queued') return 0;
  return Math.max(job.share, Math.min(0.99, elapsedSec / job.lengthSec));
}

function servedRow({ id, title, share, view }) {
  const { status, reason, activity, exitCode, stdoutBytes = 0, elapsedSec } = view;
  const words = {
    queued: activity,
    running: `running, ${elapsedSec.toFixed(1)} s, ${bytes(stdoutBytes)} of output`,
  };
  const ended = `${status}${reason ? ` (${reason})` : ''}, exit status ${exitCode}`;
  const style = status === 'completed' ? 'green' : status === 'failed' ? 'red' : 'cyan';
  const plain = status === 'running' ? status : undefined;
  return { id, title, share, style, words: words[status] ?? ended, plain, news: status };
}

/** Until the work is in full swing: something has ended, four jobs write, one waits. */
async function untilMiddle(server, jobs, signal) {
  const board = createBoard();
  const begun = performance.now();
  for (;;) {
    await look(server, jobs, board);
    const elapsed = performance.now() - begun;
    const writing = jobs.filter(({ view }) => view.status === 'running' && view.stdoutBytes > 0);
    if (elapsed >= KILL_AFTER_MS && writing.length > 0) return;
    if (elapsed > PATIENCE_MS) throw new Error('no job has begun to write');
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** While there is no server: the job's own files say how it goes on. */
async function watchFiles(home, jobs, signal) {
  const board = createBoard();
  const open = jobs.filter(({ ended }) => !ended);
  for (const job of open) {
    job.bytesAtKill = await sizeOf(home, job);
    job.shareAtKill = job.share;
  }
  const begun = performance.now();
  for (;;) {
    for (const job of open) {
      job.bytes = await sizeOf(home, job);
      job.exit = /^\d+/.exec(await readFile(join(home, 'jobs', job.id, 'exit'), 'latin1').catch(() => ''))?.[0];
      const grown = job.bytesAtKill > 0 ? job.shareAtKill * (job.bytes / job.bytesAtKill) : 0;
      job.share = job.exit === undefined ? Math.min(0.99, grown) : 1;
    }
    const elapsed = performance.now() - begun;
    const over = elapsed >= GAP_MS && (open.some(({ exit }) => exit !== undefined) || elapsed > PATIENCE_MS / 3);
    board.draw(open.map((job) => unservedRow(job, over)));
    if (over) return;
    await sleep(LOOK_MS, undefined, { signal });
  }
}

function unservedRow({ id, title, share, bytes: size, bytesAtKill, exit, view }, over) {
  const grown = `${bytes(size)}, ${(size - bytesAtKill).toLocaleString('en-US')} since the kill`;
  const words =
    exit !== undefined
      ? `ended by itself, exit status ${exit}`
      : view.status === 'queued'
        ? 'still waits: no server to start it'
        : grown;
  const news = exit !== undefined ? 'ended' : over ? 'over' : undefined;
  return { id, title, share, words, style: exit === undefined ? 'yellow' : 'green', news };
}

async function sizeOf(home, job) {
  return (await stat(join(home, 'jobs', job.id, 'stdout')).catch(() => undefined))?.size ?? 0;
}

/** What the new server made of the jobs, in its own figures. */
async function lookAround(server, jobs) {
  const { jobs: counts } = await server.call('llm_process_health');
  const { jobs: views } = await server.call('llm_job_status', { jobIds: jobs.map(({ id }) => id) });
  const open = jobs.filter(({ ended }) => !ended);
  const nowEnded = new Set(views.filter(({ exitCode }) => exitCode !== undefined).map(({ jobId }) => jobId));
  const endedAlone = open.filter(({ id }) => nowEnded.has(id)).length;
  const waited = open.filter(({ view }) => view.status === 'queued').length;
  const parts = [
    counts.adoptedHere > 0 && `adopts ${counts.adoptedHere} that run`,
    endedAlone > 0 && `reports ${endedAlone} that ended alone`,
    waited > 0 && `starts ${waited} that waited`,
  ];
  return parts.filter(Boolean).join(', ');
}

async function untilAll(server, jobs, signal) {
  const board = createBoard();
  const begun = performance.now();
  for (;;) {
    await look(server, jobs, board);
    if (jobs.every(({ ended }) => ended)) return;
    if (performance.now() - begun > PATIENCE_MS) throw new Error('a job does not end');
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Shows each job's end and compares it with what was promised. Returns what is not so. */
async function account(server, home, jobs) {
  const broken = [];
  for (const { id, model, view } of jobs) {
    const answer = await server.answer(id);
    const fails = model === 'demo-fail';
    const ending = `${view.status}, exit status ${view.exitCode}`.padEnd(24);
    const words = fails ? view.error : `“${shorten(answer, 33)}”`;
    say(`   ${id}  ${paint(view.status === 'completed' ? 'green' : 'red', ending)}  ${words}`);

    const wanted = fails ? 'failed 3' : 'completed 0';
    if (`${view.status} ${view.exitCode}` !== wanted) broken.push(`${id} should be ${wanted}.`);
    const whole = /^This is the demo program of Sidejob, not a model[\s\S]*this is its whole answer\.$/.test(answer);
    if (!fails && !whole) broken.push(`the answer of ${id} is not whole.`);
    const starts = (await readFile(join(home, 'jobs', id, 'stdout'), 'utf8')).split('"type":"start"').length - 1;
    if (starts !== 1) broken.push(`${id} was started ${starts} times.`);
  }
  return broken;
}
