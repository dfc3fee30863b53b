// A container that shares the data folder: its pids mean nothing here, and ours nothing there. Its jobs are shown
// and never judged. The container is a pid namespace of its own.
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const UNSHARE = ['--pid', '--fork', '--kill-child', '--mount-proc'];
// Needs a privilege that not every machine gives; CI's has it.
const canUnshare = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;

test.skipIf(!canUnshare)('a job in another pid namespace is neither adopted nor orphaned', async ({ sandbox }) => {
  const inside = await sandbox.assistant({
    command: 'unshare',
    args: [...UNSHARE, process.execPath, SERVER],
    env: { PATH: `${sandbox.bin}:/usr/bin:/bin:/usr/sbin:/sbin` },
  });
  const gate = sandbox.gate();
  const jobId = await inside.submit(asks({ gate }, { say: 'from inside' }));
  await inside.jobWhen(jobId, 'runs', (job) => job.status === 'running');

  const outside = await sandbox.assistant();
  expect(await outside.job(jobId)).toMatchObject({ status: 'running' });
  // A cancel from here reaches it through its own server, which sees the request.
  const { jobs } = await outside.data('llm_job_cancel', { jobId });
  expect(jobs).toMatchObject([{ jobId, status: 'running', changed: true, cancelRequested: true }]);
  expect(
    await outside.jobWhen(jobId, 'is canceled by its own server', (job) => job.status === 'canceled'),
  ).toBeDefined();
});

test.skipIf(!canUnshare)('when that container is gone for good, its job stays as it was', async ({ sandbox }) => {
  const inside = await sandbox.assistant({
    command: 'unshare',
    args: [...UNSHARE, process.execPath, SERVER],
    env: { PATH: `${sandbox.bin}:/usr/bin:/bin:/usr/sbin:/sbin` },
  });
  const jobId = await inside.submit(asks({ forever: true }));
  await inside.jobWhen(jobId, 'runs', (job) => job.status === 'running');
  await inside.kill();
  const outside = await sandbox.assistant();
  // Nobody here can prove that it is gone, so nobody says so.
  expect(await outside.job(jobId)).toMatchObject({ status: 'running' });
  expect((await outside.call('llm_process_health')).text).toMatch(/warning: 1 job .* another machine or container/);
});
