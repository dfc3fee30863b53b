// `read-only` and `edit` are kept by the real CLIs, whatever the model asks for.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
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

  test('a level that it cannot keep is refused', async () => {
    const { assistant } = await Machine.start();
    for (const level of ['read-only', 'edit', 'full'].filter((each) => !(access as readonly string[]).includes(each))) {
      const reply = await assistant.call('llm_job_submit', { prompt: 'hi', provider: cli, access: level });
      expect(reply.text).toMatch(new RegExp(`^not_supported: ${cli} has no access "${level}"`));
    }
  });
});
