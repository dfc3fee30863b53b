// `sidejob mcp install|uninstall|print CLIENT`: enters this server in an MCP client's configuration and takes it out.
import { dirname, resolve } from 'node:path';
import { SidejobError } from '../../errors.js';
import { type Order, parseOrder, USAGE, UsageError } from './arguments.js';
import { type Client, SERVER, type ServerEntry } from './clients.js';
import { diff } from './diff.js';
import { canRead, type Entry, editorOf, textError } from './edit.js';
import { backup, type ConfigFile, isFolder, locate, read, replace } from './file.js';

interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  env: NodeJS.ProcessEnv;
  home: string;
  platform: NodeJS.Platform;
  /** How a client starts this server: absolute paths, so that no npx runs at each start. */
  entry: ServerEntry;
}

/** Runs the subcommand. Returns the exit status: 0 done (or nothing to do), 1 failed, 2 called wrongly. */
export async function mcpCommand(argv: string[], io: Io): Promise<number> {
  try {
    const order = parseOrder(argv);
    if (order === 'help') io.stdout(USAGE);
    else if (order.json && order.verb !== 'print') await withReport(order, io);
    else await { install, uninstall, print }[order.verb](order, io);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr(error.message);
      return 2;
    }
    if (!(error instanceof SidejobError)) throw error;
    io.stderr(`${error.line}\n`);
    return 1;
  }
}

/** What became of a file. */
interface Change {
  file: string;
  changed: boolean;
  backup?: string | undefined;
}

/** For a program: what became of the file, and nothing else on stdout. */
async function withReport(order: Order, io: Io): Promise<void> {
  const change = await (order.verb === 'install' ? install : uninstall)(order, { ...io, stdout: () => {} });
  const report = { client: order.client.name, ...change, ...(order.dryRun && { dryRun: true }) };
  io.stdout(`${JSON.stringify(report, null, 2)}\n`);
}

async function install(order: Order, io: Io): Promise<Change> {
  const { client } = order;
  warnOfNpx(io);
  const file = await read(await pathOf(order, io));
  if (!(await isFolder(dirname(file.target)))) throw noFolder(order, file);
  const text = edited(file, () => editorOf(client, SERVER).with(file.text, entryOf(client, io)));
  if (text === file.text) {
    io.stdout(`${SERVER} is already entered in ${file.path}; nothing changed.\n`);
    return { file: file.path, changed: false };
  }
  const change = await apply(file, text, order, io);
  if (!canRead(client, text)) {
    const what = client.takes ? 'trailing commas' : 'comments or trailing commas';
    io.stderr(`${file.path} has ${what}: kept, but ${client.title} may not read it so.\n`);
  }
  if (order.dryRun) return change;
  const { how, lines } = client.allow;
  const cost = 'llm_run changes no files, but each call costs money or quota: leave it out to be asked each time.\n';
  io.stdout(
    `\n${client.next}\n\n${how}\n${lines ? `${typeof lines === 'string' ? lines : JSON.stringify(lines, null, 2)}\n` : ''}${lines && typeof lines !== 'string' ? cost : ''}`,
  );
  return change;
}

async function uninstall(order: Order, io: Io): Promise<Change> {
  const file = await read(await pathOf(order, io));
  const before = file.text ?? '';
  const text = edited(file, () => editorOf(order.client, SERVER).without(before));
  if (text === before) {
    io.stdout(`${SERVER} is not entered in ${file.path}; nothing changed.\n`);
    return { file: file.path, changed: false };
  }
  const change = await apply(file, text, order, io);
  if (!order.dryRun) io.stdout(`\nRestart ${order.client.title}; jobs and output are kept.\n`);
  return change;
}

async function print(order: Order, io: Io): Promise<void> {
  warnOfNpx(io);
  io.stderr(`For ${await pathOf(order, io)}:\n`);
  const { client } = order;
  if (order.json) {
    io.stdout(`${JSON.stringify(entryOf(client, io), null, 2)}\n`);
    return;
  }
  const text = editorOf(client, SERVER).with(undefined, entryOf(client, io));
  io.stdout(text);
  if (client.note) io.stderr(`${client.note}\n`);
}

async function pathOf({ client, file }: Order, io: Io): Promise<string> {
  return file === undefined ? locate(client, io) : resolve(file);
}

/** Shows the change and, unless this is a dry run, makes it. `changed` in a dry run: it would be. */
async function apply(file: ConfigFile, text: string, order: Order, io: Io): Promise<Change> {
  mustBeWritable(file);
  io.stdout(`${file.path}${file.bytes ? '' : ' (new file)'}\n${diff(file.text, text)}\n\n`);
  if (order.dryRun) {
    io.stdout('Dry run: nothing was written.\n');
    return { file: file.path, changed: true };
  }
  const kept = await backup(file);
  await replace(file, text);
  io.stdout(`Written.${kept ? ` The file as it was: ${kept}` : ''}\n`);
  return { file: file.path, changed: true, backup: kept };
}

function entryOf(client: Client, io: Io): Entry {
  return client.shape ? client.shape(io.entry) : { ...client.fields, ...io.entry };
}

function edited(file: ConfigFile, edit: () => string): string {
  try {
    return edit();
  } catch (error) {
    const message = textError(error);
    if (message === undefined) throw error;
    const hint = 'Nothing was changed. Mend the file, then run this again.';
    throw new SidejobError('bad_config', `${file.path}: ${message}.`, hint, { cause: error });
  }
}

// A rename would get past it; but somebody, or what keeps their dotfiles, has said that this file is not to be changed.
function mustBeWritable(file: ConfigFile): void {
  if (!file.bytes || (file.mode & 0o222) !== 0) return;
  const hint = `Nothing was changed. "chmod u+w" allows it; if another program makes the file, enter Sidejob there ("sidejob mcp print").`;
  throw new SidejobError('bad_config', `${file.path} is read-only.`, hint);
}

// No folder is made: where the client has run it is there, and a made one would hide a wrong path.
function noFolder(order: Order, file: ConfigFile): SidejobError {
  const hint =
    order.file === undefined
      ? `${order.client.title} has probably not run here yet: start it once, or name its file with --file.`
      : 'Nothing was changed.';
  return new SidejobError('no_folder', `There is no folder ${dirname(file.target)}.`, hint);
}

function warnOfNpx(io: Io): void {
  if (![io.entry.command, ...io.entry.args].some((part) => /[\\/]_npx[\\/]/.test(part))) return;
  io.stderr(
    "Warning: this sidejob runs from npx's cache, which npm may clear; the entry would then point to nothing. " +
      'Better: npm install -g sidejob, then sidejob mcp install again.\n',
  );
}
