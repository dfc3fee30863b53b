// What a job leaves on disk: its files are the user's alone, and its CLI gets what it needs and no more.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { asks, echoIn } from '../support/steps.js';

test('folders are 0700 and files 0600, and the CLI keeps the umask of the user', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ stderr: 'a warning' }, { echo: true }));
  const { text } = await assistant.call('llm_job_wait', { jobId });
  const folder = join(sandbox.home, 'jobs', jobId);

  expect(await readdir(folder)).toEqual(expect.arrayContaining(['exit', 'prompt', 'stderr', 'stdout', 'tmp']));
  for (const name of ['', 'jobs', `jobs/${jobId}`, `jobs/${jobId}/tmp`]) {
    expect(await mode(join(sandbox.home, name)), name).toBe('40700');
  }
  for (const name of await readdir(sandbox.home)) {
    if (name.startsWith('store.db')) expect(await mode(join(sandbox.home, name)), name).toBe('100600');
  }
  for (const name of await readdir(folder)) {
    if (name !== 'tmp') expect(await mode(join(folder, name)), name).toBe('100600');
  }
  expect(echoIn(text)).toMatchObject({ umask: process.umask(), tmp: join(folder, 'tmp') });
});

test('the exit file says the exit status, and stderr what the CLI has said', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ stderr: 'a warning' }, { exit: 7 }));
  await assistant.ended(jobId);
  const folder = join(sandbox.home, 'jobs', jobId);

  expect(await readFile(join(folder, 'exit'), 'utf8')).toMatch(/^7\n/);
  expect(await readFile(join(folder, 'stderr'), 'utf8')).toBe('a warning\n');
  const { text } = await assistant.call('llm_job_result', { jobId, view: 'stderr' });
  expect(text).toMatch(/\nstderr: 0–10 of 10 bytes\na warning\n$/);
});

test('a failure shows the end of stderr with the answer, and pages are whole characters', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'äöü' }, { stderr: 'the reason' }, { exit: 1 }));
  await assistant.ended(jobId);

  const whole = await assistant.call('llm_job_result', { jobId });
  expect(whole.text).toMatch(/\nanswer: 0–6 of 6 bytes\näöü\nEnd of stderr:\nthe reason$/);
  const part = await assistant.call('llm_job_result', { jobId, limit: 3 });
  expect(part.text).toMatch(/\nanswer: 0–2 of 6 bytes, read on from offset 2\nä\n/);
  const rest = await assistant.call('llm_job_result', { jobId, offset: -3 });
  expect(rest.text).toMatch(/\nanswer: [34]–6 of 6 bytes\nü\n/);
});

test('events are shown one a line', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say: 'one' }, { say: 'two' }));
  await assistant.ended(jobId);

  const { text } = await assistant.call('llm_job_result', { jobId, view: 'events', offset: 1, limit: 30 });

  expect(text).toMatch(/\nevents: 1–3 of 6 events, read on from offset 3\n1 text "one"\n2 text "two"\n$/);
});

async function mode(path: string): Promise<string> {
  return (await stat(path)).mode.toString(8);
}
