// Whatever is asked wrongly is a clear error that says what to do, or a job that works; never a crash, and never
// a job that does not end.
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { test } from '../support/e2e.js';

const NOTHING = / Nothing was started\.$/;

const UNUSABLE: [string, string, Record<string, unknown>, RegExp][] = [
  [
    'an unknown job',
    'llm_job_status',
    { jobId: 'claude-00000000' },
    /^unknown_job: no job "claude-00000000"\. llm_job_list shows/,
  ],
  ['a malformed id', 'llm_job_result', { jobId: "'; DROP TABLE job; --" }, /^unknown_job: no job "'; DROP TABLE/],
  ['an id of wildcards', 'llm_job_cancel', { jobId: '*' }, /^unknown_job: no job "\*"/],
  [
    'a path for an id',
    'llm_job_result',
    { jobId: '../../etc/passwd' },
    /^unknown_job: no job "\.\.\/\.\.\/etc\/passwd"/,
  ],
  ['an empty id', 'llm_job_wait', { jobId: '' }, /^bad_argument: jobId = "": must not be empty\. /],
  ['no ids', 'llm_job_wait', { jobIds: [] }, /^bad_argument: jobIds = \[\]: needs at least one\. /],
  [
    'too long a wait',
    'llm_job_wait',
    { jobId: 'x', waitSec: 4000 },
    /^bad_argument: waitSec = 4000: must be at most 3600\. /,
  ],
  [
    'nine providers',
    'llm_run',
    { prompt: 'hi', providers: Array(9).fill('codex') },
    /^bad_argument: providers = \["codex",.*: takes at most 8\. Nothing was started\.$/,
  ],
  [
    'several in one text',
    'llm_run',
    { prompt: 'hi', providers: 'claude, codex' },
    /^bad_argument: providers = "claude, codex": expected an array: \["claude","codex"\]\. Nothing was started\.$/,
  ],
  [
    'an array in a text',
    'llm_run',
    { prompt: 'hi', providers: '["claude"]' },
    /^bad_argument: providers = .*: expected an array: \["claude"\]\. Nothing was started\.$/,
  ],
  ['an id of 201 characters', 'llm_job_wait', { jobId: 'x'.repeat(201) }, /^bad_argument: jobId = "xxx/],
  ['no id at all', 'llm_job_wait', {}, /^bad_argument: jobId or jobIds is needed\. llm_job_list shows/],
  ['one unknown id of several', 'llm_job_cancel', { jobIds: ['claude-00000000'] }, /^unknown_job: /],
  [
    'an unknown provider',
    'llm_run',
    { prompt: 'hi', provider: 'cladue' },
    /^unknown_provider: no provider "cladue"\. claude\? There are /,
  ],
  [
    'an empty prompt',
    'llm_run',
    { prompt: '', provider: 'claude' },
    /^bad_argument: prompt is empty\. Nothing was started\.$/,
  ],
  ['a blank prompt', 'llm_job_submit', { prompt: ' \n\t', provider: 'claude' }, /^bad_argument: prompt is empty\. /],
  ['no prompt', 'llm_run', {}, /^bad_argument: prompt is missing\. Nothing was started\.$/],
  [
    'a prompt that is no text',
    'llm_run',
    { prompt: 42 },
    /^bad_argument: prompt = 42: expected string.* Nothing was started\.$/,
  ],
  [
    'a misspelt argument',
    'llm_run',
    { promt: 'hi' },
    /^bad_argument: "promt" is unknown; prompt \(.*\)\? Nothing was started\.$/,
  ],
  [
    'an argument without its unit',
    'llm_job_submit',
    { prompt: 'hi', timeout: 5 },
    /^bad_argument: "timeout" is unknown; timeoutSec \(seconds\)\? Nothing was started\.$/,
  ],
  [
    'an argument of another tool',
    'llm_process_health',
    { prompt: 'hi' },
    /^bad_argument: "prompt" is unknown here; llm_run takes it\. Call it again, corrected\.$/,
  ],
  [
    'an unknown access',
    'llm_job_submit',
    { prompt: 'hi', access: 'root' },
    /^bad_argument: access = "root": .*"read-only"\|"edit"\|"full"/,
  ],
  [
    'an unknown isolation',
    'llm_job_submit',
    { prompt: 'hi', access: 'edit', isolate: 'yes' },
    /^bad_argument: isolate = "yes": expected true, false or "with-changes"\. Nothing was started\.$/,
  ],
  [
    'a review that is no object',
    'llm_run',
    { prompt: 'hi', review: true },
    /^bad_argument: review = true: expected an object with any of base, paths, received boolean\./,
  ],
  [
    'a misspelt part of a review',
    'llm_run',
    { prompt: 'hi', review: { path: 'src' } },
    /^bad_argument: "path" is unknown in review\. There are base, paths\. Nothing was started\.$/,
  ],
  [
    'a review in a worktree of its own',
    'llm_job_submit',
    { prompt: 'hi', review: {}, isolate: true },
    /^bad_argument: review and isolate exclude each other\. Leave one out\. Nothing was started\.$/,
  ],
  [
    'a change that there is not',
    'llm_job_changes',
    { jobId: 'x', action: 'merge' },
    /"apply".* Nothing was changed\.$/,
  ],
  ['a negative time', 'llm_job_submit', { prompt: 'hi', timeoutSec: -1 }, /^bad_argument: timeoutSec = -1: /],
  [
    'a time as text',
    'llm_job_submit',
    { prompt: 'hi', timeoutSec: '60' },
    /^bad_argument: timeoutSec = "60": expected number/,
  ],
  [
    'too many providers',
    'llm_run',
    { prompt: 'hi', providers: Array(9).fill('claude') },
    /^bad_argument: providers = /,
  ],
  [
    'provider and providers',
    'llm_run',
    { prompt: 'hi', provider: 'claude', providers: ['codex'] },
    /^bad_argument: provider and providers exclude each other\./,
  ],
  [
    'a relative folder',
    'llm_run',
    { prompt: 'hi', provider: 'claude', cwd: 'src' },
    /^bad_argument: cwd "src" is not an absolute path\. /,
  ],
  [
    'a folder with a NUL byte',
    'llm_run',
    { prompt: 'hi', provider: 'claude', cwd: '/tmp\0' },
    /^bad_argument: cwd "\/tmp\\u0000" is not an absolute path\. /,
  ],
  [
    'a folder that is not there',
    'llm_run',
    { prompt: 'hi', provider: 'claude', cwd: '/no/such/folder' },
    /^no_folder: cwd "\/no\/such\/folder" cannot be used: it does not exist\. /,
  ],
  [
    'a file for a folder',
    'llm_run',
    { prompt: 'hi', provider: 'claude', cwd: '/etc/passwd' },
    /^no_folder: cwd "\/etc\/passwd" cannot be used: it is not a folder\. /,
  ],
  [
    'a model that is a flag',
    'llm_run',
    { prompt: 'hi', provider: 'claude', model: '--yolo' },
    /^bad_argument: model "--yolo" is not a name\. /,
  ],
  [
    'a model with a NUL byte',
    'llm_run',
    { prompt: 'hi', provider: 'claude', model: 'o\0pus' },
    /^bad_argument: model contains a NUL byte\. /,
  ],
  [
    'what the CLI cannot do',
    'llm_job_submit',
    { prompt: 'hi', provider: 'gemini', effort: 'high' },
    /^not_supported: gemini takes no effort\. /,
  ],
  ['an unknown view', 'llm_job_result', { jobId: 'x', view: 'patch' }, /^bad_argument: view = "patch": /],
  ['a made-up cursor', 'llm_job_list', { cursor: 'next' }, /^bad_argument: cursor "next" is not one\. /],
];

test('what cannot be done is an error in one line that says what to do, and nothing is started', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant();

  for (const [what, tool, args, words] of UNUSABLE) {
    const reply = await assistant.call(tool, args);

    expect.soft(reply.text, what).toMatch(words);
    expect.soft(reply.text, what).not.toContain('\n');
    expect.soft(reply, what).toMatchObject({ isError: true, data: undefined });
    if (tool === 'llm_run' || tool === 'llm_job_submit') expect.soft(reply.text, what).toMatch(NOTHING);
  }

  await expectNoJobs(assistant);
});

test('an id that several jobs begin with names them', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const [one, two] = [await assistant.submit('one'), await assistant.submit('two')];
  for (const id of [one, two]) await assistant.ended(id);

  const { text } = await assistant.call('llm_job_status', { jobId: 'claude-' });

  expect(text).toBe(`unknown_job: several jobs begin with "claude-": ${two} (completed), ${one} (completed).`);
});

test('an unknown tool is an error that names the tools', async ({ sandbox }) => {
  const server = sandbox.server();
  await server.initialize();

  const { result } = await server.callTool('llm_job_start', {});

  expect(result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/^bad_argument: no tool "llm_job_start"\. There are llm_run, /) }],
  });
});

