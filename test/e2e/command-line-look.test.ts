// The person's face: looking at jobs and tidying up, help, and completion, as processes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { sidejob, startSidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks, echoIn } from '../support/steps.js';
import { until } from '../support/until.js';

const DOCUMENT = join(import.meta.dirname, '../../docs/command-line.md');

async function ran(sandbox: Sandbox, ...args: string[]): Promise<string> {
  const { stdout } = await sidejob(sandbox, 'run', '-p', 'claude', '--json', ...args);
  return JSON.parse(stdout).jobId;
}

async function submitted(sandbox: Sandbox, ...args: string[]): Promise<string> {
  const id = (await sidejob(sandbox, 'submit', '-p', 'claude', ...args)).stdout.trim();
  await sidejob(sandbox, 'wait', id);
  return id;
}

test('list is narrowed by project, CLI and status', async ({ sandbox }) => {
  const other = await sandbox.newProject('other');
  await mkdir(join(other, 'src'));
  const [good, bad] = [await ran(sandbox, 'x'), await ran(sandbox, asks({ exit: 9 }))];
  const away = (
    await startSidejob(sandbox, ['submit', '-p', 'codex', 'x'], { cwd: join(other, 'src') }).ended
  ).stdout.trim();
  await sidejob(sandbox, 'wait', away);
  const ids = async (...args: string[]) => {
    const { stdout } = await sidejob(sandbox, 'list', '--json', ...args);
    return JSON.parse(stdout).map(({ jobId }: { jobId: string }) => jobId);
  };
  expect(await ids()).toEqual([away]);
  expect(await ids('--all')).toEqual([away, bad, good]);
  expect(await ids('--status', 'failed,canceled')).toEqual([bad]);
  expect(await ids('--all', '--provider', 'claude')).toEqual([bad, good]);
  // Any folder of the project means the project.
  expect(await ids('--project', other)).toEqual([away]);
  expect(await ids('--project', join(other, 'src'))).toEqual([away]);
  expect(await sidejob(sandbox, 'list', '--status', 'queued')).toMatchObject({ stdout: 'No such jobs.\n' });
  const limited = await sidejob(sandbox, 'list', '--all', '--limit', '1');
  expect(limited.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(limited.stderr).toBe('The newest 1; --limit N shows more.\n');
  for (const wrong of [
    ['--status', 'lost'],
    ['--limit', '0'],
    ['--project', 'nowhere'],
  ]) {
    expect(await sidejob(sandbox, 'list', ...wrong)).toMatchObject({ status: 2, stdout: '' });
  }
});

test('list shows what was asked where there is no label', async ({ sandbox }) => {
  await submitted(sandbox, 'count the\u001b[2J words\nand the letters');
  await submitted(sandbox, '-l', 'named', 'something else');
  const { stdout } = await sidejob(sandbox, 'list');
  expect(stdout).toMatch(/ unread · count the.\[2J words$/m);
  expect(stdout).toMatch(/ named · unread$/m);
  for (const hidden of ['letters', 'something else', '\u001b']) expect(stdout).not.toContain(hidden);
  const json = JSON.parse((await sidejob(sandbox, 'list', '--json')).stdout);
  expect(Object.keys(json[0])).not.toContain('asked');
});

test('list --watch in a pipe prints a line for each change, and no control sequences', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const id = (await sidejob(sandbox, 'submit', '-p', 'claude', asks({ gate }))).stdout.trim();
  const watching = startSidejob(sandbox, ['list', '--watch']);
  await until('it is told to run', () => watching.stdout === `${id} running\n`);
  await sandbox.open(gate);
  await until('its end is told', () => watching.stdout === `${id} running\n${id} completed\n`);
  watching.child.kill('SIGINT');
  expect(await watching.ended).toMatchObject({ status: 0, stderr: '' });
});

test('logs shows the last lines, events and pieces as JSON', async ({ sandbox }) => {
  const id = await ran(sandbox, asks({ stderr: 'one' }, { stderr: 'two' }, { stderr: 'three' }, { say: 'end' }));
  expect((await sidejob(sandbox, 'logs', id, '--stderr')).stdout).toBe('one\ntwo\nthree\n');
  expect((await sidejob(sandbox, 'logs', id, '--stderr', '-n', '2')).stdout).toBe('two\nthree\n');
  expect((await sidejob(sandbox, 'logs', id, '--stderr', '-n', '3')).stdout).toBe('one\ntwo\nthree\n');
  expect((await sidejob(sandbox, 'logs', id, '--stderr', '-n', '0')).stdout).toBe('');
  expect((await sidejob(sandbox, 'logs', id, '--events')).stdout).toMatch(/^0 session .*\n1 text "end"\n/);
  expect((await sidejob(sandbox, 'logs', id, '--events', '-n', '1')).stdout).toMatch(/^\d end \{"ok":true\}\n$/);
  const pieces = (await sidejob(sandbox, 'logs', id, '--stderr', '--json')).stdout;
  expect(JSON.parse(pieces)).toEqual({
    jobId: id,
    view: 'stderr',
    offset: 0,
    nextOffset: 14,
    text: 'one\ntwo\nthree\n',
  });
  expect(await sidejob(sandbox, 'logs', id, '--stderr', '--events')).toMatchObject({ status: 2 });
});

test('logs -n finds the last lines of an output of many pages', async ({ sandbox }) => {
  const id = await ran(sandbox, asks({ say: 'head' }, { print: 300_000 }, { say: 'tail' }));
  const all = (await sidejob(sandbox, 'logs', id)).stdout.trimEnd().split('\n');
  const last = (await sidejob(sandbox, 'logs', id, '-n', '200')).stdout.trimEnd().split('\n');
  expect(all.length).toBeGreaterThan(300);
  expect(last).toEqual(all.slice(-200));
});

test('result is the answer alone, whatever it holds', async ({ sandbox }) => {
  const id = await submitted(sandbox, asks({ say: 'red \u001b[31m and\nlines' }));
  expect(JSON.parse((await sidejob(sandbox, 'list', '--json')).stdout)).toMatchObject([{ jobId: id, unread: true }]);
  expect(await sidejob(sandbox, 'result', id)).toEqual({
    status: 0,
    stdout: 'red \u001b[31m and\nlines\n',
    stderr: '',
  });
  expect(JSON.parse((await sidejob(sandbox, 'list', '--json')).stdout)).toEqual([]);
  const prompt = JSON.parse((await sidejob(sandbox, 'result', id, '-v', 'prompt', '--json')).stdout);
  expect(prompt).toEqual({ jobId: id, view: 'prompt', text: expect.stringMatching(/^#steps/) });
  expect(await sidejob(sandbox, 'result', id, '--view', 'all')).toMatchObject({ status: 2 });
});

test('pinned jobs stay; prune removes what has ended and was read, and says what it frees', async ({ sandbox }) => {
  const [kept, gone] = [await ran(sandbox, 'x'), await ran(sandbox, 'y')];
  const unread = await submitted(sandbox, 'z');
  expect((await sidejob(sandbox, 'pin', kept)).stdout).toBe(`${kept} pinned: it is kept until you unpin it\n`);
  expect(JSON.parse((await sidejob(sandbox, 'pin', kept, '--json')).stdout)).toEqual([
    { jobId: kept, pinned: true, changed: false },
  ]);
  const folder = join(sandbox.home, 'jobs', gone);
  expect((await sidejob(sandbox, 'prune', '--older-than', '1h')).stdout).toBe('There is nothing to remove.\n');
  expect((await sidejob(sandbox, 'prune', '--status', 'failed')).stdout).toBe('There is nothing to remove.\n');
  expect((await sidejob(sandbox, 'prune', '--dry-run')).stdout).toMatch(/^1 job, [\d.]+ kB would go\.\n$/);
  // Nobody can be asked here.
  expect(await sidejob(sandbox, 'prune')).toMatchObject({ status: 2, stdout: '' });
  expect((await stat(folder)).isDirectory()).toBe(true);

  const pruned = JSON.parse((await sidejob(sandbox, 'prune', '--yes', '--json')).stdout);
  expect(pruned).toEqual({ jobs: 1, bytes: expect.any(Number), dryRun: false });
  expect(pruned.bytes).toBeGreaterThan(500);
  expect(existsSync(folder)).toBe(false);
  const left = JSON.parse((await sidejob(sandbox, 'list', '--all', '--json')).stdout);
  expect(left).toMatchObject([{ jobId: unread }, { jobId: kept, pinned: true }]);

  await sidejob(sandbox, 'unpin', kept);
  expect((await sidejob(sandbox, 'prune', '--unread', '-y')).stdout).toMatch(/^Removed 2 of them: /);
  // What was used is not forgotten with it.
  expect(JSON.parse((await sidejob(sandbox, 'usage', '--json')).stdout).total.jobs).toBe(3);
});

test('prune and open are for a person, not for a job', async ({ sandbox }) => {
  const id = await ran(sandbox, asks({ tool: 'ls' }));
  const env = { SIDEJOB_DEPTH: '1' };
  for (const args of [
    ['prune', '--yes'],
    ['open', id],
  ]) {
    const { status, stderr } = await startSidejob(sandbox, args, { env }).ended;
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('access_denied') });
  }
});

test('open says how the CLI goes on by itself, and why it cannot', async ({ sandbox }) => {
  const id = await ran(sandbox, 'x');
  const { sessionId } = JSON.parse((await sidejob(sandbox, 'show', id, '--json')).stdout);
  const claude = join(sandbox.bin, 'claude');
  expect((await sidejob(sandbox, 'open', id, '--print')).stdout).toBe(
    `cd ${sandbox.project} && ${claude} --resume ${sessionId}\n`,
  );
  expect(JSON.parse((await sidejob(sandbox, 'open', id, '--json')).stdout)).toEqual({
    ...{ jobId: id, command: claude, args: ['--resume', sessionId], cwd: sandbox.project },
  });
  expect(await sidejob(sandbox, 'open', id)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('a terminal'),
  });

  const demo = JSON.parse((await sidejob(sandbox, 'run', '-p', 'demo', '--json', 'x')).stdout).jobId;
  expect((await sidejob(sandbox, 'open', demo)).stderr).toContain('not_supported: demo has no session of its own');
  const gate = sandbox.gate();
  const running = (await sidejob(sandbox, 'submit', '-p', 'claude', asks({ gate }))).stdout.trim();
  expect((await sidejob(sandbox, 'open', running)).stderr).toContain('session_busy');
  await sidejob(sandbox, 'cancel', running);
});

test("open gives the words of the configuration for a CLI of one's own", async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  const command = join(sandbox.bin, 'claude');
  await writeFile(
    join(sandbox.home, 'config.toml'),
    `[providers.own]\ncommand = "${command}"\nfresh = ["--session-id={session}"]\nresume = ["--resume={session}"]\ninteractive = ["chat", "{session}"]\n`,
    { mode: 0o600 },
  );
  const job = JSON.parse((await sidejob(sandbox, 'run', '-p', 'own', '--json', 'x')).stdout);
  expect(JSON.parse((await sidejob(sandbox, 'open', job.jobId, '--json')).stdout).args).toEqual([
    'chat',
    job.sessionId,
  ]);
});

