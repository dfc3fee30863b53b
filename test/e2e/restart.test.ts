// The server dies, the job does not; the next server tells the truth about it.
import { describe, expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { linuxTest } from '../support/e2e.js';
import { type LiveProcess, processesOf, signal } from '../support/processes.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks, type Step } from '../support/steps.js';
import { until } from '../support/until.js';

describe('a job whose server was killed', () => {
  linuxTest.concurrent(
    'ends by itself, and its answer and exit status 0 are reported by the next server',
    async ({ sandbox }) => {
      const { jobId, gate } = await abandoned(sandbox, { say: 'forty-two' });

      await sandbox.open(gate);
      await gone(jobId);
      const next = await sandbox.assistant();

      expect(await next.job(jobId)).toMatchObject({ status: 'completed', exitCode: 0, unread: true });
      expect((await next.call('llm_job_wait', { jobId })).text).toMatch(/completed, [\d.]+ s\nforty-two/);
    },
  );

  linuxTest.concurrent.for([3, 143, 255])(
    'and that fails is reported with its own exit status %i',
    async (status, { sandbox }) => {
      const { jobId, gate } = await abandoned(sandbox, { stderr: 'the reason' }, { exit: status });

      await sandbox.open(gate);
      await gone(jobId);
      const next = await sandbox.assistant();

      const job = await next.job(jobId);
      expect(job).toMatchObject({ status: 'failed', exitCode: status });
      expect(job.error).toContain('the reason');
      // Nobody has sent one: 143 may be an exit status of the CLI's own.
      expect(job).not.toHaveProperty('signal');
    },
  );

  linuxTest.concurrent('and that was killed by somebody is reported as killed', async ({ sandbox }) => {
    const { jobId } = await abandoned(sandbox, { forever: true });

    signal((await partsOf(jobId)).cli.pid, 'SIGKILL');
    await gone(jobId);
    const next = await sandbox.assistant();

    expect(await next.job(jobId)).toMatchObject({
      ...{ status: 'failed', reason: 'killed', exitCode: 137, signal: 'SIGKILL' },
      ...{ error: 'Ended by SIGKILL, which was not sent by Sidejob.' },
    });
  });

  linuxTest.concurrent('is adopted while it runs, and its end is noticed', async ({ sandbox }) => {
    const { jobId, gate } = await abandoned(sandbox, { say: 'forty-two' });
    const next = await sandbox.assistant();
    const waiting = next.call('llm_job_wait', { jobId });
    await until('it is adopted', async () => {
      const { jobs } = (await next.data('llm_process_health')) as { jobs: { adoptedHere: number; running: number } };
      return jobs.running === 1 && jobs.adoptedHere === 1;
    });

    await sandbox.open(gate);

    expect((await waiting).text).toMatch(/completed, [\d.]+ s\nforty-two/);
  });

  linuxTest.concurrent('is canceled by the next server', async ({ sandbox }) => {
    const { jobId } = await abandoned(sandbox, { forever: true });
    const next = await sandbox.assistant();

    const canceled = await next.data('llm_job_cancel', { jobId });

    expect(canceled).toMatchObject({ jobs: [{ jobId, status: 'canceled', signal: 'SIGTERM' }] });
    expect(await processesOf(jobId)).toEqual([]);
  });
});

describe('a job that was killed with its launcher', () => {
  linuxTest.concurrent(
    'while no server ran is orphaned; what it wrote is kept, and nothing of it is left',
    async ({ sandbox }) => {
      const { jobId } = await abandoned(sandbox, { forever: true });
      const { launcher, cli } = await partsOf(jobId);

      signal(launcher.pid, 'SIGKILL');
      signal(cli.pid, 'SIGKILL');
      const next = await sandbox.assistant();

      const job = await next.ended(jobId);
      expect(job).toMatchObject({ status: 'orphaned', error: 'The process is gone and left no exit status.' });
      expect(job).not.toHaveProperty('exitCode');
      expect(job).not.toHaveProperty('signal');
      await expectPartialOutput(next, jobId);
      await gone(jobId);
      expect((await next.data('llm_job_cancel', { jobId })).jobs).toMatchObject([
        { status: 'orphaned', changed: false },
      ]);
    },
  );

  linuxTest.concurrent('leaves no CLI behind that goes on unseen', async ({ sandbox }) => {
    const { jobId } = await abandoned(sandbox, { ignoreTerm: true }, { reached: sandbox.gate() }, { forever: true });

    signal((await partsOf(jobId)).launcher.pid, 'SIGKILL');
    const next = await sandbox.assistant();

    expect(await next.ended(jobId)).toMatchObject({ status: 'orphaned' });
    expect(await processesOf(jobId)).toEqual([]);
    await expectPartialOutput(next, jobId);
  });

  linuxTest.concurrent('holds up no other call while what is left of it is being ended', async ({ sandbox }) => {
    const { jobId } = await abandoned(sandbox, { ignoreTerm: true }, { forever: true });
    const { launcher, cli } = await partsOf(jobId);
    signal(launcher.pid, 'SIGKILL');
    const next = await sandbox.assistant({ env: { SIDEJOB_GRACE_SEC: '5' } });

    const asked = performance.now();
    await next.call('llm_providers');
    await next.job(jobId);
    expect(performance.now() - asked).toBeLessThan(2000);

    signal(cli.pid, 'SIGKILL');
    expect(await next.ended(jobId)).toMatchObject({ status: 'orphaned' });
  });

  linuxTest.concurrent('under a living server is orphaned, too', async ({ sandbox }) => {
    const assistant = await sandbox.assistant();
    const jobId = await assistant.submit(asks({ say: 'so far' }, { forever: true }));
    await assistant.jobWhen(jobId, 'has said something', (job) => job.answerBytes === 6);
    const { launcher, cli } = await partsOf(jobId);

    signal(launcher.pid, 'SIGKILL');
    signal(cli.pid, 'SIGKILL');

    expect(await assistant.ended(jobId)).toMatchObject({ status: 'orphaned' });
    await expectPartialOutput(assistant, jobId);
    await gone(jobId);
  });
});

/** A job that has said `so far` and waits at its gate; its server has been killed. */
async function abandoned(sandbox: Sandbox, ...steps: Step[]): Promise<{ jobId: string; gate: string }> {
  const gate = sandbox.gate();
  const waits: Step[] = steps.some((step) => 'forever' in step) ? [] : [{ gate }];
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'so far' }, ...waits, ...steps));
  await assistant.jobWhen(jobId, 'has said something', (job) => job.answerBytes === 6);
  await assistant.kill();
  return { jobId, gate };
}

async function partsOf(jobId: string): Promise<{ launcher: LiveProcess; cli: LiveProcess }> {
  const all = await processesOf(jobId);
  const launcher = all.find(({ pid, session }) => pid === session);
  const cli = all.find(({ command }) => command.startsWith('node '));
  if (!launcher || !cli) throw new Error(`${jobId} has ${JSON.stringify(all)}`);
  return { launcher, cli };
}

async function gone(jobId: string): Promise<void> {
  await until(`nothing of ${jobId} is left`, async () => (await processesOf(jobId)).length === 0);
}

async function expectPartialOutput(assistant: Assistant, jobId: string): Promise<void> {
  const answer = await assistant.call('llm_job_result', { jobId });
  expect(answer.text).toMatch(/\nanswer: 0–6 of 6 bytes\nso far$/);
  const stdout = await assistant.call('llm_job_result', { jobId, view: 'stdout' });
  expect(stdout.text).toContain('"text":"so far"');
}
