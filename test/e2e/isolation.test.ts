// Isolated jobs as a client sees them: submitted, waited for, looked at, and applied or discarded.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { type TestRepository, testRepository } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const AWS = 'AKIAQ3EGPJ6ZPX7RTUVW';

async function repositoryIn(sandbox: Sandbox): Promise<TestRepository> {
  await sandbox.install('git');
  return testRepository({ 'src/a.txt': 'one\ntwo\nthree\n', 'b.txt': 'b\n' }, sandbox.project);
}

const writing = (path: string, text: string) => ({ write: { path, text } });

test.for(ERAS)('submit, wait, look, apply; %s', async (era, { sandbox }) => {
  const repository = await repositoryIn(sandbox);
  await repository.write({ 'b.txt': 'mine\n' });
  const assistant = await sandbox.assistant({ era });
  const prompt = asks(writing('src/a.txt', 'ONE\ntwo\nthree\n'), writing('new.txt', `new ${AWS}\n`), { say: 'done' });

  const submitted = await assistant.call('llm_job_submit', {
    prompt,
    provider: 'claude',
    access: 'edit',
    isolate: true,
  });
  const jobId = submitted.text.split(' ')[0] ?? '';
  expect(submitted.text).toMatch(
    new RegExp(
      `^${jobId} (running|queued) in ${sandbox.project}, isolated on sidejob/${jobId}\nIt begins from the last commit, without 1 uncommitted file`,
    ),
  );
  expect(submitted.data).toMatchObject({ jobs: [{ cwd: sandbox.project, isolated: `sidejob/${jobId}` }] });

  const waited = await assistant.call('llm_job_wait', { jobId });
  expect(waited.text).toMatch(
    new RegExp(`^${jobId} completed, .*isolated: sidejob/${jobId}, 2 files \\+2 -1, not applied\ndone`),
  );

  const diff = await assistant.call('llm_job_result', { jobId, view: 'diff' });
  expect(diff.text).toMatch(
    /diff: 0–\d+ of \d+ bytes\n2 files \+2 -1\nA new\.txt \+1 -0\nM src\/a\.txt \+1 -1\n\ndiff --git/,
  );
  expect(diff.text).toContain('-one\n+ONE\n two\n');
  expect(diff.text).not.toContain(AWS);
  const page = await assistant.call('llm_job_result', { jobId, view: 'diff', offset: 0, limit: 40 });
  expect(page.text).toMatch(/diff: 0–40 of \d+ bytes, read on from offset 40\n2 files/);

  await expect(readFile(join(sandbox.project, 'src/a.txt'), 'utf8')).resolves.toBe('one\ntwo\nthree\n');
  const applied = await assistant.call('llm_job_changes', { jobId, action: 'apply' });
  expect(applied.text).toBe(
    `applied to ${sandbox.project}, not committed: 2 files +2 -1\nA new.txt +1 -0\nM src/a.txt +1 -1`,
  );
  await expect(readFile(join(sandbox.project, 'src/a.txt'), 'utf8')).resolves.toBe('ONE\ntwo\nthree\n');
  await expect(readFile(join(sandbox.project, 'b.txt'), 'utf8')).resolves.toBe('mine\n');
  expect(repository.git('log', '--format=%s')).toBe('a change');
  expect(await assistant.job(jobId)).toMatchObject({ isolated: `sidejob/${jobId}, 2 files +2 -1, applied` });
});

test('a conflict is named, nothing is applied, and the work can be discarded', async ({ sandbox }) => {
  await repositoryIn(sandbox);
  const assistant = await sandbox.assistant();
  const prompt = asks(writing('src/a.txt', 'theirs\n'), writing('b.txt', 'theirs\n'), { say: 'done' });
  const asked = { prompt, provider: 'codex', access: 'edit', isolate: 'with-changes' };
  const { text } = await assistant.call('llm_job_submit', asked);
  const jobId = text.split(' ')[0] ?? '';
  await assistant.call('llm_job_wait', { jobId });
  await writeFile(join(sandbox.project, 'src/a.txt'), 'mine\n');

  const refused = await assistant.call('llm_job_changes', { jobId, action: 'apply' });
  expect(refused).toMatchObject({ isError: true });
  expect(refused.text).toMatch(
    /^conflict: 1 file changed on both sides: src\/a\.txt\. Nothing was applied\. .*git merge/,
  );
  await expect(readFile(join(sandbox.project, 'b.txt'), 'utf8')).resolves.toBe('b\n');

  const gone = await assistant.call('llm_job_changes', { jobId, action: 'discard' });
  expect(gone.text).toMatch(new RegExp(`^discarded sidejob/${jobId} with its worktree: 2 files \\+2 -4\\.`));
  const again = await assistant.call('llm_job_changes', { jobId, action: 'discard' });
  expect(again.text).toBe(`sidejob/${jobId} was discarded before.`);
  const diff = await assistant.call('llm_job_result', { jobId, view: 'diff' });
  expect(diff.text).toMatch(/were discarded/);
});

test('several at once, each in a worktree of its own', async ({ sandbox }) => {
  await repositoryIn(sandbox);
  const assistant = await sandbox.assistant();
  const providers = ['claude', 'codex', 'gemini'];
  const { data } = await assistant.call('llm_job_submit', {
    ...{ prompt: asks(writing('mine.txt', 'x\n'), { say: 'done' }), providers, access: 'edit', isolate: true },
  });
  const jobs = data?.jobs as { jobId: string }[];
  expect(jobs).toHaveLength(3);
  const { text } = await assistant.call('llm_job_wait', { jobIds: jobs.map(({ jobId }) => jobId) });
  expect(text.match(/1 file \+1 -0, not applied/g)).toHaveLength(3);
  // Their group is not one of them.
  const { text: refused } = await assistant.call('llm_job_changes', { jobId: data?.jobId, action: 'apply' });
  const ids = jobs.map(({ jobId }) => jobId).join(', ');
  expect(refused).toBe(
    `unknown_job: ${data?.jobId} is a group, and one job is meant here. Name one of its jobs: ${ids}.`,
  );
});

test('the owner caps it, and a policy may ask for it', async ({ sandbox }) => {
  await repositoryIn(sandbox);
  const assistant = await sandbox.assistant();
  const asked = { prompt: asks(writing('x', 'x\n'), { say: 'done' }), provider: 'claude', access: 'edit' };
  const { text } = await assistant.call('llm_job_submit', { ...asked, isolate: true });
  const jobId = text.split(' ')[0] ?? '';
  await assistant.call('llm_job_wait', { jobId });
  const capped = await sandbox.assistant({ env: { SIDEJOB_MAX_ACCESS: 'read-only' } });
  expect((await capped.call('llm_job_changes', { jobId, action: 'apply' })).text).toMatch(
    /^access_denied: .*maxAccess/,
  );

  const require = [{ path: 'isolate', op: 'eq', value: true }];
  const policy = { version: '1', default: 'allow', tools: { llm_job_submit: { require } } };
  await writeFile(join(sandbox.home, 'policy.json'), JSON.stringify(policy), { mode: 0o600 });
  const governed = await sandbox.assistant();
  expect((await governed.call('llm_job_submit', { ...asked, fresh: true })).text).toMatch(/^denied: /);
  const taken = await governed.call('llm_job_submit', { ...asked, fresh: true, isolate: 'with-changes' });
  expect(taken.text).toMatch(/isolated on sidejob\//);
  await governed.ended(taken.text.split(' ')[0] ?? '');
});
