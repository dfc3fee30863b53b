// Cancel ends a job with its whole process tree, however stubborn, within the grace period and a second.
import { describe, expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { linuxTest } from '../support/e2e.js';
import { processesOf, signal } from '../support/processes.js';
import { asks, type Step } from '../support/steps.js';
import { until } from '../support/until.js';

const GRACE_MS = 1000;
const GRANDCHILD: Step = { child: { session: false } };
const IN_OWN_SESSION: Step = { child: { session: true } };

interface Tree {
  steps: Step[];
  /** The strongest signal that the tree needs, and the one that ends the CLI itself. */
  needs: 'SIGTERM' | 'SIGKILL';
  cli: 'SIGTERM' | 'SIGKILL';
}

const TREES: Record<string, Tree> = {
  'a CLI that obeys': { steps: [], needs: 'SIGTERM', cli: 'SIGTERM' },
  'a CLI that ignores SIGTERM': { steps: [{ ignoreTerm: true }], needs: 'SIGKILL', cli: 'SIGKILL' },
  'a grandchild that ignores SIGTERM': { steps: [GRANDCHILD], needs: 'SIGKILL', cli: 'SIGTERM' },
  'a grandchild in a session of its own that does': { steps: [IN_OWN_SESSION], needs: 'SIGKILL', cli: 'SIGTERM' },
  'all of them': { steps: [{ ignoreTerm: true }, GRANDCHILD, IN_OWN_SESSION], needs: 'SIGKILL', cli: 'SIGKILL' },
};

describe.for(Object.entries(TREES))('%s', ([, tree]) => {
  linuxTest('is ended in time, and the signal is said', async ({ sandbox }) => {
    const assistant = await sandbox.assistant();
    const jobId = await standing(assistant, ...tree.steps);

    const asked = performance.now();
    const { jobs } = await assistant.data('llm_job_cancel', { jobId });
    const took = performance.now() - asked;

    expect(jobs).toEqual([{ jobId, status: 'canceled', changed: true, signal: tree.needs }]);
    expect(await processesOf(jobId)).toEqual([]);
    expect(took).toBeLessThan(GRACE_MS + 1000);
    expect(await assistant.job(jobId)).toMatchObject({ status: 'canceled', signal: tree.cli, answerBytes: 8 });
  });
});

linuxTest.concurrent(
  'a job is running, with cancel requested, and keeps its place until all of its tree is dead',
  async ({ sandbox }) => {
    const env = { SIDEJOB_MAX_RUNNING: '1' };
    const assistant = await sandbox.assistant({ env });
    const onlooker = await sandbox.assistant({ env });
    const jobId = await standing(assistant, GRANDCHILD, IN_OWN_SESSION);
    const waiting = await assistant.submit('next', { provider: 'codex' });

    const canceling = assistant.data('llm_job_cancel', { jobId });

    // The CLI itself obeys at once; its children do not.
    await until('the CLI has gone', async () => {
      const left = await processesOf(jobId);
      return left.length === 2 && left.every(({ command }) => command.includes(' -e '));
    });
    expect(await onlooker.job(jobId)).toMatchObject({ status: 'running', cancelRequested: true });
    expect(await onlooker.job(waiting)).toMatchObject({ status: 'queued' });
    await onlooker.jobWhen(jobId, 'is canceled', ({ status }) => status === 'canceled');
    expect(await processesOf(jobId)).toEqual([]);
    expect(await canceling).toMatchObject({ jobs: [{ status: 'canceled' }] });
    expect(await assistant.ended(waiting)).toMatchObject({ status: 'completed' });
  },
);

linuxTest('several jobs are canceled at once, not one after the other', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobIds = [];
  for (const _ of 'abc') jobIds.push(await standing(assistant, { ignoreTerm: true }));

  const asked = performance.now();
  const { jobs } = await assistant.data('llm_job_cancel', { jobIds });

  expect(jobs).toMatchObject(jobIds.map((jobId) => ({ jobId, status: 'canceled', changed: true })));
  expect(performance.now() - asked).toBeLessThan(GRACE_MS + 1000);
});

