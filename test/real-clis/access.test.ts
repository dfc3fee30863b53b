// `read-only` and `edit` are kept by the real CLIs, whatever the model asks for.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLI_NAMES, CLIS, type CliName, type ToolCall } from './clis.js';
import { BIN, Machine, SEARCH_PATH } from './machine.js';

/** Codex needs user namespaces for its sandbox, and refuses to run commands where there are none. */
const codexSandbox = await promisify(execFile)(join(BIN, 'codex'), ['sandbox', '--', '/bin/true'], {
  env: { PATH: SEARCH_PATH, HOME: '/nonexistent' },
}).then(
  () => true,
  () => false,
);

/** Runs a job whose model makes one tool call and then answers; tells which tools were offered. */
async function run(machine: Machine, cli: CliName, access: string, call: ToolCall): Promise<string[]> {
  machine.api.set(call);
  const job = await machine.assistant.ended(await machine.submit(cli, { access }));
  expect(job).toMatchObject({ status: 'completed', exitCode: 0 });
  return toolsOf(machine.api.requests().at(-1)?.body);
}

interface OfferedTool {
  name?: string;
  function?: { name: string };
  functionDeclarations?: { name: string }[];
}

function toolsOf(body: Record<string, unknown> = {}): string[] {
  const tools = (body.tools ?? []) as OfferedTool[];
  return tools.flatMap(
    (tool) => tool.functionDeclarations?.map(({ name }) => name) ?? tool.function?.name ?? tool.name ?? [],
  );
}

describe.each(CLI_NAMES)('%s', (cli) => {
  const { write, shell, offeredReadOnly, access } = CLIS[cli];
  const calls = [write, shell].filter((call) => call !== undefined);
  test.each(calls.map((call) => [call('note.txt').tool, call] as const))(
    'read-only writes nothing by %s',
    async (tool, call) => {
      const machine = await Machine.start();
      const tools = await run(machine, cli, 'read-only', call(join(machine.project, 'note.txt')));
      const offered = offeredReadOnly.includes(tool);
      expect(tools.includes(tool)).toBe(offered);
      expect(await readdir(machine.project)).toEqual([]);
      // A tool that is offered was called: its refusal went back to the model.
      expect(JSON.stringify(machine.api.requests().at(-1)?.body).includes('note.txt')).toBe(offered);
    },
  );

  test.skipIf(!access.includes('edit') || (cli === 'codex' && !codexSandbox))('edit writes in its folder', async () => {
    const machine = await Machine.start();
    const path = join(machine.project, 'note.txt');
    const call = write(path);
    expect(await run(machine, cli, 'edit', call)).toContain(call.tool);
    expect((await readFile(path, 'utf8')).trim()).toBe('written');
    expect(await readdir(machine.project)).toEqual(['note.txt']);
  });

  test.skipIf(!access.includes('edit'))('edit writes nothing elsewhere', async () => {
    const machine = await Machine.start();
    // Not below /tmp, which Codex lets its commands write to.
    const outside = await mkdtemp('/var/tmp/sidejob-outside-');
    onTestFinished(() => rm(outside, { recursive: true }));
    const call = write(join(outside, 'note.txt'));
    expect(await run(machine, cli, 'edit', call)).toContain(call.tool);
    expect(await readdir(outside)).toEqual([]);
  });

  // In a repository, because some CLIs count all of it to the folder; where `.git` is a file, as in a worktree, too.
  test.skipIf(!access.includes('edit')).each(['folder', 'file'])(
    'edit writes nothing beside its folder; .git a %s',
    async (kind) => {
      const machine = await Machine.start();
      await promisify(execFile)('git', ['init', '-q', machine.project]);
      if (kind === 'file') {
        await rename(join(machine.project, '.git'), join(machine.project, '..', 'real.git'));
        await writeFile(join(machine.project, '.git'), `gitdir: ${join(machine.project, '..', 'real.git')}\n`);
      }
      for (const folder of ['a', 'b']) await mkdir(join(machine.project, 'packages', folder), { recursive: true });
      const call = write(join(machine.project, 'packages/b/note.txt'));
      machine.api.set(call);
      const jobId = await machine.submit(cli, { access: 'edit', cwd: join(machine.project, 'packages/a') });
      expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed' });
      expect(toolsOf(machine.api.requests().at(-1)?.body)).toContain(call.tool);
      expect(await readdir(join(machine.project, 'packages/b'))).toEqual([]);
    },
  );

  const missing = ['read-only', 'edit', 'full'].filter((level) => !(access as readonly string[]).includes(level));
  test.skipIf(missing.length === 0)('a level that it cannot keep is refused', async () => {
    const { assistant } = await Machine.start();
    for (const level of missing) {
      const reply = await assistant.call('llm_job_submit', { prompt: 'hi', provider: cli, access: level });
      expect(reply.text).toMatch(new RegExp(`^not_supported: ${cli} has no access "${level}"`));
    }
  });
});
