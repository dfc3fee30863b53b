// The same with a real CLI, only when asked for: one short question, its server killed before the answer is there.
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, createBoard, paint, say, shorten } from './screen.mjs';
import { startServer } from './server.mjs';

const QUESTION = 'In one sentence of at most fifteen words: what is a background job?';
const LOOK_MS = 250;
/** How long the CLI gets to begin before its server is killed. */
const BEGIN_MS = 1500;
const TIMEOUT_SEC = 120;

/** Asks `provider`. Returns what was not as promised. */
export async function realJob(provider, home, signal) {
  say(`5. The same with ${provider}, as you asked: one short question, with your login.\n`);
  const first = await startServer(home, signal);
  const { jobId } = await first.call('llm_job_submit', { provider, prompt: QUESTION, timeoutSec: TIMEOUT_SEC });
  await watch(first, jobId, signal, BEGIN_MS);

  await first.kill();
  const second = await startServer(home, signal);
  say(`\n   kill -9 ${first.pid}; another server (pid ${second.pid}) opens the same store:\n`);
  const view = await watch(second, jobId, signal, (TIMEOUT_SEC + 20) * 1000);
  if (view.status !== 'completed') return [`${jobId} ${view.status}: ${view.error ?? ''} ${view.hint ?? ''}`.trim()];
  say(`\n   ${paint('green', `“${shorten(await second.answer(jobId), 200)}”`)}`);
  return [];
}

/** Draws the job until it has ended or the time is up; returns it as it is then. */
async function watch(server, jobId, signal, patienceMs) {
  const board = createBoard();
  const end = performance.now() + patienceMs;
  for (;;) {
    const { jobs } = await server.call('llm_job_status', { jobId });
    const [view] = jobs;
    const { status, reason, exitCode, activity, stdoutBytes = 0, elapsedSec } = view;
    const ended = !['queued', 'running'].includes(status);
    const words = ended
      ? `${status}${reason ? ` (${reason})` : ''}, exit status ${exitCode ?? 'unknown'}, ${elapsedSec} s`
      : `${status}, ${elapsedSec.toFixed(1)} s, ${bytes(stdoutBytes)}, ${activity}`;
    const style = status === 'completed' ? 'green' : ended ? 'red' : 'cyan';
    board.draw([{ id: jobId, title: '', share: ended ? 1 : 0, words, style, news: status }]);
    if (ended || performance.now() > end) return view;
    await sleep(LOOK_MS, undefined, { signal });
  }
}
