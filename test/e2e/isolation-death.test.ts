// SIGKILL of the server at each step of an isolated job's life: what was accepted is done once, the checkout is whole or
// can be made so by the same call, and what is left over is found and cleared away.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ISOLATION_POINTS } from '../../src/process/fault.js';
import type { Assistant, JobView } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { type TestRepository, testRepository } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\n';
const PROMPT = asks(
  { write: { path: 'a.txt', text: LINES.replace('one', 'ONE') } },
  { write: { path: 'b/new.txt', text: 'new\n' } },
  { write: { path: 'c.txt', text: 'c, changed\n' } },
  { say: 'done' },
);
const MINE = LINES.replace('six', 'SIX');

/** The file that the user has edited, and those that the job has made or changed, as they are in the checkout. */
function filesOf(sandbox: Sandbox): Promise<(string | undefined)[]> {
  const names = ['a.txt', 'b/new.txt', 'c.txt'];
  return Promise.all(names.map((name) => readFile(join(sandbox.project, name), 'utf8').catch(() => undefined)));
}

const BEFORE = [MINE, undefined, 'c\n'];
const AFTER = [MINE.replace('one', 'ONE'), 'new\n', 'c, changed\n'];

async function submit(assistant: Assistant): Promise<string> {
  const asked = { prompt: PROMPT, provider: 'claude', access: 'edit', isolate: true };
  return (await assistant.call('llm_job_submit', asked)).text.split(' ')[0] ?? '';
}

async function ended(assistant: Assistant): Promise<JobView[]> {
  const jobs = (await assistant.data('llm_job_list', { filter: 'any', scope: 'all' })).jobs as JobView[];
  return Promise.all(jobs.map(({ jobId }) => assistant.ended(jobId)));
}

/** Leads to the point at which the server dies, and returns the repository. */
async function die(point: string, sandbox: Sandbox): Promise<TestRepository> {
  await sandbox.install('git');
  const repository = await testRepository({ 'a.txt': LINES, 'c.txt': 'c\n' }, sandbox.project);
  await repository.write({ 'a.txt': MINE });
  const doomed = await sandbox.assistant({ env: { SIDEJOB_FAULT: point } });
  const action = /^(apply|discard)\./.exec(point)?.[1];
  const lead = async () => {
    if (action === undefined) return doomed.call('llm_job_wait', { jobId: await submit(doomed) });
    const other = await sandbox.assistant();
    const jobId = await submit(other);
    await other.call('llm_job_wait', { jobId });
    return doomed.call('llm_job_changes', { jobId, action });
  };
  await expect(lead()).rejects.toThrow(/closed/i);
  return repository;
}

test.for(ISOLATION_POINTS)('killed at %s', async (point, { sandbox }) => {
  const repository = await die(point, sandbox);
  const { git } = repository;
  const [head, index] = [git('rev-parse', 'main'), git('ls-files', '-s')];
  if (!point.startsWith('apply.')) expect(await filesOf(sandbox)).toEqual(BEFORE);
  // Each file is as it was, or as it is to be.
  for (const [at, text] of (await filesOf(sandbox)).entries()) expect([BEFORE[at], AFTER[at]]).toContain(text);

  const next = await sandbox.assistant();
  const jobs = await ended(next);
  if (point === 'isolate.intended' || point === 'isolate.branched') {
    // It was not accepted; what it had intended is cleared away in an hour (test/jobs/isolation/tidy.test.ts).
    expect(jobs).toEqual([]);
    await next.call('llm_job_wait', { jobId: await submit(next) });
  }
  const [job] = jobs.length > 0 ? jobs : await ended(next);
  const jobId = job?.jobId ?? '';
  expect(job).toMatchObject({ status: 'completed' });
  const stdout = await readFile(join(sandbox.home, 'jobs', jobId, 'stdout'), 'utf8');
  expect(stdout.split('"subtype":"init"')).toHaveLength(2);

  if (point.startsWith('discard.')) {
    const { text } = await next.call('llm_job_changes', { jobId, action: 'discard' });
    expect(text).toBe(`sidejob/${jobId} was discarded before.`);
    expect(git('branch', '--list', 'sidejob/*')).toBe('');
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
    expect(await readdir(join(sandbox.home, 'worktrees'))).toEqual([]);
    expect(await filesOf(sandbox)).toEqual(BEFORE);
    return;
  }
  const { text } = await next.call('llm_job_result', { jobId, view: 'diff' });
  expect(text).toMatch(/\n3 files \+3 -2\nM a\.txt \+1 -1\nA b\/new\.txt \+1 -0\nM c\.txt \+1 -1\n/);
  // What the job has done is one commit, however often it was looked for.
  expect(git('log', '--format=%s', `main..sidejob/${jobId}`)).toBe(`Work of ${jobId}`);
  expect((await next.call('llm_job_changes', { jobId, action: 'apply' })).isError).not.toBe(true);
  expect(await filesOf(sandbox)).toEqual(AFTER);
  expect([git('rev-parse', 'main'), git('ls-files', '-s')]).toEqual([head, index]);
  expect(git('status', '--porcelain')).toBe(' M a.txt\n M c.txt\n?? b/');
  expect((await readdir(join(sandbox.project, '.git'))).filter((name) => name.startsWith('sidejob'))).toEqual([]);
  expect(await next.job(jobId)).toMatchObject({ isolated: expect.stringMatching(/, applied$/) });
  await next.call('llm_job_changes', { jobId, action: 'discard' });
  expect((await readdir(join(sandbox.home, 'worktrees'))).filter((name) => name.startsWith(jobId))).toEqual([]);
  expect(existsSync(join(sandbox.project, '.git/worktrees', jobId))).toBe(false);
});
