// What ends a job that does not end by itself.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { linuxTest } from '../support/e2e.js';
import { processesOf } from '../support/processes.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

linuxTest.concurrent('the time limit ends a job, with what it wrote kept', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(asks({ say: 'so far' }, { forever: true }), { timeoutSec: 1 });

  expect(await assistant.ended(jobId)).toMatchObject({
    ...{ status: 'failed', reason: 'timeout', signal: 'SIGTERM', error: 'Ended after its time limit of 1 s.' },
    ...{ hint: expect.stringContaining('timeoutSec'), answerBytes: 6 },
  });
  expect(await processesOf(jobId)).toEqual([]);
});

linuxTest.concurrent('the time limit ends a stubborn tree by SIGKILL', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(
    asks({ ignoreTerm: true }, { child: { session: false } }, { child: { session: true } }, { forever: true }),
    { timeoutSec: 1 },
  );

  const job = await assistant.ended(jobId);
  expect(job).toMatchObject({ status: 'failed', reason: 'timeout', signal: 'SIGKILL' });
  expect(job.elapsedSec).toBeLessThan(5);
  await until('nothing of it is left', async () => (await processesOf(jobId)).length === 0);
});

linuxTest.concurrent('the time limit holds while no server lives', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'so far' }, { ignoreTerm: true }, { forever: true }), {
    timeoutSec: 2,
  });
  await assistant.jobWhen(jobId, 'has said something', (job) => job.answerBytes === 6);
  await assistant.kill();

  await until('the launcher has ended it', async () => (await processesOf(jobId)).length === 0);
  const next = await sandbox.assistant();

  expect(await next.job(jobId)).toMatchObject({
    ...{ status: 'failed', reason: 'timeout', error: 'Ended after its time limit of 2 s.', answerBytes: 6 },
  });
});

linuxTest.concurrent(
  'what keeps the time limit leaves with its job, however quickly that ends',
  async ({ sandbox }) => {
    await sandbox.uninstall('codex');
    await writeFile(join(sandbox.bin, 'codex'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    // With so long a grace period, nobody tidies up behind it.
    const env = { SIDEJOB_MAX_RUNNING: '16', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '16', SIDEJOB_GRACE_SEC: '60' };
    const assistant = await sandbox.assistant({ env });

    for (const batch of [0, 50]) {
      const prompts = Array.from({ length: 50 }, (_, n) => `hello ${batch + n}`);
      const jobIds = await Promise.all(prompts.map((prompt) => assistant.submit(prompt, { provider: 'codex' })));
      const { text } = await assistant.call('llm_job_wait', { jobIds });
      expect(text.match(/^codex-\w{8} failed \(exit_code\)/gm)).toHaveLength(50);
    }

    const others = async () => (await sandbox.processes()).filter(({ pid }) => pid !== assistant.pid);
    await until('nothing but the server is left', async () => (await others()).length === 0, 2000);
  },
);

linuxTest.concurrent('the time limit of the configuration holds where none is asked for', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_TIMEOUT_SEC: '1' } });

  const { text } = await assistant.call('llm_run', { prompt: asks({ forever: true }), provider: 'codex' });

  expect(text).toMatch(/^codex-\w{8} failed \(timeout\), [\d.]+ s: Ended after its time limit of 1 s\. /);
});

linuxTest.concurrent('silence ends a job that has an idle limit', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(asks({ say: 'so far' }, { forever: true }), { idleTimeoutSec: 1 });

  expect(await assistant.ended(jobId)).toMatchObject({
    ...{ status: 'failed', reason: 'idle_timeout', signal: 'SIGTERM', answerBytes: 6 },
    ...{ error: expect.stringMatching(/^Ended after \d+ s without output\.$/) },
  });
  expect(await processesOf(jobId)).toEqual([]);
});

linuxTest.concurrent('output of any kind puts off the idle limit', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(asks({ stream: { everyMs: 300 } }), { idleTimeoutSec: 1, provider: 'gemini' });

  // Its tenth word: it has gone on for nearly three times the limit.
  const words = await until('ten words', async () => {
    const { text } = await assistant.call('llm_job_result', { jobId });
    return text.includes('word 10') && text;
  });
  expect(words).toMatch(/^gemini-\w{8} running/);
  await assistant.call('llm_job_cancel', { jobId });
});

linuxTest.concurrent('more output than allowed ends a job, with its output kept', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_OUTPUT_LIMIT_MB: '1' } });

  const jobId = await assistant.submit(asks({ say: 'so far' }, { print: 3_000_000 }, { forever: true }));

  const job = await assistant.ended(jobId);
  expect(job).toMatchObject({ status: 'failed', reason: 'output_limit', answerBytes: 6 });
  expect(job.stdoutBytes).toBeGreaterThan(3_000_000);
});

linuxTest.concurrent('what no retry can heal ends a job at once, and names the remedy', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(asks({ retry401: { everyMs: 100 } }));

  const job = await assistant.ended(jobId);
  expect(job).toMatchObject({
    ...{ status: 'failed', reason: 'auth_required', signal: 'SIGTERM', error: '401 authentication failed' },
    ...{ hint: 'The person must log in: claude auth login.' },
  });
  expect(job.elapsedSec).toBeLessThan(5);
});

linuxTest.concurrent.for(['claude', 'codex', 'gemini'])(
  '%s that exits 0 in silence has not answered',
  async (cli, { sandbox }) => {
    const assistant = await sandbox.assistant();

    const jobId = await assistant.submit(asks({ exit: 0 }), { provider: cli });

    expect(await assistant.ended(jobId)).toMatchObject({ status: 'failed', reason: 'interrupted', exitCode: 0 });
  },
);

linuxTest.concurrent('a CLI that ends well without a word has not answered', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit(asks({ say: ' ' }));

  expect(await assistant.ended(jobId)).toMatchObject({ status: 'failed', reason: 'empty_answer', exitCode: 0 });
});
