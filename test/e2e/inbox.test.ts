// Start in one client, collect in another: what ended unread is seen, in its own project.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Assistant, JobView } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

const NOTICE = /\n\n2 earlier jobs of this project ended unread; llm_job_list shows them\.$/;

test.concurrent('the first reply of a server ends with the number of unread jobs, later ones do not', async ({
  sandbox,
}) => {
  await leaveUnread(sandbox, 2);
  const assistant = await sandbox.assistant({ client: 'another' });

  const first = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex' });
  const second = await assistant.call('llm_run', { prompt: 'hi again', provider: 'codex' });

  expect(first.text).toMatch(NOTICE);
  expect(second.text).not.toMatch(/unread/);
});

test.concurrent('one that ended unread is said in the singular, and none not at all', async ({ sandbox }) => {
  const none = await sandbox.assistant();
  expect((await none.call('llm_run', { prompt: 'hi', provider: 'codex' })).text).not.toMatch(/unread/);
  await none.close();
  await leaveUnread(sandbox, 1);
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex' });

  expect(text).toMatch(/\n\n1 earlier job of this project ended unread; llm_job_list shows it\.$/);
});

// Claude Code and Codex show the model nothing but the data of a reply that has some.
test.concurrent('the number of unread jobs is not spent on a text that the model does not see', async ({ sandbox }) => {
  await leaveUnread(sandbox, 2);
  const assistant = await sandbox.assistant({ client: 'another' });

  const { data } = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'codex' });
  const { text } = await assistant.call('llm_job_wait', { jobId: data?.jobId });

  expect(`${data?.note ?? ''}\n${text}`).toMatch(/2 earlier jobs of this project ended unread/);
});

test.concurrent('the list without arguments shows what runs and what is unread, until it is read', async ({
  sandbox,
}) => {
  const [unread = ''] = await leaveUnread(sandbox, 1);
  const assistant = await sandbox.assistant({ client: 'another' });
  const running = await assistant.submit(asks({ forever: true }));

  expect(await listed(assistant)).toMatchObject([
    { jobId: running, status: 'running' },
    { jobId: unread, status: 'completed', unread: true },
  ]);
  expect(await listed(assistant, { filter: 'unread' })).toMatchObject([{ jobId: unread }]);

  await assistant.call('llm_job_result', { jobId: unread });
  expect(await listed(assistant)).toMatchObject([{ jobId: running }]);
  expect(await listed(assistant, { filter: 'ended' })).toMatchObject([{ jobId: unread }]);
  await assistant.call('llm_job_cancel', { jobId: running });
});

test.concurrent('status and list alone do not count as read', async ({ sandbox }) => {
  const [unread = ''] = await leaveUnread(sandbox, 1);
  const assistant = await sandbox.assistant();

  await assistant.job(unread);
  await listed(assistant);

  expect(await listed(assistant, { filter: 'unread' })).toMatchObject([{ jobId: unread, unread: true }]);
});

test.concurrent('another project hears nothing of it, and sees it if it asks for all', async ({ sandbox }) => {
  const [unread = ''] = await leaveUnread(sandbox, 1);
  const elsewhere = await sandbox.newProject('elsewhere');
  const assistant = await sandbox.assistant({ cwd: elsewhere });

  const { text } = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex' });

  expect(text).not.toMatch(/unread/);
  const empty = await assistant.call('llm_job_list');
  expect(empty.data).toEqual({ jobs: [] });
  expect(empty.text).toBe(`No open jobs in ${elsewhere} (scope:"all" for every project).`);
  expect(await listed(assistant, { scope: 'all' })).toMatchObject([{ jobId: unread }]);
});

test.concurrent('a client that says its project is believed; a folder below one counts as the project', async ({
  sandbox,
}) => {
  const [unread = ''] = await leaveUnread(sandbox, 1);
  const below = join(sandbox.project, 'src', 'deep');
  await mkdir(below, { recursive: true });

  const said = await sandbox.assistant({ cwd: sandbox.userHome, env: { CLAUDE_PROJECT_DIR: sandbox.project } });
  const within = await sandbox.assistant({ cwd: below });

  expect(await listed(said)).toMatchObject([{ jobId: unread, cwd: sandbox.project }]);
  expect(await listed(within)).toMatchObject([{ jobId: unread, cwd: sandbox.project }]);
});

test.concurrent('without a project, questions are asked in an empty folder, and edits are refused', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant({ cwd: '/' });

  const jobId = await assistant.submit('hello');
  const edit = await assistant.call('llm_job_submit', { prompt: 'hello', provider: 'claude', access: 'edit' });

  expect((await assistant.ended(jobId)).cwd).toBe(`${sandbox.home}/scratch`);
  expect(edit).toMatchObject({ isError: true, text: expect.stringMatching(/^no_folder: .*Nothing was started\.$/) });
});

/** Jobs that ended after their client had gone. */
async function leaveUnread(sandbox: Sandbox, count: number): Promise<string[]> {
  const assistant = await sandbox.assistant();
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await assistant.submit(`hello ${n}`));
  for (const id of ids) await assistant.jobWhen(id, 'has ended', ({ status }) => status === 'completed');
  await assistant.close();
  return ids;
}

async function listed(assistant: Assistant, args: object = {}): Promise<JobView[]> {
  const { jobs } = (await assistant.data('llm_job_list', { ...args })) as { jobs: JobView[] };
  return jobs;
}
