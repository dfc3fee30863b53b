// The server leaves within a second of being told, however it is told; its jobs go on.
import { expect } from 'vitest';
import { linuxTest, test } from '../support/e2e.js';
import { processesOf } from '../support/processes.js';
import type { RawServer } from '../support/raw-server.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const WAYS: Record<string, (server: RawServer) => void> = {
  'the end of stdin': (server) => server.stdin.end(),
  SIGTERM: (server) => server.child.kill('SIGTERM'),
  SIGINT: (server) => server.child.kill('SIGINT'),
  SIGHUP: (server) => server.child.kill('SIGHUP'),
  'a closed stdout': (server) => {
    server.stdout.destroy();
    // It is noticed with the next word.
    server.ask('ping');
  },
};

linuxTest.concurrent.for(Object.entries(WAYS))('on %s, in the middle of a call', async ([, leave], { sandbox }) => {
  const server = sandbox.server();
  await server.initialize();
  const gate = sandbox.gate();
  const submitted = await server.data('llm_job_submit', {
    prompt: asks({ say: 'so far' }, { gate }, { say: 'forty-two' }),
    provider: 'claude',
  });
  const jobId = submitted.jobId as string;
  server.ask('tools/call', { name: 'llm_job_wait', arguments: { jobId } });
  // The call is under way once one that came after it is answered.
  await server.request('ping');

  const told = performance.now();
  leave(server);
  const { code } = await server.ended();

  expect(performance.now() - told).toBeLessThan(1000);
  expect(code).toBe(0);
  expect((await processesOf(jobId)).length).toBeGreaterThan(0);
  await sandbox.open(gate);
  const next = await sandbox.assistant();
  expect((await next.call('llm_job_wait', { jobId })).text).toMatch(/ completed, [\d.]+ s\nforty-two/);
});

// Codex ends its servers so.
test.concurrent.for(['SIGTERM', 'SIGKILL'] as const)(
  'on %s to its whole process group',
  async (signal, { sandbox }) => {
    const server = sandbox.server();
    await server.initialize();
    const gate = sandbox.gate();
    const { jobId } = await server.data('llm_job_submit', {
      prompt: asks({ gate }, { say: 'forty-two' }),
      provider: 'claude',
    });

    process.kill(-server.pid, signal);
    await server.ended(1000);

    await sandbox.open(gate);
    const next = await sandbox.assistant();
    expect((await next.call('llm_job_wait', { jobId })).text).toMatch(/ completed, [\d.]+ s\nforty-two/);
  },
);

test.concurrent.for(Object.entries(WAYS))('on %s, in the moment of its start', async ([, leave], { sandbox }) => {
  const server = sandbox.server();

  const told = performance.now();
  leave(server);
  await server.ended();

  expect(performance.now() - told).toBeLessThan(1000);
  expect(server.stderr).toBe('');
});

test.concurrent('a client that goes away during a run keeps its answer', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const gate = sandbox.gate();
  const reached = sandbox.gate();
  const call = assistant.call('llm_run', {
    prompt: asks({ reached }, { gate }, { say: 'forty-two' }),
    provider: 'claude',
  });
  const outcome = call.then(
    () => 'answered',
    () => 'cut off',
  );
  const other = await sandbox.assistant();
  const { jobId } = await until('the job is there', async () => (await listed())[0]);
  await assistant.close();
  expect(await outcome).toBe('cut off');

  await sandbox.open(gate);

  expect((await other.call('llm_job_wait', { jobId })).text).toMatch(/ completed, [\d.]+ s\nforty-two/);

  async function listed() {
    const { jobs } = (await other.data('llm_job_list')) as { jobs: { jobId: string }[] };
    return jobs;
  }
});
