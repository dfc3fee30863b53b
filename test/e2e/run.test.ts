// llm_run: the answer at once if it comes in time, else a job that goes on.
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import type { Message } from '../support/raw-server.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

test.concurrent.for(ERAS)('answers in the same call, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });

  const reply = await assistant.call('llm_run', { prompt: asks({ say: 'forty-two' }), provider: 'codex' });

  expect(reply.text).toMatch(/^codex-\w{8} completed, [\d.]+ s\nforty-two$/);
  expect(reply).toMatchObject({ isError: false, data: undefined });
});

test.concurrent.for(ERAS)('goes on in the background past the wait, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const gate = sandbox.gate();

  const asked = performance.now();
  const deferred = await assistant.call('llm_run', {
    prompt: asks({ say: 'so far' }, { gate }, { say: 'forty-two' }),
    provider: 'claude',
    waitSec: 0.3,
  });
  expect(performance.now() - asked).toBeGreaterThanOrEqual(300);
  const jobId = /llm_job_wait\{jobIds:\["(claude-\w{8})"\]\}/.exec(deferred.text)?.[1] ?? '';
  expect(deferred.isError).toBe(false);
  expect(deferred.text).toContain('Do not ask again');
  expect(await assistant.job(jobId)).toMatchObject({ status: 'running', kind: 'deferred' });

  await sandbox.open(gate);
  const { text } = await assistant.call('llm_job_wait', { jobId });
  expect(text).toMatch(/^claude-\w{8} completed, [\d.]+ s\nforty-two$/);
});

test.concurrent('a wait of zero returns at once, and the job goes on', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await assistant.submit(asks({ gate }, { say: 'late' }));

  const { text } = await assistant.call('llm_job_wait', { jobId, waitSec: 0 });

  expect(text).toMatch(new RegExp(`^${jobId} running.*\n\nStill going on`));
  await sandbox.open(gate);
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed' });
});

test.concurrent('a wait for any returns with the first, and lists what is pending', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gates = [sandbox.gate(), sandbox.gate()] as const;
  const slow = await assistant.submit(asks({ gate: gates[0] }, { say: 'slow' }));
  const fast = await assistant.submit(asks({ gate: gates[1] }, { say: 'fast' }));

  const waiting = assistant.call('llm_job_wait', { jobIds: [slow, fast], until: 'any' });
  await sandbox.open(gates[1]);
  const { text } = await waiting;

  expect(text).toContain(`${fast} completed`);
  expect(text).toContain('fast');
  expect(text).toContain(`llm_job_wait{jobIds:["${slow}"]}`);
  await sandbox.open(gates[0]);
  expect((await assistant.call('llm_job_wait', { jobIds: [slow, fast] })).text).toContain('\nslow');
});

test.concurrent('a client that cancels its call ends the wait, never the job', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const reached = sandbox.gate();
  const giveUp = new AbortController();
  const call = assistant.call(
    'llm_run',
    { prompt: asks({ reached }, { gate }, { say: 'kept' }), provider: 'claude' },
    { signal: giveUp.signal },
  );
  const outcome = call.then(
    () => 'answered',
    () => 'given up',
  );
  const jobId = await until('the job runs', async () => {
    const { jobs } = (await assistant.data('llm_job_list')) as { jobs: { jobId: string; status: string }[] };
    return jobs[0]?.status === 'running' && jobs[0].jobId;
  });

  giveUp.abort();
  expect(await outcome).toBe('given up');

  expect(await assistant.job(jobId)).toMatchObject({ status: 'running' });
  await sandbox.open(gate);
  const { text } = await assistant.call('llm_job_wait', { jobId });
  expect(text).toMatch(/completed, [\d.]+ s\nkept$/);
});

test.concurrent('a failed run is an error that says why, with what was written', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const reply = await assistant.call('llm_run', {
    prompt: asks({ stderr: 'disk on fire' }, { exit: 3 }),
    provider: 'claude',
  });

  expect(reply.isError).toBe(true);
  expect(reply.text).toMatch(/^claude-\w{8} failed \((exit_code|provider_error)\)/);
  expect(reply.text).toContain('disk on fire');
});

test.concurrent('progress is reported while a call waits, rises, and stops with the reply', async ({ sandbox }) => {
  const server = sandbox.server();
  await server.initialize();
  const [first, second] = [sandbox.gate(), sandbox.gate()];
  const ask = (gate: string, progressToken: string) =>
    server.ask('tools/call', {
      name: 'llm_run',
      arguments: { prompt: asks({ say: 'so far' }, { gate }, { say: 'done' }), provider: 'claude' },
      _meta: { progressToken },
    });

  const one = ask(first, 'one');
  const two = ask(second, 'two');
  await until('two reports on the first call', () => reports(server.messages, 'one').length >= 2, 20_000);
  await sandbox.open(first);
  await server.reply(one);
  const replied = server.messages.findIndex(({ id }) => id === one);
  // The first call began first: had it not stopped, it would report again before the second does.
  const seen = reports(server.messages, 'two').length;
  await until('another report on the second', () => reports(server.messages, 'two').length > seen, 20_000);
  await sandbox.open(second);
  await server.reply(two);

  const sent = reports(server.messages, 'one').map(({ progress }) => progress as number);
  expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b));
  expect(reports(server.messages, 'one')[0]?.message).toMatch(/^claude-\w{8} running, [\d.]+ s, writing/);
  expect(reports(server.messages.slice(replied), 'one')).toEqual([]);
});

test.concurrent.for(ERAS)('progress reaches the client, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const gate = sandbox.gate();
  const reported: number[] = [];

  const call = assistant.call(
    'llm_run',
    { prompt: asks({ gate }, { say: 'done' }), provider: 'claude' },
    { onprogress: ({ progress }) => reported.push(progress) },
  );
  await until('the first report', () => reported.length > 0);
  await sandbox.open(gate);

  expect((await call).text).toContain('done');
  expect(reported[0]).toBeGreaterThan(0);
  expect(assistant.complaints).toEqual([]);
});

test.concurrent.for(ERAS)('progress keeps a client waiting beyond its own limit, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const gate = sandbox.gate();
  let reported = 0;
  const call = assistant.call(
    'llm_run',
    { prompt: asks({ gate }, { say: 'done' }), provider: 'claude' },
    { timeout: 6000, onprogress: () => (reported += 1) },
  );
  await until('two reports, four seconds each', () => reported >= 2, 20_000);
  await sandbox.open(gate);
  expect((await call).text).toContain('done');
});

function reports(messages: Message[], token: string): Record<string, unknown>[] {
  return messages
    .filter(({ method, params }) => method === 'notifications/progress' && params?.progressToken === token)
    .map(({ params }) => params ?? {});
}
