// Attempts to get out: each is an error in one line that says why, and leaves nothing started, in every face of Sidejob.
import { chmod, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks, echoIn } from '../support/steps.js';

const PATHS = [
  ...['..', '../..', '../../etc/passwd', 'claude-00000000/../../config.toml', '/etc/passwd', './jobs', '.', '%', '_'],
  ...[
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e',
    'job:../../etc/passwd',
    'job://../../etc/passwd',
    'file:///etc/passwd',
  ],
  ...['claude-0\0/../x', '..\\..\\etc', '~', '$HOME', '\u202e..'],
];

/** The defaults: the home folder and the project. */
const DEFAULT_ROOTS = { SIDEJOB_ROOTS: '' };

async function expectNothing(sandbox: Sandbox, assistant: Assistant): Promise<void> {
  expect(await assistant.data('llm_job_list', { filter: 'any', scope: 'all' })).toEqual({ jobs: [] });
  expect(await readdir(join(sandbox.home, 'jobs'))).toEqual([]);
}

test('a path for a job id is unknown to every tool and every resource', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  await assistant.call('llm_job_list');
  for (const id of PATHS) {
    for (const tool of ['llm_job_status', 'llm_job_wait', 'llm_job_result', 'llm_job_cancel']) {
      const reply = await assistant.call(tool, { jobId: id });
      expect
        .soft(reply, `${tool} ${id}`)
        .toMatchObject({ isError: true, text: expect.stringMatching(/^unknown_job: /) });
      const several = tool === 'llm_job_result' ? reply : await assistant.call(tool, { jobIds: [id] });
      expect.soft(several.text, `${tool} ${id}`).toMatch(/^unknown_job: /);
    }
    for (const args of [{ continueJob: id }, { attach: [`job:${id}`], provider: 'claude' }]) {
      const reply = await assistant.call('llm_run', { prompt: 'hi', ...args });
      expect.soft(reply.text, JSON.stringify(args)).toMatch(/^unknown_job: /);
    }
    for (const view of ['', '/stdout', '/stderr', '/events', '/../../store.db']) {
      const read = assistant.read(`job://${id}${view}`);
      await expect.soft(read, `${id}${view}`).rejects.toThrow(/no (job|resource) |Invalid|invalid/);
    }
  }
  await expectNothing(sandbox, assistant);
});

test('a path for a job id is unknown to every command', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  await assistant.call('llm_job_list');
  for (const id of ['../..', '/etc/passwd', 'job:../../etc/passwd', '..%2f..']) {
    for (const command of ['show', 'logs', 'cancel']) {
      const ran = await sidejob(sandbox, command, id);
      expect.soft(ran, `${command} ${id}`).toMatchObject({ status: 1, stdout: '' });
      expect.soft(ran.stderr, `${command} ${id}`).toMatch(/^sidejob: unknown_job: /);
    }
  }
  await expectNothing(sandbox, assistant);
});

test('by default jobs work in the home folder and in the project, and nowhere else', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: DEFAULT_ROOTS });
  const other = await sandbox.newProject('other');
  await symlink(other, join(sandbox.project, 'link'));
  await writeFile(join(other, 'secret.txt'), 'not for you');
  const open = `"${sandbox.userHome}", "${sandbox.project}"`;
  for (const tool of ['llm_run', 'llm_job_submit']) {
    const { text, isError } = await assistant.call(tool, { prompt: 'hi', provider: 'claude', cwd: other });
    expect(isError).toBe(true);
    expect(text).toBe(
      `outside_roots: cwd "${other}" is outside the folders that are open to jobs: ${open}. Stay in these, or ask the ` +
        `person to add it to roots in ${sandbox.home}/config.toml. Nothing was started.`,
    );
  }
  for (const cwd of [join(sandbox.project, 'link'), `${sandbox.project}/../other`, sandbox.root, sandbox.home]) {
    const { text } = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'claude', cwd });
    expect(text, cwd).toMatch(/^outside_roots: cwd .* Nothing was started\.$/);
  }
  for (const attach of [[join(other, 'secret.txt')], ['link/secret.txt'], ['../other/secret.txt'], ['/etc/passwd']]) {
    const { text } = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude', attach });
    expect(text, attach[0]).toMatch(/^outside_roots: attach: .* Nothing was started\.$/);
  }
  await expectNothing(sandbox, assistant);

  for (const cwd of [sandbox.userHome, sandbox.project]) {
    const { text } = await assistant.call('llm_run', { prompt: `hi from ${cwd}`, provider: 'claude', cwd });
    expect(echoIn(text).cwd).toBe(cwd);
  }
});

