// Policies as they stand in the wild, through the clients of both protocol eras; and where a policy is found.
import { chmod, copyFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { type Assistant, ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { decisionsOf, defaultPolicy, TOOL_NAMES, writePolicy } from '../support/policy.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

const FILES = fileURLToPath(new URL('../fixtures/policies/', import.meta.url));

/** A call of each tool that would work, about this job. */
const callsAbout = (jobId: string): Record<string, Record<string, unknown>> => ({
  llm_run: { prompt: 'hi', provider: 'claude' },
  llm_job_submit: { prompt: 'hi', provider: 'claude' },
  llm_job_status: { jobId },
  llm_job_wait: { jobId },
  llm_job_result: { jobId },
  llm_job_cancel: { jobId },
});

/** Every tool is denied for this rule, but those that are named, which work. */
async function expectOnly(assistant: Assistant, works: readonly string[], jobId: string, rule = 'default') {
  for (const name of TOOL_NAMES) {
    const { text, isError } = await assistant.call(name, callsAbout(jobId)[name]);
    if (works.includes(name)) expect(isError, `${name}: ${text}`).toBe(false);
    else
      expect(text, name).toMatch(
        new RegExp(`^denied: rule ${rule} .*Do not retry; ask the person\\. Nothing was done`),
      );
  }
}

/** A job that has ended, of a server without a policy. */
async function endedJob(sandbox: Sandbox): Promise<string> {
  const free = await sandbox.assistant();
  const jobId = await free.submit('hi');
  await free.ended(jobId);
  await free.close();
  return jobId;
}

const names = async (assistant: Assistant) => (await assistant.tools()).map(({ name }) => name);

for (const era of ERAS) {
  describe(era, () => {
    test.for(['llm_job_status', 'llm_job_result', 'llm_process_health'])(
      'a file that lists %s alone allows that, and nothing else',
      async (name, { sandbox }) => {
        const jobId = await endedJob(sandbox);
        await copyFile(join(FILES, `${name}.json`), defaultPolicy(sandbox));
        const assistant = await sandbox.assistant({ era });
        await expectOnly(assistant, [name], jobId);
        expect(await names(assistant)).toEqual(TOOL_NAMES);
      },
    );

    test('a tool that is hidden is not listed, and denied like the rest', async ({ sandbox }) => {
      const jobId = await endedJob(sandbox);
      await copyFile(join(FILES, 'llm_job_cancel.json'), defaultPolicy(sandbox));
      const assistant = await sandbox.assistant({ era });
      await expectOnly(assistant, [], jobId, '(default|hide)');
      expect((await assistant.call('llm_job_cancel', { jobId })).text).toMatch(/^denied: rule hide /);
      expect(await names(assistant)).toEqual(TOOL_NAMES.filter((name) => name !== 'llm_job_cancel'));
      expect(await decisionsOf(sandbox)).toContainEqual(
        expect.objectContaining({ tool: 'llm_job_cancel', effect: 'deny', rule: 'hide', client: 'e2e' }),
      );
    });

    test('a name that Sidejob does not have is a warning in health, and no error', async ({ sandbox }) => {
      const jobId = await endedJob(sandbox);
      const file = await writePolicy(
        sandbox,
        { default: 'deny', tools: { 'get-async-job-result': {}, llm_process_health: {} } },
        join(sandbox.root, 'p.json'),
      );
      const warned = await sandbox.assistant({ era, env: { SIDEJOB_POLICY: file } });
      expect(await warned.data('llm_process_health')).toMatchObject({
        policy: { file, origin: 'SIDEJOB_POLICY' },
        warnings: expect.arrayContaining([expect.stringContaining('Sidejob has no tool "get-async-job-result"')]),
      });
      await copyFile(join(FILES, 'get-async-job-result.json'), defaultPolicy(sandbox));
      await expectOnly(await sandbox.assistant({ era }), [], jobId);
    });
  });
}

test('only llm_job_status and llm_job_result leave llm_job_wait denied', async ({ sandbox }) => {
  const jobId = await endedJob(sandbox);
  await writePolicy(sandbox, { default: 'deny', tools: { llm_job_status: {}, llm_job_result: {} } });
  await expectOnly(await sandbox.assistant(), ['llm_job_status', 'llm_job_result'], jobId);
});

test('everything is hidden by "*"; what is not there names no tool that is hidden', async ({ sandbox }) => {
  await writePolicy(sandbox, { hide: ['*'] });
  const none = await sandbox.assistant();
  expect(await names(none)).toEqual([]);
  for (const name of TOOL_NAMES) expect((await none.call(name)).text).toMatch(/^denied: rule hide /);
  await writePolicy(sandbox, { hide: ['llm_job_cancel'] });
  const { text } = await none.call('llm_job_cancle');
  expect(text).toMatch(/^bad_argument: no tool "llm_job_cancle"\. There are llm_run, /);
  expect(text).not.toContain('llm_job_cancel,');
});

describe('where the policy is', () => {
  const denying = (reason: string) => ({ tools: { llm_providers: { action: 'deny', reason } } });
  /** The reason that llm_providers is denied for. */
  const said = async (assistant: Assistant) => (await assistant.call('llm_providers')).text;

  test('--policy before SIDEJOB_POLICY before the data folder', async ({ sandbox }) => {
    const option = await writePolicy(sandbox, denying('by option'), join(sandbox.root, 'option.json'));
    const variable = await writePolicy(sandbox, denying('by variable'), join(sandbox.root, 'variable.json'));
    const env = { SIDEJOB_POLICY: variable };
    expect(await said(await sandbox.assistant({ env: { SIDEJOB_POLICY: '' } }))).not.toContain('denied');
    await writePolicy(sandbox, denying('by default'));
    expect(await said(await sandbox.assistant({ env, args: [SERVER, '--policy', option] }))).toContain('by option');
    expect(await said(await sandbox.assistant({ env }))).toContain('by variable');
    expect(await said(await sandbox.assistant({ env: { SIDEJOB_POLICY: '' } }))).toContain('by default');
  });

  test('a file that is named may be a link; in the data folder that denies everything', async ({ sandbox }) => {
    const file = await writePolicy(sandbox, denying('by the file'), join(sandbox.root, 'real.json'));
    const link = join(sandbox.root, 'link.json');
    await symlink(file, link);
    expect(await said(await sandbox.assistant({ env: { SIDEJOB_POLICY: link } }))).toContain('by the file');
    await symlink(file, defaultPolicy(sandbox));
    expect(await said(await sandbox.assistant())).toMatch(/^denied: rule file .*it is a symbolic link/);
  });

  test.for([
    ['a relative path', () => 'policy.json', /SIDEJOB_POLICY must name an absolute path, not "policy\.json"/],
    ['a missing file', (sandbox: Sandbox) => join(sandbox.root, 'none.json'), /none\.json .*there is no such file/],
    ['a folder', (sandbox: Sandbox) => sandbox.project, /it is not a file/],
    [
      'a file that everybody may write',
      async (sandbox: Sandbox) => {
        const file = await writePolicy(sandbox, {}, join(sandbox.root, 'open.json'));
        await chmod(file, 0o666);
        return file;
      },
      /everybody may write it/,
    ],
    [
      'a broken file',
      async (sandbox: Sandbox) => {
        const file = join(sandbox.root, 'broken.json');
        await writeFile(file, '{\n  "version": "1",\n  "default": "allow",\n  "tool": {}\n}');
        return file;
      },
      /broken\.json:4: "tool" is unknown; tools\?/,
    ],
  ] as const)('%s denies every call, and says why', async ([, place, why], { sandbox }) => {
    const SIDEJOB_POLICY = await place(sandbox);
    const assistant = await sandbox.assistant({ env: { SIDEJOB_POLICY } });
    expect(await names(assistant)).toEqual(TOOL_NAMES);
    for (const name of TOOL_NAMES) {
      const { text, isError } = await assistant.call(name, { jobId: 'x' });
      expect(isError).toBe(true);
      expect(text).toMatch(why);
      expect(text).toMatch(/^denied: rule file \(the policy cannot be read: /);
    }
    const decided = await decisionsOf(sandbox);
    expect(decided).toHaveLength(TOOL_NAMES.length);
    expect(decided).toEqual(TOOL_NAMES.map((tool) => expect.objectContaining({ tool, effect: 'deny', rule: 'file' })));
  });

  test('a server that is only asked for its tools opens no store and writes nothing', async ({ sandbox }) => {
    const file = await writePolicy(sandbox, { hide: ['llm_run'] }, join(sandbox.root, 'p.json'));
    const before = await readdir(sandbox.root);
    for (const era of ERAS) {
      const assistant = await sandbox.assistant({ era, env: { SIDEJOB_POLICY: file } });
      expect(await names(assistant)).toHaveLength(9);
      await assistant.close();
    }
    expect(await readdir(sandbox.root)).toEqual(before);
    await writePolicy(sandbox, { hide: ['llm_run'] });
    const assistant = await sandbox.assistant();
    expect(await names(assistant)).toHaveLength(9);
    expect(await readdir(sandbox.home)).toEqual(['policy.json']);
  });
});
