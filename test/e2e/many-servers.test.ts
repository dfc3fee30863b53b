// Every client starts a server of its own; all of them share one store.
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { asks } from '../support/steps.js';

test('servers that open a new store at the same instant all work, and see the same jobs', async ({ sandbox }) => {
  const eras = [...ERAS, ...ERAS, ...ERAS].slice(0, 8);
  const assistants = await Promise.all(eras.map((era) => sandbox.assistant({ era })));

  const ids = await Promise.all(
    assistants.map((assistant, n) => assistant.submit(`hello ${n}`, { provider: 'codex' })),
  );

  expect(new Set(ids).size).toBe(assistants.length);
  for (const assistant of assistants) {
    await assistant.call('llm_job_wait', { jobIds: ids });
    const { jobs } = await assistant.data('llm_job_list', { filter: 'ended' });
    expect(jobs).toHaveLength(ids.length);
  }
  const { jobs } = (await assistants[0]?.data('llm_process_health')) ?? {};
  expect(jobs).toMatchObject({ completed: ids.length, running: 0, queued: 0 });
});

test('a job is waited for, read and listed by a server that did not start it', async ({ sandbox }) => {
  const [one, two] = [await sandbox.assistant({ client: 'one' }), await sandbox.assistant({ client: 'two' })];
  const gate = sandbox.gate();
  const jobId = await one.submit(asks({ gate }, { say: 'forty-two' }));

  const waiting = two.call('llm_job_wait', { jobId });
  await sandbox.open(gate);

  expect((await waiting).text).toMatch(/completed, [\d.]+ s\nforty-two/);
  // Read by one is read for all.
  expect(await one.data('llm_job_list', { filter: 'unread' })).toEqual({ jobs: [] });
});

test('a server that leaves and one that stays do not disturb a job', async ({ sandbox }) => {
  const [one, two] = [await sandbox.assistant(), await sandbox.assistant()];
  const gate = sandbox.gate();
  const jobId = await one.submit(asks({ say: 'so far' }, { gate }, { say: 'forty-two' }));
  await two.jobWhen(jobId, 'runs', (job) => job.answerBytes === 6);
  const waiting = two.call('llm_job_wait', { jobId });

  await one.close();
  await sandbox.open(gate);

  expect((await waiting).text).toMatch(/completed, [\d.]+ s\nforty-two/);
  expect(await two.job(jobId)).toMatchObject({ exitCode: 0 });
});
