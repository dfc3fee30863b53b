// The server is killed while a real CLI works; the next server tells what became of the job.
import { describe, expect, test } from 'vitest';
import { CLI_NAMES, CLIS } from './clis.js';
import { Machine } from './machine.js';

const REPLY = 'One answer, streamed over two seconds, while its server is killed.';

describe.each(CLI_NAMES)('%s', (cli) => {
  test('finishes without its server, and the next one has the answer', async () => {
    const machine = await Machine.start({ api: { [cli]: { reply: REPLY, chunks: 8, delayMs: 250 } } });
    const jobId = await machine.submit(cli);
    await machine.midStream(cli, jobId);
    await machine.assistant.kill();
    expect(await machine.jobProcesses()).not.toEqual([]);

    await machine.startServer();
    expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });
    expect(await machine.result(jobId)).toBe(REPLY);
    // Asked once: a job is never run twice.
    expect(machine.api.requests().map(({ aborted }) => aborted)).toEqual([false]);
  });

  test('is killed without its server, and the next one says so', async () => {
    const machine = await Machine.start({ api: { [cli]: { hang: 'middle' } } });
    const jobId = await machine.submit(cli);
    await machine.midStream(cli, jobId);
    await machine.assistant.kill();
    // As for want of memory: the CLI dies, while its launcher lives and writes down how.
    for (const { pid, command } of await machine.jobProcesses()) {
      if (!/^\/bin\/(sh|sleep) /.test(command)) process.kill(pid, 'SIGKILL');
    }
    await machine.jobsGone();

    await machine.startServer();
    const job = await machine.assistant.job(jobId);
    expect(job).toMatchObject({ status: 'failed', reason: 'killed', exitCode: 137, signal: 'SIGKILL' });
    expect(await machine.result(jobId)).toBe(CLIS[cli].printsPieces ? 'Fake re' : '');
  });
});
