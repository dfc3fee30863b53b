// The command line: finds the subcommand, and shapes its errors for a person.
import { homedir } from 'node:os';
import { nearest } from '../config/nearest.js';
import { errnoOf, SidejobError } from '../errors.js';
import { printable } from '../output/printable.js';
import { VERSION } from '../version.js';
import { COMMANDS, COMPLETE, entryOf } from './commands.js';
import type { CommandContext } from './context.js';
import { forPerson } from './for-person.js';
import { helpOf, overviewOfCommands } from './help.js';

/** Runs a subcommand. Exit status: 0 good, 1 it failed, 2 it was called wrongly; of jobs: see exit-status.ts. */
export async function runCommand(name: string | undefined, argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const context: CommandContext = {
    env: { ...env, HOME: env.HOME ?? homedir() },
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    // Where it cannot be written, 'error' has ended us before.
    flushed: () => new Promise((resolve) => process.stdout.write('', (error) => error || resolve())),
    ask: process.stdin.isTTY && process.stdout.isTTY ? ask : undefined,
  };
  process.stdout.on('error', (error) => {
    // A reader that has seen enough (`| head`) is not an error; a full disk is.
    if (errnoOf(error) === 'EPIPE') process.exit(0);
    process.stderr.write(`sidejob: the output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
  try {
    return await dispatch(name, argv, context);
  } catch (error) {
    if (error instanceof SidejobError) {
      context.stderr(`sidejob: ${forPerson(error.line)}\n`);
      return error.code === 'bad_argument' ? 2 : 1;
    }
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      context.stderr(`sidejob ${name}: ${printable(await misspelt(name, error.message))}\n`);
      return 2;
    }
    throw error;
  }
}

async function dispatch(name: string | undefined, argv: string[], context: CommandContext): Promise<number> {
  if (name === undefined) return (await import('./overview.js')).overview(context);
  if (['version', '--version', '-v'].includes(name)) {
    context.stdout(`${VERSION}\n`);
    return 0;
  }
  if (name === COMPLETE) return (await import('./complete.js')).completeCommand(argv, context);
  if (['help', '--help', '-h'].includes(name)) return help(argv[0], context);
  const entry = entryOf(name);
  if (!entry) return unknown(name, context);
  // What follows `--` is no option of ours.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  if (own.some((arg) => arg === '--help' || arg === '-h')) {
    const text = await helpOf(entry);
    if (text !== undefined) return say(text, context);
  }
  return (await entry.load())(argv, context);
}

async function help(name: string | undefined, context: CommandContext): Promise<number> {
  if (name === undefined) return say(overviewOfCommands(), context);
  const entry = entryOf(name);
  if (!entry) return unknown(name, context);
  const text = await helpOf(entry);
  return text === undefined ? (await entry.load())(['--help'], context) : say(text, context);
}

function say(text: string, { stdout }: CommandContext): number {
  stdout(text);
  return 0;
}

function unknown(name: string, { stderr }: CommandContext): number {
  const near = nearest(
    name,
    COMMANDS.map((entry) => entry.name),
  );
  stderr(`sidejob: no command "${printable(name)}"${near ? `; ${near}?` : '.'} "sidejob help" lists them.\n`);
  return 2;
}

/** What util.parseArgs says of an option that there is not, with the one that may be meant. */
async function misspelt(name: string | undefined, message: string): Promise<string> {
  const [, option] = /^Unknown option '(-[^']+)'/.exec(message) ?? [];
  if (option === undefined) return message;
  const options = (name !== undefined && (await entryOf(name)?.load())?.options) || {};
  const near = option.startsWith('--') ? nearest(option.slice(2), Object.keys(options)) : undefined;
  return `no option "${option}"${near ? `; --${near}?` : '.'} "sidejob help ${name}" lists them.`;
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
