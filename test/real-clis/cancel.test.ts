// A cancel ends everything that a real CLI has started, and keeps what it had written.
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { CLI_NAMES, CLIS } from './clis.js';
import { Machine } from './machine.js';

describe.each(CLI_NAMES)('%s', (cli) => {
  test('is canceled in mid-stream', async () => {
    const machine = await Machine.start({ api: { [cli]: { delayMs: 300 } } });
    const { assistant, api } = machine;
    api.set({ hang: 'middle' });
    const jobId = await machine.submit(cli, { prompt: 'My name is Ada.' });
    await machine.midStream(cli, jobId);
    expect(await machine.jobProcesses()).not.toEqual([]);

    const canceled = await assistant.data('llm_job_cancel', { jobId });
    expect(canceled.jobs).toEqual([{ jobId, status: 'canceled', changed: true, signal: 'SIGTERM' }]);
    expect(await machine.jobProcesses()).toEqual([]);
    await until('the API has been hung up on', () => api.requests().every(({ aborted }) => aborted));

    expect(await assistant.job(jobId)).toMatchObject({ status: 'canceled', signal: 'SIGTERM' });
    expect(await machine.result(jobId)).toBe(CLIS[cli].printsPieces ? 'Fake re' : '');
    const sessions = await machine.sessions(jobId);
    if (!CLIS[cli].namesSessionLast) expect(sessions).toHaveLength(1);
    const again = await assistant.data('llm_job_cancel', { jobId });
    expect(again.jobs).toEqual([expect.objectContaining({ jobId, status: 'canceled', changed: false })]);

    // The conversation is kept, too.
    if (CLIS[cli].keepsCutConversation === false) return;
    api.set({ hang: '' });
    const next = await assistant.data('llm_job_submit', { prompt: 'What is my name?', continueJob: jobId });
    expect(await assistant.ended(next.jobId as string)).toMatchObject({ status: 'completed', exitCode: 0 });
    if (!CLIS[cli].namesSessionLast) expect(await machine.sessions(next.jobId as string)).toEqual(sessions);
    expect(JSON.stringify(api.requests().at(-1)?.body)).toContain('My name is Ada.');
  });

  test('is canceled while a command of its runs', async () => {
    const { access, ...knobs } = CLIS[cli].endless;
    const machine = await Machine.start({ api: { [cli]: { ...CLIS[cli].knobs, ...knobs } } });
    const { assistant } = machine;
    const jobId = await machine.submit(cli, { access });
    const running = async (command: string) =>
      (await machine.jobProcesses()).some((process) => process.command === command);
    await until('the command runs', () => running('sleep 1'), 20_000);
    if (!CLIS[cli].printsToolsLate)
      await assistant.jobWhen(jobId, 'shows the command', ({ activity }) =>
        /running while true;/.test(String(activity)),
      );

    const { jobs } = await assistant.data('llm_job_cancel', { jobId });
    expect(jobs).toEqual([expect.objectContaining({ jobId, status: 'canceled', changed: true })]);
    expect(await machine.jobProcesses()).toEqual([]);
  });
});
