// A job that prints a gigabyte costs the server no memory, and any part of it is read at once.
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { linuxTest } from '../support/e2e.js';
import { residentBytes } from '../support/processes.js';
import { asks } from '../support/steps.js';

const MB = 1024 * 1024;
const GIGABYTE = 1_000_000_000;
const PAGE = 36_000;
/** Milliseconds that a page may take: no benchmark, but far below reading a gigabyte. */
const PAGE_MS = 100;
const GROWTH_MB = 30;

linuxTest('a gigabyte costs the server no memory, and its pages are read at once', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ era: 'sdk 1.x' });
  const memory = await watchMemory(assistant);

  const jobId = await assistant.submit(asks({ print: GIGABYTE }, { say: 'forty-two' }));
  const { text } = await assistant.call('llm_job_wait', { jobId, waitSec: 50 });
  expect(text).toMatch(/completed, [\d.]+ s\nforty-two$/);

  const total = (await assistant.job(jobId)).stdoutBytes as number;
  expect(total).toBeGreaterThan(GIGABYTE);
  for (const offset of [0, Math.floor(total / 2), -PAGE]) {
    const page = await timed(assistant, { jobId, view: 'stdout', offset, limit: PAGE });
    const start = offset < 0 ? total + offset : offset;
    expect(page.text).toContain(`\nstdout: ${start}–${start + PAGE} of ${total} bytes`);
    expect(page.text.length).toBeGreaterThanOrEqual(PAGE);
    expect(page.text.includes('"result":"forty-two"')).toBe(offset < 0);
    expect(page.ms).toBeLessThan(PAGE_MS);
  }
  const answer = await timed(assistant, { jobId });
  expect(answer.text).toMatch(/\nanswer: 0–9 of 9 bytes\nforty-two$/);
  expect(answer.ms).toBeLessThan(PAGE_MS);
  expect(memory.grownMb()).toBeLessThan(GROWTH_MB);
});

// Gemini's answer comes in pieces, so that all of its output must be read.
linuxTest('nor does a gigabyte that an assistant looks at all the time', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const memory = await watchMemory(assistant);
  const gate = sandbox.gate();

  const jobId = await assistant.submit(asks({ print: GIGABYTE }, { say: 'forty-two' }, { gate }), {
    provider: 'gemini',
  });
  await assistant.jobWhen(jobId, 'has answered', (job) => job.answerBytes === 9);
  await sandbox.open(gate);

  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed', answerBytes: 9 });
  expect(memory.grownMb()).toBeLessThan(GROWTH_MB);
});

/** How far the server's memory rises from now on, after a first job has loaded all of its code. */
async function watchMemory(assistant: Assistant): Promise<{ grownMb(): number }> {
  await assistant.ended(await assistant.submit('warm up'));
  const before = await residentBytes(assistant.pid);
  let highest = before;
  const sample = async () => {
    highest = Math.max(highest, await residentBytes(assistant.pid));
  };
  const sampler = setInterval(() => void sample().catch(() => clearInterval(sampler)), 20);
  return { grownMb: () => (highest - before) / MB };
}

async function timed(assistant: Assistant, args: object): Promise<{ text: string; ms: number }> {
  const begun = performance.now();
  const { text } = await assistant.call('llm_job_result', { ...args });
  return { text, ms: performance.now() - begun };
}
