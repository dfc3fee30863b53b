// Places are counted over all servers of one data folder.
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { signal } from '../support/processes.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const TWO_PLACES = { SIDEJOB_MAX_RUNNING: '2' };

test.concurrent('two servers share two places; a job waits until one of the other server is free', async ({
  sandbox,
}) => {
  const one = await sandbox.assistant({ env: TWO_PLACES });
  const two = await sandbox.assistant({ env: TWO_PLACES });
  const first = await gated(sandbox, one);
  const second = await gated(sandbox, two);

  const third = await gated(sandbox, two);
  const fourth = await gated(sandbox, one);

  expect(await one.job(third.id)).toMatchObject({ status: 'queued', activity: 'waiting for a place, 1 in line' });
  expect(await two.job(fourth.id)).toMatchObject({ status: 'queued', activity: 'waiting for a place, 2 in line' });
  const { queue } = await one.data('llm_process_health');
  expect(queue).toMatchObject({ waiting: 2, running: 2, maxRunning: 2, byProvider: { claude: 2 } });

  // Which of the two that wait gets it is not promised across servers; that exactly one does, is.
  await sandbox.open(first.gate);
  expect(await one.ended(first.id)).toMatchObject({ status: 'completed' });
  await until('one of the two has begun', async () => (await statuses(one, third, fourth)).running === 1);
  expect(await statuses(one, third, fourth)).toEqual({ running: 1, queued: 1 });

  for (const { gate } of [second, third, fourth]) await sandbox.open(gate);
  for (const { id } of [second, third, fourth]) expect(await two.ended(id)).toMatchObject({ status: 'completed' });
});

test.concurrent('in one server, a question goes before a submitted job, and else the older first', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const running = await gated(sandbox, assistant);
  const older = await assistant.submit(asks({ say: 'older' }));
  const younger = await assistant.submit(asks({ say: 'younger' }));
  const question = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex', waitSec: 0 });
  const asked = /^codex-\w{8}/.exec(question.text)?.[0] ?? '';

  expect(await assistant.job(asked)).toMatchObject({ activity: 'waiting for a place, 1 in line' });
  expect(await assistant.job(older)).toMatchObject({ activity: 'waiting for a place, 2 in line' });
  expect(await assistant.job(younger)).toMatchObject({ activity: 'waiting for a place, 3 in line' });

  await sandbox.open(running.gate);
  for (const id of [asked, older, younger]) expect(await assistant.ended(id)).toMatchObject({ status: 'completed' });
});

test.concurrent('one CLI has a limit of its own, and does not hold up the others', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING_PER_PROVIDER: '1' } });
  const running = await gated(sandbox, assistant);
  const waiting = await gated(sandbox, assistant);

  const other = await assistant.submit('hello', { provider: 'codex' });

  expect(await assistant.ended(other)).toMatchObject({ status: 'completed' });
  expect(await assistant.job(waiting.id)).toMatchObject({ status: 'queued' });
  await sandbox.open(running.gate);
  await sandbox.open(waiting.gate);
  expect(await assistant.ended(waiting.id)).toMatchObject({ status: 'completed' });
});

test.concurrent('a job is canceled in the queue without ever having begun', async ({ sandbox }) => {
  const env = { SIDEJOB_MAX_RUNNING: '1' };
  const one = await sandbox.assistant({ env });
  const two = await sandbox.assistant({ env });
  const running = await gated(sandbox, one);
  const waiting = await gated(sandbox, one);

  const canceled = await two.data('llm_job_cancel', { jobId: waiting.id });

  expect(canceled).toEqual({ jobs: [{ jobId: waiting.id, status: 'canceled', changed: true }] });
  await sandbox.open(waiting.gate);
  await sandbox.open(running.gate);
  expect(await one.ended(running.id)).toMatchObject({ status: 'completed' });
  expect(await one.job(waiting.id)).not.toHaveProperty('stdoutBytes');
});

test.concurrent('a full queue refuses, and says so', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING: '1', SIDEJOB_MAX_QUEUED: '1' } });
  const running = await gated(sandbox, assistant);
  const waiting = await gated(sandbox, assistant);

  const refused = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' });

  expect(refused.isError).toBe(true);
  expect(refused.text).toBe('queue_full: 1 jobs are waiting already (maxQueued). Try later. Nothing was started.');
  await assistant.call('llm_job_cancel', { jobIds: [running.id, waiting.id] });
});

test.concurrent('a queued job of a server that was killed is started by the next one with the same login', async ({
  sandbox,
}) => {
  const env = { SIDEJOB_MAX_RUNNING: '1' };
  const one = await sandbox.assistant({ env });
  const running = await gated(sandbox, one);
  const waiting = await one.submit(asks({ say: 'at last' }));
  await one.kill();

  const stranger = await sandbox.assistant({ env: { ...env, ANTHROPIC_API_KEY: 'of somebody else' } });
  await sandbox.open(running.gate);
  expect(await stranger.ended(running.id)).toMatchObject({ status: 'completed' });
  expect(await stranger.job(waiting)).toMatchObject({
    status: 'queued',
    activity: 'waiting: its server is gone; a server with the same login will start it',
  });

  const two = await sandbox.assistant({ env });
  expect((await two.call('llm_job_wait', { jobId: waiting })).text).toMatch(/completed, [\d.]+ s\nat last/);
});

test.concurrent('a queued job of a server that is stopped stays its own, and holds up nobody', async ({ sandbox }) => {
  const env = { SIDEJOB_MAX_RUNNING: '1' };
  const one = await sandbox.assistant({ env });
  const two = await sandbox.assistant({ env });
  const running = await gated(sandbox, one);
  const waiting = await one.submit(asks({ say: 'at last' }));
  signal(one.pid, 'SIGSTOP');
  try {
    await sandbox.open(running.gate);
    expect(await two.ended(running.id)).toMatchObject({ status: 'completed' });
    // Two has places to give by now, gives one to a job of its own, and leaves the other's where it is.
    const own = await two.submit(asks({ say: 'mine' }));
    expect(await two.ended(own)).toMatchObject({ status: 'completed' });
    const three = await sandbox.assistant({ env });
    expect(await three.job(waiting)).toMatchObject({ status: 'queued' });
    expect(await two.job(waiting)).toMatchObject({ status: 'queued' });
  } finally {
    signal(one.pid, 'SIGCONT');
  }

  expect((await two.call('llm_job_wait', { jobId: waiting })).text).toMatch(/completed, [\d.]+ s\nat last/);
});

test.concurrent('two jobs that may edit one folder exclude each other, also across servers', async ({ sandbox }) => {
  const one = await sandbox.assistant();
  const two = await sandbox.assistant();
  const first = await one.submit(asks({ forever: true }), { access: 'edit' });

  const second = await two.call('llm_job_submit', { prompt: 'hi', provider: 'codex', access: 'full' });
  const reader = await two.submit('hi', { provider: 'codex' });

  expect(second.isError).toBe(true);
  expect(second.text).toMatch(new RegExp(`^folder_busy: job ${first} \\(running\\) may be changing files in `));
  expect(await two.ended(reader)).toMatchObject({ status: 'completed' });
  await two.call('llm_job_cancel', { jobId: first });
});

interface Gated {
  id: string;
  gate: string;
}

/** A job that ends when its gate is opened. */
async function gated(sandbox: Sandbox, assistant: Assistant): Promise<Gated> {
  const gate = sandbox.gate();
  return { gate, id: await assistant.submit(asks({ gate }, { say: 'done' })) };
}

async function statuses(assistant: Assistant, ...jobs: Gated[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { id } of jobs) {
    const { status } = await assistant.job(id);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}