test('the keys of what --json prints are those of the documentation', async ({ sandbox }) => {
  const document = await readFile(DOCUMENT, 'utf8');
  const documented = (title: string) => {
    const [, keys = ''] = new RegExp(`^\\| ${title} \\| (.*) \\|$`, 'm').exec(document) ?? [];
    return [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => key);
  };
  const keys = async (...args: string[]) => {
    const value = JSON.parse((await sidejob(sandbox, ...args, '--json')).stdout);
    return Object.keys(Array.isArray(value) ? value[0] : value);
  };
  const id = await submitted(sandbox, '--label', 'x', asks({ say: 'x' }));
  const listed = documented('a job');
  expect(listed.length).toBeGreaterThan(15);
  const job = await keys('list');
  expect(listed).toEqual(expect.arrayContaining(job));
  expect(job).toEqual(expect.arrayContaining(documented('always')));
  expect(await keys('wait', id)).toEqual(job);
  const whole = [...job, ...documented('with its answer')];
  expect(whole).toEqual(expect.arrayContaining(await keys('show', id)));
  expect(await keys('result', id)).toEqual(await keys('show', id));
  expect(await keys('cancel', id)).toEqual(expect.arrayContaining(['changed', ...documented('always')]));
  expect(await keys('open', id)).toEqual(documented('`open`'));
  expect(await keys('pin', id)).toEqual(documented('`pin`, `unpin`'));
  expect(await keys('prune', '--dry-run')).toEqual(documented('`prune`'));
  expect(documented('a provider')).toEqual(expect.arrayContaining(await keys('providers')));
  expect(await keys('usage')).toEqual(documented('`usage`'));
  expect(await keys('logs', id)).toEqual(documented('`logs`, a piece'));
});

