// A reply fits into what every client takes, whatever stands in it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { asks } from '../support/steps.js';

const MOST = 40_000;

test.concurrent('an answer loses its middle, with the offset to read on from', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const answer = `BEGIN${'x'.repeat(55_000)}END`;

  const { text } = await assistant.call('llm_run', { prompt: asks({ say: answer }), provider: 'claude' });

  expect(text.length).toBeLessThan(MOST);
  expect(text.length).toBeGreaterThan(30_000);
  const [, jobId, offset] = /llm_job_result\{jobId:"(claude-\w{8})", offset:(\d+)\} reads on/.exec(text) ?? [];
  expect(/\nBEGINx+\n\[… \d+ bytes cut; .*\nx+END$/.test(text)).toBe(true);
  const page = await assistant.call('llm_job_result', { jobId, offset: Number(offset), limit: 36_000 });
  expect(page.text.length).toBeLessThan(MOST);
  expect(page.text.endsWith('xEND')).toBe(true);
});

test.concurrent('an answer in Chinese stays below 25,000 tokens', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', { prompt: asks({ say: '漢'.repeat(40_000) }), provider: 'claude' });

  expect([...text].filter((each) => each === '漢').length).toBeLessThan(25_000);
});

test('lists and states of many jobs fit, text and data', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const cwd = join(sandbox.project, ...Array.from({ length: 20 }, () => 'a-deep-folder'));
  await mkdir(cwd, { recursive: true });
  const ids: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    const prompt = asks({ forever: true });
    const label = `${n} ${'l'.repeat(190)}`;
    const { jobId } = await assistant.data('llm_job_submit', { prompt, provider: 'claude', cwd, label, fresh: true });
    ids.push(jobId as string);
  }

  for (const [tool, args] of [
    ['llm_job_list', { limit: 60, scope: 'all' }],
    ['llm_job_status', { jobIds: ids.slice(0, 50) }],
  ] as const) {
    const { text, data } = await assistant.call(tool, args);
    expect(text.length, tool).toBeLessThan(MOST);
    expect(JSON.stringify(data).length, tool).toBeLessThan(MOST);
    const jobs = data?.jobs as { jobId: string }[];
    expect(jobs.map(({ jobId }) => jobId).sort()).toEqual(ids.slice(0, jobs.length).sort());
  }
  for (const jobIds of [ids.slice(0, 50), ids.slice(50)]) await assistant.call('llm_job_cancel', { jobIds });
});

test('errors and notes quote no more of the arguments than helps', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const long = 'x'.repeat(100_000);

  for (const [tool, args] of [
    ['llm_run', { prompt: 'hi', provider: 'claude', cwd: `/${long}` }],
    ['llm_run', { prompt: 'hi', provider: 'claude', attach: [long] }],
    ['llm_run', { prompt: 'hi', provider: long }],
    ['llm_run', { prompt: 'hi', [long]: 1 }],
    ['llm_job_list', { cursor: long }],
    ['llm_job_status', { jobId: 'x'.repeat(200) }],
    [long, {}],
  ] as const) {
    const { text, isError } = await assistant.call(tool, args);
    expect(isError, text.slice(0, 100)).toBe(true);
    expect(text.length, text.slice(0, 100)).toBeLessThanOrEqual(2000);
  }
  const unknown = Array.from({ length: 7 }, (_, n) => `${n}${long.slice(0, 6000)}`);
  const said = asks({ say: 'y'.repeat(60_000) });
  const { text } = await assistant.call('llm_run', { prompt: said, providers: ['claude', ...unknown] });
  expect(text.length).toBeLessThan(MOST);
  expect(text.includes('unknown_provider') && text.endsWith('yyy')).toBe(true);
});
