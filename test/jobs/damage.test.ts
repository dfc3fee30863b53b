// Files that are missing: nothing throws, nothing hangs, and what is left is told.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { answerText, RESULT_VIEWS, readResult } from '../../src/jobs/result.js';
import { viewJob } from '../../src/jobs/view.js';
import { answering, testEngine } from '../support/engine.js';

test('an ended job whose folder is gone still says how it ended', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(answering('x')));
  await rm(jobFiles(engine.paths, job.id).dir, { recursive: true });
  expect(await viewJob(engine, job)).toMatchObject({ status: 'completed', exitCode: 0 });
  // What has changed is not in its folder, and it is not isolated.
  const views = RESULT_VIEWS.filter((view) => view !== 'diff');
  for (const view of views) expect(await readResult(engine, job, view, 0, 100)).toMatchObject({ text: '' });
  expect(await answerText(engine, job)).toBe('');
});

test('a running job whose folder is removed can still be looked at and ended', async () => {
  const { engine, submit } = await testEngine();
  const job = await submit('sleep 30');
  await rm(jobFiles(engine.paths, job.id).dir, { recursive: true });
  expect(await viewJob(engine, job)).toMatchObject({ status: 'running' });
  expect(await cancelJob(engine, job.id)).toMatchObject({ job: { status: 'canceled' } });
});

test('a queued job whose folder is gone fails with a reason', async () => {
  const { engine, submit, ended } = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const blocker = await submit('sleep 30');
  const waiting = await submit(answering('x'));
  await rm(jobFiles(engine.paths, waiting.id).dir, { recursive: true });
  await cancelJob(engine, blocker.id);
  expect(await ended(waiting)).toMatchObject({
    status: 'failed',
    reason: 'spawn_failed',
    error: 'Its prompt file is missing or incomplete.',
  });
});

test('a folder without a record is let be while it is young, and hurts nobody', async () => {
  const { engine, submit, ended } = await testEngine();
  await mkdir(join(engine.paths.jobs, 'claude-nobody00'));
  expect(await ended(await submit(answering('x')))).toMatchObject({ status: 'completed' });
});
