// The shell blocks of every page, line by line on a machine of their own, and the data folder that the pages describe.

import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { commandLines, isNotRun } from '../docs/not-run.js';
import { BLOCKS, blocksOf, isShell, ROOT, textOf } from '../docs/pages.js';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { NO_TERMINAL } from '../support/terminal.js';

const WITH_COMMANDS = [...new Set(BLOCKS.filter(isShell).map(({ page }) => page))];
/** Pages of which no line can be run here. */
const NONE = ['CONTRIBUTING.md', 'docs/releasing.md'];

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Sidejob on PATH beside the usual programs, and a project that could be a checkout of it, with a change in it. */
async function machine(sandbox: Sandbox): Promise<Record<string, string>> {
  const program = async (name: string, script: string) => {
    await writeFile(join(sandbox.bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(sandbox.bin, name), 0o755);
  };
  await program('sidejob', `exec '${process.execPath}' '${SERVER}' "$@"`);
  await program('parrot', 'cat >/dev/null; echo ready');
  await symlink(join(ROOT, 'dist'), join(sandbox.project, 'dist'));
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', sandbox.project, ...args]);
  await git('init', '-q', '-b', 'main');
  await git('add', 'package.json');
  await git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '-q', '-m', 'a project');
  // So that there is a change for `git diff` to show.
  await writeFile(join(sandbox.project, 'package.json'), '{ "private": true }\n');
  await mkdir(sandbox.home, { mode: 0o700 });
  return { ...sandbox.env, PATH: `${sandbox.bin}:/usr/bin:/bin`, EDITOR: 'true' };
}

/** One that waits for a person: a policy that wants approval is in force. */
async function newApproval(sandbox: Sandbox, prompt: string): Promise<string> {
  await sidejob(sandbox, 'policy', 'init', 'careful', '--force');
  const assistant = await sandbox.assistant();
  const before = await approvals(sandbox);
  await assistant.call('llm_job_submit', { prompt, access: 'edit', provider: 'claude' });
  const [id] = (await approvals(sandbox)).filter((each) => !before.includes(each));
  return id ?? 'none';
}

async function approvals(sandbox: Sandbox): Promise<string[]> {
  const { stdout } = await sidejob(sandbox, 'approvals', '--json');
  return JSON.parse(stdout).map(({ id }: { id: string }) => id);
}

async function newestJob(sandbox: Sandbox): Promise<string> {
  const { stdout } = await sidejob(sandbox, 'list', '--all', '--limit', '1', '--json');
  return JSON.parse(stdout)[0].jobId;
}

/** The line with what it stands for: ids of this machine, its data folder, and what needs no terminal. */
async function made(sandbox: Sandbox, line: string): Promise<string> {
  let real = line.replaceAll('~/.sidejob', '"$SIDEJOB_HOME"');
  if (/^sidejob (approve|deny) ID\b/.test(real)) real = real.replace('ID', await newApproval(sandbox, line));
  if (/\b(ID|7f3k)\b/.test(real)) {
    const id = await newestJob(sandbox);
    real = real.replaceAll(/\bID\b/g, id).replaceAll('7f3k', id.split('-')[1]?.slice(0, 4) ?? '');
  }
  // An editor needs a terminal; what it begins with is the template.
  const edit =
    NO_TERMINAL === undefined
      ? `SHELL=/bin/sh script -qefc 'sidejob config edit' /dev/null`
      : 'sidejob config template > "$SIDEJOB_HOME/config.toml"';
  real = real.replace(/^sidejob config edit\b/, () => edit);
  // A posing CLI finds something only where it is told to.
  const finding = asks({ say: JSON.stringify({ findings: [] }) });
  real = real.replace(/^sidejob review\b/, () => `sidejob review --about '${finding}'`);
  // Both ask on a terminal; command-line-terminal.test.ts has one.
  return real.replace(/^sidejob approve \S+/, '$& --yes').replace(/^sidejob open \S+/, '$& --print');
}

