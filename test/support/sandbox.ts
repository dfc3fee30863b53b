// A machine of its own for one test: a data folder, a home folder, a project, and a PATH on which there is
// nothing but the posing CLIs and the Node they run on. What a test leaves running fails it.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Assistant, connect, type Era, type ServerParameters } from './assistant.js';
import { type LiveProcess, processesWith, signal } from './processes.js';
import { RawServer } from './raw-server.js';
import { until } from './until.js';

export const SERVER = fileURLToPath(new URL('../../dist/sidejob.js', import.meta.url));
const CLIS = fileURLToPath(new URL('../fixtures/clis', import.meta.url));

export const POSING = ['claude', 'codex', 'gemini'] as const;

/** How long what has been ended may take to leave the process table. */
const LEAVE_MS = 1500;

export interface ServerOptions {
  era?: Era;
  /** `clientInfo.name`. */
  client?: string;
  env?: Record<string, string>;
  cwd?: string;
  /** What is run instead of the built server on this Node. */
  command?: string;
  args?: string[];
}

export class Sandbox {
  readonly #servers: { readonly stderr: string; close(): Promise<void> }[] = [];
  #gates = 0;

  private constructor(readonly root: string) {}

  static async create(): Promise<Sandbox> {
    const sandbox = new Sandbox(await realpath(await mkdtemp(join(tmpdir(), 'sidejob-e2e-'))));
    for (const folder of [sandbox.userHome, sandbox.bin]) await mkdir(folder);
    await sandbox.newProject('project');
    await symlink(process.execPath, join(sandbox.bin, 'node'));
    for (const cli of POSING) await symlink(join(CLIS, cli), join(sandbox.bin, cli));
    return sandbox;
  }

  /** The data folder; nothing has made it yet. */
  get home(): string {
    return join(this.root, 'data');
  }

  get userHome(): string {
    return join(this.root, 'user');
  }

  get bin(): string {
    return join(this.root, 'bin');
  }

  /** The folder that servers are started in. */
  get project(): string {
    return join(this.root, 'project');
  }

  get env(): Record<string, string> {
    return {
      HOME: this.userHome,
      PATH: this.bin,
      SIDEJOB_HOME: this.home,
      SIDEJOB_GRACE_SEC: '1',
      // Folders are made beside the home folder, and beside one another.
      SIDEJOB_ROOTS: this.root,
      ANTHROPIC_API_KEY: 'posing',
      CODEX_API_KEY: 'posing',
      GEMINI_API_KEY: 'posing',
    };
  }

  /** A folder that counts as a project. */
  async newProject(name: string): Promise<string> {
    const folder = join(this.root, name);
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{}');
    return folder;
  }

  /** Takes a CLI off the PATH. */
  async uninstall(cli: (typeof POSING)[number]): Promise<void> {
    await unlink(join(this.bin, cli));
  }

  /** Puts a program of this machine on the PATH. */
  async install(program: string): Promise<void> {
    const folders = (process.env.PATH ?? '').split(delimiter);
    const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`this machine has no ${program}`);
    await symlink(found, join(this.bin, program));
  }

  /** A path where there is nothing yet, for the steps `gate` and `reached`. */
  gate(): string {
    this.#gates += 1;
    return join(this.root, `gate-${this.#gates}`);
  }

  open(gate: string): Promise<void> {
    return writeFile(gate, '');
  }

  parameters({ env, cwd, command, args }: ServerOptions = {}): ServerParameters {
    return {
      command: command ?? process.execPath,
      args: args ?? [SERVER],
      env: { ...this.env, ...env },
      cwd: cwd ?? this.project,
    };
  }

  /** A client with a server of its own. */
  async assistant(options: ServerOptions = {}): Promise<Assistant> {
    const { era = 'client 2.x', client = 'e2e' } = options;
    const assistant = await connect(era, client, this.parameters(options));
    this.#servers.push(assistant);
    return assistant;
  }

  /** A server without a client: what it says is seen as it is. */
  server(options: ServerOptions & Partial<ServerParameters> = {}): RawServer {
    const { command, args, ...rest } = options;
    const parameters = this.parameters(rest);
    const server = new RawServer({
      ...parameters,
      command: command ?? parameters.command,
      args: args ?? parameters.args,
    });
    this.#servers.push(server);
    return server;
  }

  /** Has a client of a test's own closed with the rest. */
  adopt(client: { close(): Promise<void> }): void {
    this.#servers.push({ stderr: '', close: () => client.close() });
  }

  /** What its servers have written to stderr. */
  get stderr(): string {
    return this.#servers.map(({ stderr }) => stderr).join('');
  }

  /** Every process of this sandbox: servers, and what jobs have started. */
  processes(): Promise<LiveProcess[]> {
    return processesWith(`SIDEJOB_HOME=${this.home}`);
  }

  /** Ends the servers and removes the folders. What then is still alive is ended, too, and fails the test. */
  async dispose(): Promise<void> {
    for (const server of this.#servers) await server.close();
    const left = await this.#leftOver();
    for (const { pid } of left) signal(pid, 'SIGKILL');
    if (left.length > 0) await until('what was killed is gone', async () => (await this.processes()).length === 0);
    await rm(this.root, { recursive: true, force: true });
    if (left.length > 0) {
      throw new Error(`left running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
    }
  }

  async #leftOver(): Promise<LiveProcess[]> {
    if (process.platform !== 'linux') return [];
    try {
      await until('nothing is left running', async () => (await this.processes()).length === 0, LEAVE_MS);
      return [];
    } catch {
      return this.processes();
    }
  }
}
