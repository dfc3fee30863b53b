// `read-only` and `edit` are kept by the real CLIs, whatever the model asks for.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLI_NAMES, type CliName } from './clis.js';
import { BIN, Machine, SEARCH_PATH } from './machine.js';

interface ToolCall {
  tool: string;
  toolInput: object;
}

/** How the model of each CLI asks to write a file. */
const WRITE: Record<CliName, (path: string) => ToolCall> = {
  claude: (path) => ({ tool: 'Write', toolInput: { file_path: path, content: 'written' } }),
  codex: (path) => ({ tool: 'exec_command', toolInput: { cmd: `printf written > '${path}'` } }),
  gemini: (path) => ({ tool: 'write_file', toolInput: { file_path: path, content: 'written' } }),
};

/** The same through the shell. Codex has only apply_patch besides, which the fake API cannot call. */
const SHELL: Record<Exclude<CliName, 'codex'>, (path: string) => ToolCall> = {
  claude: (path) => ({ tool: 'Bash', toolInput: { command: `printf written > '${path}'` } }),
  gemini: (path) => ({ tool: 'run_shell_command', toolInput: { command: `printf written > '${path}'` } }),
};

/** Which of these tools the model is offered for `read-only`: shells, where the CLI itself holds them back. */
const OFFERED_READ_ONLY: Record<CliName, string[]> = { claude: ['Bash'], codex: ['exec_command'], gemini: [] };

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
  functionDeclarations?: { name: string }[];
}

function toolsOf(body: Record<string, unknown> = {}): string[] {
  const tools = (body.tools ?? []) as OfferedTool[];
  return tools.flatMap(
    ({ name, functionDeclarations }) => functionDeclarations?.map((each) => each.name) ?? name ?? [],
  );
}

describe.each(CLI_NAMES)('%s', (cli) => {
  const calls = cli === 'codex' ? [WRITE.codex] : [WRITE[cli], SHELL[cli]];
  test.each(calls.map((call) => [call('note.txt').tool, call] as const))(
    'read-only writes nothing by %s',
    async (tool, call) => {
      const machine = await Machine.start();
      const tools = await run(machine, cli, 'read-only', call(join(machine.project, 'note.txt')));
      const offered = OFFERED_READ_ONLY[cli].includes(tool);
      expect(tools.includes(tool)).toBe(offered);
      // A tool that is offered was called: its refusal went back to the model.
      expect(machine.api.requests()).toHaveLength(offered ? 2 : 1);
      expect(await readdir(machine.project)).toEqual([]);
    },
  );

  test.skipIf(cli === 'codex' && !codexSandbox)('edit writes in its folder', async () => {
    const machine = await Machine.start();
    const path = join(machine.project, 'note.txt');
    const call = WRITE[cli](path);
    expect(await run(machine, cli, 'edit', call)).toContain(call.tool);
    expect(await readFile(path, 'utf8')).toBe('written');
    expect(await readdir(machine.project)).toEqual(['note.txt']);
  });

  test('edit writes nothing elsewhere', async () => {
    const machine = await Machine.start();
    // Not below /tmp, which Codex lets its commands write to.
    const outside = await mkdtemp('/var/tmp/sidejob-outside-');
    onTestFinished(() => rm(outside, { recursive: true }));
    const call = WRITE[cli](join(outside, 'note.txt'));
    expect(await run(machine, cli, 'edit', call)).toContain(call.tool);
    expect(await readdir(outside)).toEqual([]);
  });
});