/** Runs it to its end. A view that has none is ended with Ctrl-C once it has shown something. */
function run(sandbox: Sandbox, env: Record<string, string>, line: string, shell = '/bin/sh'): Promise<Ran> {
  const watches = / --watch\b/.test(line);
  const child = spawn(shell, ['-e', '-c', watches ? `exec ${line}` : line], { env, cwd: sandbox.project });
  child.stdin.on('error', () => {}).end();
  const ran = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    if (watches && ran.stdout === '') child.kill('SIGINT');
    ran.stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    ran.stderr += piece;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...ran }));
  });
}

test.for(WITH_COMMANDS)('every command of %s works', async (page, { sandbox }) => {
  const env = await machine(sandbox);
  const lines = BLOCKS.filter((block) => block.page === page && isShell(block))
    .flatMap(({ language, text }) => commandLines(text).map((line) => ({ line, shell: `/bin/${language}` })))
    .filter(({ line }) => !isNotRun(line));
  expect(lines.length === 0).toBe(NONE.includes(page));
  for (const { line, shell } of lines) {
    const ran = await run(sandbox, env, await made(sandbox, line), shell);
    expect(ran, `${line}\n${ran.stderr}`).toMatchObject({ status: 0 });
    // Within a pipe or $(…) the status says nothing.
    expect(ran.stderr, line).not.toMatch(/^sidejob\b[^\n]*: /m);
  }
});

const shownBlocks = BLOCKS.filter(({ text }) => text.startsWith('$ ')).map((block) => [block.where, block] as const);
test.for(shownBlocks)('%s prints what the page shows', async ([, { page, text }], { sandbox }) => {
  const env = await machine(sandbox);
  await writeFile(join(sandbox.home, 'config.toml'), blocksOf(page, 'toml')[0] ?? '', { mode: 0o600 });
  const [command = '', ...shown] = text.trimEnd().split('\n');
  const { status, stdout } = await run(sandbox, env, command.slice(2));
  expect(status).toBe(0);
  const alike = (line: string) =>
    line
      .replaceAll(sandbox.bin, '/usr/local/bin')
      .replace(/(?<=\w-)[a-z0-9]{8}\b/, 'ID')
      .replace(/[\d.]+ s$/, 'TIME');
  const printed = stdout.split('\n').map(alike);
  let from = 0;
  for (const line of shown.filter((each) => each !== '…').map(alike)) {
    expect(printed.slice(from)).toContain(line);
    from = printed.indexOf(line, from) + 1;
  }
});

test('the data folder holds what README and docs/configuration.md say', async ({ sandbox }) => {
  const env = await machine(sandbox);
  const isolated = 'sidejob run "port the tests" --access edit --isolate';
  for (const line of ['sidejob config edit', 'sidejob policy init open', 'sidejob providers test demo', isolated]) {
    expect(await run(sandbox, env, await made(sandbox, line))).toMatchObject({ status: 0 });
  }
  // What a user makes, and nobody else.
  await mkdir(join(sandbox.home, 'stances'));
  const assistant = await sandbox.assistant();
  await assistant.call('llm_job_list', {});
  const names = (await readdir(sandbox.home, { withFileTypes: true }))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => !/^store\.db-/.test(name))
    .sort();
  const [listing = ''] = BLOCKS.filter(({ text }) => text.startsWith('config.toml ')).map(({ text }) => text);
  const first = (lines: IterableIterator<RegExpExecArray>) =>
    [...lines].map(([, name = '']) => name.replace('ID/', '')).sort();
  expect(first(listing.matchAll(/^(\S+) /gm))).toEqual(names);
  const [, files = ''] = textOf('docs/configuration.md').split('\n## Files\n');
  expect(first(files.matchAll(/^\| `([^`]+)` \|/gm))).toEqual(names);
});
