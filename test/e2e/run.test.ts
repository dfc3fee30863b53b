// llm_run: the answer at once if it comes in time, else a job that goes on.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

test.concurrent.for(ERAS)(
  'a client that cancels its call ends the wait, never the job, %s',
  async (era, { sandbox }) => {
    const assistant = await sandbox.assistant({ era });
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
  },
);

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
  expectDense(sent);
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
  await until('two reports', () => reported >= 2, 20_000);
  await sandbox.open(gate);
  expect((await call).text).toContain('done');
});

test.concurrent('progress goes on while a process does not want to end', async ({ sandbox }) => {
  const server = sandbox.server({ env: { SIDEJOB_GRACE_SEC: '8' } });
  await server.initialize();
  const reached = sandbox.gate();
  const prompt = asks({ ignoreTerm: true }, { reached }, { forever: true });
  const { jobId } = await server.data('llm_job_submit', { prompt, provider: 'claude' });
  await until('it ignores TERM', () => existsSync(reached));

  const asked = performance.now();
  const { result } = await server.request('tools/call', {
    name: 'llm_job_cancel',
    arguments: { jobId },
    _meta: { progressToken: 'cancel' },
  });

  const tookSec = (performance.now() - asked) / 1000;
  expect(tookSec).toBeGreaterThan(8);
  expectDense([...reports(server.messages, 'cancel').map(({ progress }) => progress as number), tookSec]);
  expect(result).toMatchObject({ structuredContent: { jobs: [{ status: 'canceled', signal: 'SIGKILL' }] } });
});

test.concurrent('a cancel is not waited for longer than the client allows', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_GRACE_SEC: '6', SIDEJOB_WAIT_SEC: '1' } });
  const reached = sandbox.gate();
  const jobId = await assistant.submit(asks({ ignoreTerm: true }, { reached }, { forever: true }));
  await until('it ignores TERM', () => existsSync(reached));

  const asked = performance.now();
  const { data, text } = await assistant.call('llm_job_cancel', { jobId });

  expect(performance.now() - asked).toBeLessThan(5000);
  expect(data).toMatchObject({ jobs: [{ jobId, status: 'running', changed: true, cancelRequested: true }] });
  expect(text).toContain('its processes are still being ended');
  await until('it is canceled', async () => (await assistant.job(jobId)).status === 'canceled', 20_000);
});

test.concurrent('the owner says how long a call waits, in all clients or in one', async ({ sandbox }) => {
  await mkdir(sandbox.home, { recursive: true });
  await writeFile(join(sandbox.home, 'config.toml'), '[wait]\nother = 2\n');
  const gate = sandbox.gate();
  for (const [client, seconds] of [
    ['some', 1],
    ['other-client', 2],
  ] as const) {
    const assistant = await sandbox.assistant({ client, env: { SIDEJOB_WAIT_SEC: '1' } });
    const asked = performance.now();
    const { text } = await assistant.call('llm_run', { prompt: asks({ gate }), provider: 'claude', waitSec: 60 });
    const tookMs = performance.now() - asked;
    expect(text).toContain('Still going on in the background');
    expect(tookMs).toBeGreaterThanOrEqual(seconds * 1000 - 20);
    expect(tookMs).toBeLessThan(seconds * 1000 + 10_000);
  }
  await sandbox.open(gate);
});

/** Clients that renew their patience with every report are told of at least one in five seconds. */
function expectDense(seconds: readonly number[]): void {
  const gaps = seconds.map((at, index) => at - (seconds[index - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5);
}

function reports(messages: Message[], token: string): Record<string, unknown>[] {
  return messages
    .filter(({ method, params }) => method === 'notifications/progress' && params?.progressToken === token)
    .map(({ params }) => params ?? {});
}
