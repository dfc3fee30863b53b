import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../support/servers.mjs';
import { printingCli, writeTurns } from '../support/stream.mjs';

export const title = 'Bytes written per byte of output';
export const about =
  'What the server, the launcher and the CLI have together handed to the system for one job, looked at all the time, by ' +
  'what the CLI has printed (/proc/PID/io, which has a process and those that it has waited for). The floor is the CLI alone.';

const MB = 1_000_000;

export async function run({ small, folder, server }) {
  const sizes = small ? [12] : [12, 100];
  const file = await writeTurns(folder, 'claude', MB);
  await using sidejob = await connect(server, folder);
  const figures = [];
  for (const megabytes of sizes) {
    await printingCli(folder, 'claude', { file, times: megabytes });
    const before = await written(sidejob.pid);
    const { structuredContent } = await sidejob.call('llm_job_submit', { prompt: `${megabytes}`, provider: 'claude' });
    const { jobId } = structuredContent;
    const job = await lookUntilEnded(sidejob, jobId);
    await sidejob.call('llm_job_result', { jobId });
    // The launcher is waited for a moment after its job has ended.
    await sleep(500);
    const output = job.stdoutBytes + job.stderrBytes;
    figures.push({
      name: `${megabytes} MB`,
      value: (await written(sidejob.pid)) - before,
      unit: 'bytes',
      floor: output,
      counted: true,
      target: { ratioAtLeast: 1, ratioAtMost: 1.05 },
    });
  }
  return figures;
}

async function lookUntilEnded(sidejob, jobId) {
  for (;;) {
    const { structuredContent } = await sidejob.call('llm_job_status', { jobId });
    const [job] = structuredContent.jobs;
    if (job.status === 'completed') return job;
    if (!['queued', 'running'].includes(job.status)) throw new Error(`the job is ${job.status}: ${job.error}`);
    await sleep(20);
  }
}

async function written(pid) {
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return Number(/wchar: (\d+)/.exec(io)[1]);
}
