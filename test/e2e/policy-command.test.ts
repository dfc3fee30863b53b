// `sidejob policy` of the built program: what its owner sees.
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';

test('init begins a policy that check finds valid, and replaces none unasked', async ({ sandbox }) => {
  const file = join(sandbox.home, 'policy.json');
  for (const name of ['read-only', 'careful', 'open']) {
    const force = name === 'read-only' ? [] : ['--force'];
    const init = await sidejob(sandbox, 'policy', 'init', name, ...force);
    expect(init).toMatchObject({ status: 0, stdout: expect.stringContaining(`Wrote ${file}`) });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await sidejob(sandbox, 'policy', 'check')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`${file} is valid`),
      stderr: '',
    });
  }
  const before = await readFile(file, 'utf8');
  const again = await sidejob(sandbox, 'policy', 'init', 'careful');
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('--force replaces it') });
  expect(await readFile(file, 'utf8')).toBe(before);
});

test('init --force writes a file in the place of a link, not through it', async ({ sandbox }) => {
  await mkdir(sandbox.home, { recursive: true });
  const target = join(sandbox.root, 'target');
  await writeFile(target, 'kept');
  await symlink(target, join(sandbox.home, 'policy.json'));
  expect(await sidejob(sandbox, 'policy', 'init', 'careful')).toMatchObject({ status: 1 });
  expect(await sidejob(sandbox, 'policy', 'init', 'careful', '--force')).toMatchObject({ status: 0 });
  expect(await readFile(target, 'utf8')).toBe('kept');
  expect(await sidejob(sandbox, 'policy', 'check')).toMatchObject({ status: 0 });
});

test('check names the line, and warns of names that are not there', async ({ sandbox }) => {
  const file = join(sandbox.project, 'mine.json');
  await writeFile(file, '{\n  "version": "1",\n  "default": "deny",\n  "tool": {}\n}');
  const broken = await sidejob(sandbox, 'policy', 'check', 'mine.json');
  expect(broken).toMatchObject({ status: 1, stdout: '' });
  expect(broken.stderr).toContain(`${file}:4: "tool" is unknown; tools?`);
  await writeFile(file, '{ "version": "1", "default": "deny", "tools": { "llm_rum": {} } }');
  expect(await sidejob(sandbox, 'policy', 'check', 'mine.json')).toMatchObject({
    status: 0,
    stdout: `${file} is valid: 1 tool is listed, every other is denied.\nwarning: tools: Sidejob has no tool "llm_rum"; llm_run?\n`,
  });
  await chmod(file, 0o666);
  expect((await sidejob(sandbox, 'policy', 'check', 'mine.json')).stderr).toContain('everybody may write it');
  expect((await sidejob(sandbox, 'policy', 'check')).stdout).toMatch(/^There is no .*policy\.json: everything is/);
});

test('check and init as JSON', async ({ sandbox }) => {
  const file = join(sandbox.home, 'policy.json');
  const told = async (...args: string[]) => JSON.parse((await sidejob(sandbox, 'policy', ...args, '--json')).stdout);
  expect(await told('check')).toEqual({ file, exists: false, valid: true });
  expect(await told('init', 'careful')).toEqual({ file, inForce: file });
  expect(await told('check')).toMatchObject({ file, exists: true, valid: true, warnings: [] });
  await writeFile(file, '{');
  expect(await told('check')).toMatchObject({ file, exists: true, valid: false, error: expect.stringContaining(file) });
});

test('explain says which rule decides, on what, and what it assumed', async ({ sandbox }) => {
  await sidejob(sandbox, 'policy', 'init', 'careful');
  const explain = (...args: string[]) => sidejob(sandbox, 'policy', 'explain', ...args);
  await symlink('/etc', join(sandbox.project, 'link'));

  const denied = await explain('llm_job_submit', '--args', '{"access":"full","provider":"claude"}');
  expect(denied).toMatchObject({ status: 0, stderr: '' });
  expect(denied.stdout).toMatch(
    /^llm_job_submit is denied\nrule +tools\.llm_job_submit\.deny_if\[0\]\nbecause +denied if access eq "full"\n/,
  );
  expect(denied.stdout).not.toContain('assumed  provider');

  const args = JSON.stringify({ providers: ['claude', 'codex'], cwd: join(sandbox.project, 'link'), prompt: 'abc' });
  const json = JSON.parse((await explain('llm_run', '--json', '--args', args)).stdout);
  expect(json).toMatchObject({
    decision: { effect: 'allow', rule: 'tools.llm_run', limits: [{ counter: 'questions' }] },
    policy: { origin: 'default' },
    request: {
      facts: ['claude', 'codex'].map((provider) => ({
        ...{ provider, access: 'read-only', cwd: '/etc', depth: 1, promptLength: 3, structured: false },
      })),
    },
  });
  expect(json.assumed).toContain('access read-only, the default');

  // A panel, a chain, and a judge are each who may come to run.
  await writeFile(join(sandbox.home, 'config.toml'), '[panels]\nduo = ["claude:opus", "codex > gemini"]\n');
  const many = JSON.stringify({ providers: ['duo'], judge: 'qwen', prompt: 'abc' });
  const judged = JSON.parse((await explain('llm_run', '--json', '--args', many)).stdout);
  expect(judged.request.facts).toMatchObject([
    { provider: 'claude', model: 'opus', structured: false },
    { provider: 'codex' },
    { provider: 'gemini' },
    { provider: 'qwen', structured: true },
  ]);

  expect((await explain('llm_job_list')).stdout).toMatch(/^llm_job_list is allowed\n/);
  expect((await explain('llm_job_submit')).stdout).toMatch(/^llm_job_submit needs approval\n/);
  const broken = await explain('llm_run', '--policy', 'none.json');
  expect(broken).toMatchObject({ status: 1, stdout: expect.stringMatching(/^llm_run is denied\nrule +file\n/) });
});

test('wrong calls say what there is', async ({ sandbox }) => {
  const said = async (...args: string[]) => {
    const { status, stderr } = await sidejob(sandbox, 'policy', ...args);
    return `${status} ${stderr}`;
  };
  expect(await said()).toContain('2 sidejob: bad_argument: There are:\n  sidejob policy check');
  expect(await said('chek')).toContain('no "sidejob policy chek"');
  expect(await said('init')).toContain('There are careful, open, read-only.');
  expect(await said('init', 'carefull')).toContain('no starting point "carefull". careful?');
  expect(await said('explain')).toContain('which tool?');
  expect(await said('explain', 'llm_job_resul')).toContain(
    '2 sidejob policy explain: no tool "llm_job_resul"; llm_job_result?',
  );
  expect(await said('explain', 'llm_run', '--args', '[]')).toContain('--args must be an object');
  expect(await said('explain', 'llm_run', '--args', '{')).toContain('--args is not valid JSON');
  expect(await said('explain', 'llm_run', '--arg', '{}')).toMatch(/^2 /);
});