test('help fits on a screen, and each command explains each of its options', async ({ sandbox }) => {
  const { stdout } = await sidejob(sandbox, 'help');
  expect(stdout.split('\n').length).toBeLessThan(40);
  expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
  const document = await readFile(DOCUMENT, 'utf8');
  for (const entry of COMMANDS) {
    const { name, told } = entry;
    if (!told) expect(stdout).toContain(`  ${name}`);
    const { options } = await entry.load();
    if (!options) continue;
    const help = await sidejob(sandbox, name, '--help');
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const option of Object.keys(options)) expect(help.stdout).toContain(`--${option}`);
    expect(document, `docs/command-line.md tells of ${name}`).toContain(`sidejob ${name}`);
    if (name === 'list') expect((await sidejob(sandbox, 'help', name)).stdout).toBe(help.stdout);
  }
  expect(await sidejob(sandbox, 'help', 'lst')).toMatchObject({ status: 2, stderr: expect.stringContaining('list?') });
});

/** What bash would offer for a line, its completion being ours. */
function offered(sandbox: Sandbox, line: string): Promise<string[]> {
  const words = line.split(' ').map((word) => `'${word}'`);
  const script = [
    `sidejob() { '${process.execPath}' '${SERVER}' "$@"; }`,
    'eval "$(sidejob completion bash)"',
    `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _sidejob sidejob`,
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  return new Promise((resolve, reject) => {
    const options = { env: { ...sandbox.env, PATH: `${sandbox.bin}:/usr/bin:/bin` }, cwd: sandbox.project };
    execFile('/bin/bash', ['--norc', '-c', script], options, (error, stdout, stderr) => {
      if (error || stderr) reject(error ?? new Error(stderr));
      else resolve(stdout.split('\n').filter(Boolean));
    });
  });
}

test.skipIf(!existsSync('/bin/bash'))(
  'completion in bash knows commands, options, values and ids',
  async ({ sandbox }) => {
    const ended = await ran(sandbox, 'x');
    const gate = sandbox.gate();
    const running = (await sidejob(sandbox, 'submit', '-p', 'claude', asks({ gate }))).stdout.trim();
    expect(await offered(sandbox, 'sidejob ru')).toEqual(['run']);
    expect(await offered(sandbox, 'sidejob run --pro')).toEqual(['--provider']);
    expect(await offered(sandbox, 'sidejob run --provider ge')).toEqual(['gemini']);
    expect(await offered(sandbox, 'sidejob run --access ')).toEqual(['read-only', 'edit', 'full']);
    expect(await offered(sandbox, 'sidejob show ')).toEqual([running, ended]);
    expect(await offered(sandbox, 'sidejob cancel ')).toEqual([running]);
    expect(await offered(sandbox, `sidejob wait ${running} `)).toEqual([]);
    expect(await offered(sandbox, 'sidejob retry cl')).toEqual([ended]);
    expect(await offered(sandbox, 'sidejob run -a pack')).toEqual(['package.json']);
    expect(await offered(sandbox, 'sidejob mcp install cur')).toEqual(['cursor']);
    expect(await offered(sandbox, 'sidejob help wai')).toEqual(['wait']);
    expect(await offered(sandbox, 'sidejob nothing ')).toEqual([]);
    await sidejob(sandbox, 'cancel', running);
  },
);

test.for(['zsh', 'fish'])('the completion script for %s is one', async (shell, { sandbox, skip }) => {
  const path = ['/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin']
    .map((folder) => join(folder, shell))
    .find(existsSync);
  const { stdout, status } = await sidejob(sandbox, 'completion', shell);
  expect({ status, first: stdout.includes('__complete') }).toEqual({ status: 0, first: true });
  if (!path) return skip(`${shell} is not installed`);
  const file = join(sandbox.root, 'script');
  await writeFile(file, stdout);
  await new Promise<void>((resolve, reject) =>
    execFile(path, ['-n', file], (error, _stdout, stderr) => (error ? reject(new Error(stderr)) : resolve())),
  );
});

test('completion makes nothing, and never fails', async ({ sandbox }) => {
  expect(await sidejob(sandbox, '__complete', 'show', '')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(existsSync(sandbox.home)).toBe(false);
  expect(await sidejob(sandbox, 'completion', 'tcsh')).toMatchObject({ status: 2, stdout: '' });
});

test('colours stand only where they are wanted', async ({ sandbox }) => {
  const id = await ran(sandbox, 'x');
  const list = (env: Record<string, string>) => startSidejob(sandbox, ['list', '--all'], { env }).ended;
  expect((await list({})).stdout).not.toContain('\u001b');
  expect((await list({ FORCE_COLOR: '1' })).stdout).toContain(`${id}  \u001b[32mcompleted\u001b[39m`);
  expect(echoIn((await sidejob(sandbox, 'result', id)).stdout).cli).toBe('claude');
});
