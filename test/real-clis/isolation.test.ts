// Isolated edits by the real CLIs: what the model has them write is on a branch, and comes into the checkout when it is
// told to, whatever is killed in between.
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CLI_NAMES, CLIS, type CliName } from './clis.js';
import { BIN, Machine, SEARCH_PATH } from './machine.js';

/** Codex needs user namespaces for its sandbox, and refuses to run commands where there are none. */
const codexSandbox = await promisify(execFile)(join(BIN, 'codex'), ['sandbox', '--', '/bin/true'], {
  env: { PATH: SEARCH_PATH, HOME: '/nonexistent' },
}).then(
  () => true,
  () => false,
);

/** They write to no other. */
const WHOLE_PATHS: readonly CliName[] = ['qwen'];

const able = CLI_NAMES.filter((cli) => CLIS[cli].access.includes('edit'));

/** The machine's project as a repository with one file. */
async function start(): Promise<{ machine: Machine; git(...args: string[]): Promise<string> }> {
  const machine = await Machine.start();
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-C', machine.project, ...who, ...args])).stdout.trimEnd();
  await git('init', '-q', '-b', 'main');
  await writeFile(join(machine.project, 'here.txt'), 'here\n');
  await git('add', '-A');
  await git('commit', '-q', '-m', 'a file');
  return { machine, git };
}

/** A job whose model has the CLI write `note.txt` in the folder it runs in. */
async function writing(machine: Machine, cli: CliName, rest: object = {}): Promise<string> {
  machine.api.set(CLIS[cli].write('note.txt'));
  const jobId = await machine.submit(cli, { access: 'edit', isolate: true, ...rest });
  // By its whole path, which is known from here on: long before the CLI has come to ask its model.
  if (WHOLE_PATHS.includes(cli))
    machine.api.set(CLIS[cli].write(join(machine.root, 'sidejob/worktrees', jobId, 'note.txt')));
  return jobId;
}

describe.each(able)('%s', (cli) => {
  test.skipIf(cli === 'codex' && !codexSandbox)(
    'what it writes is on a branch, and is applied by the next server after a SIGKILL',
    async () => {
      const { machine, git } = await start();
      const jobId = await writing(machine, cli);
      await machine.assistant.kill();
      await machine.startServer();
      expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });
      expect(await readdir(machine.project)).toEqual(['.git', 'here.txt']);
      expect(await machine.result(jobId, 'diff')).toMatch(/^1 file \+1 -0\nA note\.txt \+1 -0\n[\s\S]*\+written/);
      expect(await git('show', `sidejob/${jobId}:note.txt`)).toBe('written');

      // Killed once more, with the file in its place and not told of.
      await machine.startServer({ SIDEJOB_FAULT: 'apply.placed' });
      const apply = () => machine.assistant.call('llm_job_changes', { jobId, action: 'apply' });
      await expect(apply()).rejects.toThrow(/closed/i);
      await machine.startServer();
      expect(await machine.assistant.job(jobId)).toMatchObject({
        isolated: expect.stringContaining('applied in part'),
      });
      expect((await apply()).text).toMatch(/has all of it already\.$/);
      expect(await machine.assistant.job(jobId)).toMatchObject({ isolated: expect.stringMatching(/, applied$/) });
      expect((await readFile(join(machine.project, 'note.txt'), 'utf8')).trim()).toBe('written');
      expect(await git('status', '--porcelain')).toBe('?? note.txt');
      // It has run once.
      expect(new Set(await machine.sessions(jobId)).size).toBe(1);
    },
  );

  test.skipIf(cli === 'codex' && !codexSandbox)('a conflict is named, and nothing is applied', async () => {
    const { machine } = await start();
    const jobId = await writing(machine, cli);
    expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed' });
    await writeFile(join(machine.project, 'note.txt'), 'mine\n');
    const { text } = await machine.assistant.call('llm_job_changes', { jobId, action: 'apply' });
    expect(text).toMatch(/^conflict: 1 file changed on both sides: note\.txt\. Nothing was applied\./);
    expect(await readFile(join(machine.project, 'note.txt'), 'utf8')).toBe('mine\n');
  });

  test.skipIf(cli === 'codex' && !codexSandbox)('the conversation goes on in the same worktree', async () => {
    const { machine } = await start();
    const first = await writing(machine, cli);
    expect(await machine.assistant.ended(first)).toMatchObject({ status: 'completed' });
    machine.api.set({ tool: '' });
    const second = await machine.submit(cli, { access: 'edit', continueJob: first });
    expect(await machine.assistant.ended(second)).toMatchObject({ status: 'completed', continues: first });
    const sessions = [...(await machine.sessions(first)), ...(await machine.sessions(second))];
    expect(new Set(sessions).size).toBe(1);
    expect(await machine.result(second, 'diff')).toMatch(/^1 file \+1 -0\nA note\.txt/);
  });

  // Its model is one for both, and can name the path of one of them only.
  test.skipIf((cli === 'codex' && !codexSandbox) || WHOLE_PATHS.includes(cli))(
    'two at once in one folder',
    async () => {
      const { machine } = await start();
      const jobs = [await writing(machine, cli), await writing(machine, cli, { fresh: true })];
      expect(new Set(jobs).size).toBe(2);
      for (const jobId of jobs) {
        expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed' });
        expect(await machine.result(jobId, 'diff')).toMatch(/^1 file \+1 -0\nA note\.txt/);
      }
    },
  );
});