test('the settings are lists that health shows, and a root that is not there is a warning', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  const file = join(sandbox.home, 'config.toml');
  await writeFile(file, `roots = ["~/work", "/no/such/root"]\nallowedProviders = ["claude", "codex"]\n`);
  const env = { ...DEFAULT_ROOTS, SIDEJOB_ALLOWED_MODELS: 'opus,gpt-*' };
  const assistant = await sandbox.assistant({ env });

  const { text, data } = await assistant.call('llm_process_health');

  expect(text).toContain(`roots = [~/work, /no/such/root] (${file})`);
  expect(text).toContain(`allowedProviders = [claude, codex] (${file})`);
  expect(text).toContain('allowedModels = [opus, gpt-*] (SIDEJOB_ALLOWED_MODELS)');
  expect(data).toMatchObject({
    config: { settings: { allowedProviders: { value: ['claude', 'codex'], origin: file } } },
    warnings: [`roots (${file}): "~/work" does not exist.`, `roots (${file}): "/no/such/root" does not exist.`],
  });
  const shown = (await assistant.call('llm_providers')).text;
  expect(shown).toMatch(
    /^gemini not_allowed, .*the person would have to add it to allowedProviders \(.*config\.toml\)$/m,
  );
  expect(shown).toMatch(/^claude ready, /m);
  const gemini = await assistant.call('llm_run', { prompt: 'hi', provider: 'gemini', model: 'opus' });
  expect(gemini.text).toMatch(
    /^not_allowed: provider "gemini" is not among .*: claude, codex\. .*Nothing was started\.$/,
  );
  const unnamed = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' });
  expect(unnamed.text).toMatch(
    /^not_allowed: no model is named, and the default of claude may be any \(allowedModels\)/,
  );
  await expectNothing(sandbox, assistant);
});

test('text that looks like flags, variables or control characters stays text', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  for (const model of ['--dangerously-skip-permissions', '-c', '-']) {
    const { text } = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'claude', model });
    expect(text).toMatch(/^bad_argument: model ".*" is not a name\. Nothing was started\.$/);
  }
  for (const continueJob of [
    '--dangerously-skip-permissions',
    '--resume=0123456789abcdef',
    '-0123456789abcdef01',
    'a\nb',
  ]) {
    const { text } = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'claude', continueJob });
    expect(text).toMatch(/^unknown_job: /);
  }
  for (const wrong of [{ effort: '--yolo' }, { access: '--yolo' }]) {
    const { text } = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'claude', ...wrong });
    expect(text).toMatch(/^bad_argument: .*Nothing was started\.$/);
  }
  await expectNothing(sandbox, assistant);

  const hostile = '--yolo\nPATH=/tmp/evil\u001b[2J';
  const jobId = await assistant.submit(asks({ echo: true }), {
    ...{ label: hostile, dedupeKey: hostile, systemPrompt: `${hostile} `, model: 'opus --yolo' },
  });
  const { argv } = echoIn((await assistant.call('llm_job_wait', { jobId })).text);
  expect(argv.filter((word) => word.startsWith('--yolo') || word.includes('\u001b[2J'))).toEqual([
    `--append-system-prompt=${hostile} `,
  ]);
  expect(argv).toContain('--model=opus --yolo');
  expect((await assistant.job(jobId)).label).toBe('--yolo');
});

test('a folder’s name cannot repaint the terminal', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const cwd = join(sandbox.project, 'a\u001b]0;evil\u0007\u001b[2J\nb\u009b31m');
  await mkdir(cwd);
  const jobId = await assistant.submit('hi', { cwd, label: '\u001b[31mred' });
  await assistant.ended(jobId);
  for (const args of [
    ['list', '--all'],
    ['show', jobId],
  ]) {
    const { stdout, status } = await sidejob(sandbox, ...args);
    expect(status).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
  const refused = await sidejob(sandbox, 'show', '\u001b[2J');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(refused.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});

test('a data folder that others may write to is refused everywhere, and health says what to do', async ({
  sandbox,
}) => {
  await mkdir(sandbox.home);
  await chmod(sandbox.home, 0o777);
  const assistant = await sandbox.assistant();
  const words = new RegExp(`store_unavailable: ${sandbox.home} may be written by other users: .* chmod 700 `);
  for (const [tool, args] of [
    ['llm_run', { prompt: 'hi', provider: 'claude' }],
    ['llm_job_list', {}],
    ['llm_providers', {}],
  ] as const) {
    expect((await assistant.call(tool, args)).text, tool).toMatch(words);
  }
  expect(await assistant.call('llm_process_health')).toMatchObject({ isError: false, data: { ok: false } });
  for (const args of [['list'], ['providers'], ['providers', 'add', 'ollama']]) {
    expect((await sidejob(sandbox, ...args)).stderr, args.join(' ')).toMatch(words);
  }
  expect(await readdir(sandbox.home)).toEqual([]);
});

test('a data folder may be a link, and a server of either name finds the same jobs', async ({ sandbox }) => {
  const real = join(sandbox.root, 'real');
  await mkdir(real);
  await symlink(real, sandbox.home);
  const byLink = await sandbox.assistant();
  const jobId = await byLink.submit('hi');
  expect((await byLink.ended(jobId)).status).toBe('completed');
  const byName = await sandbox.assistant({ env: { SIDEJOB_HOME: await realpath(real) } });
  expect((await byName.job(jobId)).status).toBe('completed');
});

test('a server within a job is not let out by an environment of its own making', async ({ sandbox }) => {
  const outer = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await outer.submit(asks({ gate }));
  await outer.jobWhen(jobId, 'runs', ({ status }) => status === 'running');
  // As its CLI would start it, with the mark but without the depth.
  const inner = await sandbox.assistant({
    env: { SIDEJOB_JOB_ID: jobId, SIDEJOB_DEPTH: '-3', SIDEJOB_MAX_ACCESS: 'full' },
  });
  const edit = await inner.call('llm_job_submit', { prompt: 'hi', provider: 'codex', access: 'full' });
  expect(edit.text).toMatch(/^access_denied: access "full" is beyond that of job claude-\w{8}, which this runs in /);
  const { text } = await inner.call('llm_run', { prompt: 'hi', provider: 'codex' });
  expect(echoIn(text).depth).toBe('2');
  await sandbox.open(gate);
  await outer.ended(jobId);
});