test('arguments that are no object are an error', async ({ sandbox }) => {
  const server = sandbox.server();
  await server.initialize();

  for (const args of ['text', [1], 7]) {
    const { result } = await server.request('tools/call', { name: 'llm_run', arguments: args });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: 'bad_argument: arguments must be an object of named values. Nothing was started.' }],
    });
  }
  expect((await server.callTool('llm_job_list', { filter: 'any' })).result).toMatchObject({
    structuredContent: { jobs: [] },
  });
});

test('a CLI that is not installed is said, with how to install it', async ({ sandbox }) => {
  await sandbox.uninstall('codex');
  const assistant = await sandbox.assistant();

  const { text, isError } = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex' });

  expect(isError).toBe(true);
  expect(text).toBe(
    'not_installed: codex: "codex" was not found on PATH or the login shell\'s PATH. ' +
      'Install it: npm install -g @openai/codex. Ready now: claude, gemini, demo. Nothing was started.',
  );
  await expectNoJobs(assistant);
});

test('a CLI that cannot be run ends its job, and says why', async ({ sandbox }) => {
  await sandbox.uninstall('codex');
  await writeFile(join(sandbox.bin, 'codex'), '#!/no/such/interpreter\n', { mode: 0o755 });
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit('hi', { provider: 'codex' });

  expect(await assistant.ended(jobId)).toMatchObject({ status: 'failed', reason: 'spawn_failed', exitCode: 127 });
});

test('a folder is the same by every name it has', async ({ sandbox }) => {
  const alias = join(sandbox.root, 'alias');
  await symlink(sandbox.project, alias);
  const assistant = await sandbox.assistant();

  const jobId = await assistant.submit('hi', { cwd: alias });

  expect((await assistant.ended(jobId)).cwd).toBe(sandbox.project);
});

async function expectNoJobs(assistant: Assistant): Promise<void> {
  expect(await assistant.data('llm_job_list', { filter: 'any', scope: 'all' })).toEqual({ jobs: [] });
}