linuxTest.concurrent(
  'a job is canceled by any server, by two at once, too; its own waits return',
  async ({ sandbox }) => {
    const [one, two, three] = [await sandbox.assistant(), await sandbox.assistant(), await sandbox.assistant()];
    const jobId = await standing(one, { ignoreTerm: true });
    const waiting = one.call('llm_job_wait', { jobId });

    const replies = await Promise.all([two, three].map((each) => each.data('llm_job_cancel', { jobId })));

    for (const { jobs } of replies) expect(jobs).toMatchObject([{ jobId, status: 'canceled', signal: 'SIGKILL' }]);
    expect((await waiting).text).toMatch(new RegExp(`^${jobId} canceled`));
    expect(await processesOf(jobId)).toEqual([]);
  },
);

linuxTest.concurrent('a stopped process is woken to be ended, and needs no SIGKILL', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await standing(assistant);
  for (const { pid } of await processesOf(jobId)) signal(pid, 'SIGSTOP');

  const { jobs } = await assistant.data('llm_job_cancel', { jobId });

  expect(jobs).toEqual([{ jobId, status: 'canceled', changed: true, signal: 'SIGTERM' }]);
  expect(await processesOf(jobId)).toEqual([]);
});

linuxTest.concurrent('a job that is canceled in the moment of its start never goes on', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const other = await sandbox.assistant();
  for (let round = 0; round < 5; round += 1) {
    const submitting = assistant.submit(asks({ forever: true }), { label: `round ${round}` });
    const found = await until('the job is there', async () => {
      const { jobs } = (await other.data('llm_job_list', { query: `round ${round}` })) as { jobs: { jobId: string }[] };
      return jobs[0];
    });
    await other.call('llm_job_cancel', { jobId: found.jobId });
    expect(await submitting).toBe(found.jobId);
    expect(await assistant.job(found.jobId)).toMatchObject({ status: 'canceled' });
    // The launcher that was held back may still be on its way out; it runs nothing.
    await until('its launcher has left', async () => (await processesOf(found.jobId)).length === 0, 1000);
  }
});

linuxTest.concurrent('a job that has ended is not changed by a cancel', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'forty-two' }));
  await assistant.ended(jobId);

  const { jobs } = await assistant.data('llm_job_cancel', { jobId });

  expect(jobs).toEqual([{ jobId, status: 'completed', changed: false }]);
  expect(await assistant.job(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });
});

describe.concurrent('what a CLI leaves behind when it ends by itself', () => {
  linuxTest('does not hold up the job, and is ended if it stayed in the session', async ({ sandbox }) => {
    const assistant = await sandbox.assistant();
    const jobId = await assistant.submit(asks({ child: { session: false } }, { say: 'forty-two' }));

    expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });

    await until('the leftover is gone', async () => (await processesOf(jobId)).length === 0);
  });

  linuxTest('is let be if it left for a session of its own', async ({ sandbox }) => {
    const assistant = await sandbox.assistant();
    const jobId = await assistant.submit(
      asks({ child: { session: true } }, { child: { session: false } }, { say: 'forty-two' }),
    );
    expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed' });

    await until('the other one has been ended', async () => (await processesOf(jobId)).length === 1);

    const [daemon] = await processesOf(jobId);
    expect(daemon?.session).toBe(daemon?.pid);
    if (daemon) signal(daemon.pid, 'SIGKILL');
  });
});

/** A running job that has taken these steps and will never end by itself. */
async function standing(assistant: Assistant, ...steps: Step[]): Promise<string> {
  const jobId = await assistant.submit(asks(...steps, { say: 'standing' }, { forever: true }), { fresh: true });
  await assistant.jobWhen(jobId, 'stands', (job) => job.answerBytes === 8);
  return jobId;
}
