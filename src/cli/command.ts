// The command line: finds the subcommand, and shapes its errors for a person.
import { homedir } from 'node:os';
import { nearest } from '../config/nearest.js';
import { SidejobError } from '../errors.js';
import { printable } from '../output/printable.js';
import { VERSION } from '../version.js';
import type { Command, CommandContext } from './context.js';

const USAGE = `Sidejob ${VERSION}: background jobs for LLM CLIs

  sidejob                          serve MCP on stdin and stdout (what a client starts)
  sidejob list [--all] [--json]    jobs that run, or ended unread; --all: ended and read ones, too
               [--limit N]         the newest 30, or N
  sidejob show ID [--json]         one job with its answer
  sidejob logs ID [-f] [--stderr]  what it printed; -f: follow to its end
  sidejob cancel ID...             end jobs with their processes
  sidejob providers [--json]       the CLIs there are, their logins and what is wrong
  sidejob providers add [NAME]     enter a recipe for a CLI that is not built in; without NAME: which there are
  sidejob providers test NAME      one prompt through it, with command line, events and answer
  sidejob usage [--by KEY]         what ended jobs have used, by provider, model, day or label;
               [--days N] [--json] of the last 30 days, or N
  sidejob policy check [FILE]      whether the policy is valid; else the line that is not
  sidejob policy explain TOOL      what it says of a call, and which rule: [--args JSON] [--policy FILE] [--json]
  sidejob policy init NAME         begin with one: read-only, careful or open [--force]
  sidejob approvals [--all]        calls that wait for a person's word; --all: answered ones, too
               [--json]
  sidejob approve ID [--yes]       shows such a call in full, and lets it pass once
  sidejob deny ID [--reason TEXT]  refuses it
  sidejob audit [-n N] [-f]        what happened to jobs and what was decided, the last 50 lines or N;
               [--job ID] [--json] -f: and what comes
  sidejob doctor [--json] [--fix]  what is wrong here, and what to do about it; --fix: what is safe to mend
  sidejob config [--json]          every setting with its value and where it comes from
  sidejob config edit              config.toml in your editor; also: path, template, schema
  sidejob mcp install CLIENT       enter Sidejob in claude-code, claude-desktop, cursor, vscode, codex or gemini
  sidejob mcp uninstall CLIENT     and take it out again
  sidejob mcp print CLIENT         the entry, to paste; for more clients

An ID may be any unique prefix, or its last part alone.
`;

const COMMANDS: Record<string, () => Promise<Command>> = {
  list: async () => (await import('./list.js')).listCommand,
  show: async () => (await import('./show.js')).showCommand,
  logs: async () => (await import('./logs.js')).logsCommand,
  cancel: async () => (await import('./cancel.js')).cancelCommand,
  providers: async () => (await import('./providers.js')).providersCommand,
  usage: async () => (await import('./usage.js')).usageCommand,
  policy: async () => (await import('./policy.js')).policyCommand,
  approvals: async () => (await import('./approvals.js')).approvalsCommand,
  approve: async () => (await import('./approve.js')).approveCommand,
  deny: async () => (await import('./approve.js')).denyCommand,
  audit: async () => (await import('./audit.js')).auditCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
  config: async () => (await import('./config.js')).configCommand,
  mcp: async () => (await import('./mcp.js')).mcpEntry,
};

/** Runs a subcommand. Exit status: 0 good, 1 it failed, 2 it was called wrongly. */
export async function runCommand(name: string | undefined, argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const context: CommandContext = {
    env: { ...env, HOME: env.HOME ?? homedir() },
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    ask: process.stdin.isTTY && process.stdout.isTTY ? ask : undefined,
  };
  // A reader that has seen enough (`| head`) is not an error.
  process.stdout.on('error', () => process.exit(0));
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    context.stdout(USAGE);
    return 0;
  }
  if (['version', '--version', '-v'].includes(name)) {
    context.stdout(`${VERSION}\n`);
    return 0;
  }
  if (name !== 'mcp' && argv.some((arg) => arg === '--help' || arg === '-h')) {
    context.stdout(USAGE);
    return 0;
  }
  const load = COMMANDS[name];
  if (!load) {
    const near = nearest(name, Object.keys(COMMANDS));
    context.stderr(`sidejob: no command "${name}"${near ? `; ${near}?` : '.'} "sidejob help" lists them.\n`);
    return 2;
  }
  try {
    return await (await load())(argv, context);
  } catch (error) {
    if (error instanceof SidejobError) {
      context.stderr(`sidejob: ${printable(forPerson(error.line))}\n`);
      return error.code === 'bad_argument' ? 2 : 1;
    }
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      context.stderr(`sidejob ${name}: ${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Without an answer (Ctrl-D), the answer is empty.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}

/** Hints name tools, which a person cannot call. */
function forPerson(line: string): string {
  return line
    .replaceAll('llm_job_list shows', '"sidejob list --all" shows')
    .replaceAll('llm_job_result', '"sidejob show"')
    .replaceAll('llm_job_wait', '"sidejob logs -f"');
}
