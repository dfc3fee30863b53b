// One real client at a project: a home folder in which it is set up, the posing CLIs for the jobs that it starts, and
// a model that makes the calls of a script. What a test leaves running fails it.
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { BIN, SEARCH_PATH } from '../real-clis/machine.js';
import { processesIn } from '../real-clis/processes.js';
import { type FakeModelApi, type LoggedRequest, startFakeModelApi } from '../support/fake-model-api/server.mjs';
import { isAlive, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { type Call, CLIENTS, type ClientName, type ClientSetup, type Place } from './clients.js';
import type { WireLine } from './wire.mjs';

const REPO = join(import.meta.dirname, '../..');
const SERVER = join(REPO, 'dist/sidejob.js');
const WIRE = join(import.meta.dirname, 'wire.mjs');
const POSING = join(REPO, 'test/fixtures/clis');

/** A call of Sidejob's tool, or a command in the client's own shell. */
export type Step = ({ tool: string; input?: object } | { shell: string }) & {
  /** What happens as soon as the model is asked for this call. */
  meanwhile?: () => void;
};

/** One headless run of a client, seen from the model's side and from the wire. */
export interface Talk {
  client: ClientName;
  requests: LoggedRequest[];
  wire: WireLine[];
}

/** Tools that Claude Code shows in full, because their `_meta` asks for it. */
const ALWAYS_LOADED = ['llm_run'];
const LEAVE_MS = 10_000;

export class Seat {
  readonly project: string;
  readonly data: string;
  readonly #setup: ClientSetup;
  readonly #place: Place;
  #onRequest: (() => void) | undefined;

  private constructor(
    readonly client: ClientName,
    readonly root: string,
    private readonly api: FakeModelApi,
    patienceMs: number | undefined,
  ) {
    this.#setup = CLIENTS[client];
    this.project = join(root, 'project');
    this.data = join(root, 'data');
    const env = {
      PATH: this.#bin,
      SIDEJOB_HOME: this.data,
      ANTHROPIC_API_KEY: 'posing',
      CODEX_API_KEY: 'posing',
      GEMINI_API_KEY: 'posing',
    };
    const server = { command: process.execPath, args: [WIRE, this.#wireFile, process.execPath, SERVER], env };
    // Gemini CLI: see the knobs in clis.ts.
    const url = client === 'gemini' ? api.urlWith({ delayMs: 100 }) : api.url;
    this.#place = { home: join(root, 'home'), url, server, patienceMs };
  }

  /** Takes a seat for the current test; `patienceMs` is how long the client waits for a call. */
  static async take(client: ClientName, options: { patienceMs?: number } = {}): Promise<Seat> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sidejob-client-')));
    const api = await startFakeModelApi({ onRequest: () => seat.#onRequest?.() });
    const seat = new Seat(client, root, api, options.patienceMs);
    onTestFinished(() => seat.#leave());
    for (const folder of [seat.project, seat.#bin]) await mkdir(folder);
    await writeFile(join(seat.project, 'package.json'), '{}');
    await symlink(process.execPath, join(seat.#bin, 'node'));
    for (const cli of ['claude', 'codex', 'gemini']) await symlink(join(POSING, cli), join(seat.#bin, cli));
    for (const [path, text] of Object.entries(seat.#setup.files(seat.#place))) {
      const file = join(seat.#place.home, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    return seat;
  }

  /** Runs the client once: its model makes these calls, one after the other, and then answers. */
  async talk(script: Step[]): Promise<Talk> {
    const calls = this.#calls(script);
    this.api.reset();
    this.api.set({ tools: calls.map(({ tool, toolInput }) => ({ tool, toolInput })), reply: 'Done.' });
    await writeFile(this.#wireFile, '');
    this.#onRequest = () => calls[this.api.requests().length - 1]?.meanwhile?.();
    const { stdout, stderr, exitCode } = await execa(join(BIN, this.client), this.#setup.args(this.#place), {
      cwd: this.project,
      env: {
        PATH: SEARCH_PATH,
        HOME: this.#place.home,
        SHELL: '/bin/sh',
        LANG: 'C.UTF-8',
        ...this.#setup.env(this.#place),
      },
      extendEnv: false,
      input: 'Please go on.',
      reject: false,
      timeout: 30_000,
    });
    if (exitCode !== 0) throw new Error(`${this.client} ended with ${exitCode}: ${stdout}\n${stderr}`);
    await until('the client has ended its server', async () => {
      const wires = (await this.wire()).flatMap((line) => (line.from === 'wire' ? line.pid : []));
      return !(await Promise.all(wires.map(isAlive))).includes(true);
    });
    return { client: this.client, requests: this.api.requests(), wire: await this.wire() };
  }

  /** Ends the server that runs now, without a chance to tidy up. */
  async killServer(): Promise<void> {
    const last = (await this.wire()).filter((line) => line.from === 'wire').at(-1);
    if (!last) throw new Error('no server was started');
    signal(last.serverPid, 'SIGKILL');
    await until('the killed server is gone', async () => !(await isAlive(last.pid)));
  }

  /** What client and server have said to each other in the last talk, so far. */
  async wire(): Promise<WireLine[]> {
    const lines = (await readFile(this.#wireFile, 'utf8')).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  }

  /** The ids of all jobs there are. */
  jobs(): Promise<string[]> {
    return readdir(join(this.data, 'jobs'));
  }

  /** Waits until every job has left its exit status. */
  async jobsEnded(): Promise<void> {
    await until('all jobs have ended', async () => {
      const exits = (await this.jobs()).map((id) =>
        readFile(join(this.data, 'jobs', id, 'exit')).catch(() => undefined),
      );
      return (await Promise.all(exits)).every(Boolean);
    });
  }

  /** The only place where jobs' CLIs are found. */
  get #bin(): string {
    return join(this.root, 'bin');
  }

  get #wireFile(): string {
    return join(this.root, 'wire.jsonl');
  }

  /** The script in the client's names; schemas that the model was not shown are fetched before the first such call. */
  #calls(script: Step[]): (Call & Pick<Step, 'meanwhile'>)[] {
    const { toolName, shell, fetch } = this.#setup;
    const calls = script.map((step) => ({
      ...('shell' in step ? shell(step.shell) : { tool: toolName(step.tool), toolInput: step.input ?? {} }),
      meanwhile: step.meanwhile,
    }));
    const hidden = script.map((step) => 'tool' in step && !ALWAYS_LOADED.includes(step.tool));
    const wanted = new Set(calls.filter((_, index) => hidden[index]).map(({ tool }) => tool));
    if (fetch && wanted.size > 0)
      calls.splice(hidden.indexOf(true), 0, { ...fetch([...wanted]), meanwhile: undefined });
    return calls;
  }

  async #leave(): Promise<void> {
    this.#onRequest = undefined;
    await until('the client is gone', async () => (await processesIn(this.root)).length === 0, LEAVE_MS).catch(
      () => {},
    );
    const left = await processesIn(this.root);
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await this.api.close();
    await rm(this.root, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left running: ${left.map(({ command }) => command).join('; ')}`);
  }
}
