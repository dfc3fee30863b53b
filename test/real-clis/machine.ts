// One throw-away machine: a home folder with the real CLIs set up in it, a fake model API on loopback, a project
// to work in, and the built Sidejob server with its client.
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';
import { type Assistant, connect } from '../support/assistant.js';
import { type FakeModelApi, type Knobs, startFakeModelApi } from '../support/fake-model-api/server.mjs';
import { signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { CLI_NAMES, CLIS, type CliName } from './clis.js';
import { type Process, processesIn } from './processes.js';

const REPO = join(import.meta.dirname, '../..');
const SERVER = join(REPO, 'dist/sidejob.js');
export const BIN = join(REPO, '.real-clis/node_modules/.bin');
/** The real CLIs first, then the Node that runs this test: Gemini CLI and the launcher of Codex need one. */
export const SEARCH_PATH = [BIN, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);

const PATIENCE_MS = 20_000;

export interface MachineOptions {
  /** How the API behaves towards each CLI; `machine.api.set` says what else it does, to all of them. */
  api?: Partial<Record<CliName, Knobs>>;
  /** Let the CLIs give up after as few retries as their settings allow. */
  impatient?: boolean;
}

export class Machine {
  readonly home: string;
  readonly project: string;
  readonly #env: Record<string, string>;
  readonly #servers: Assistant[] = [];

  private constructor(
    readonly root: string,
    readonly api: FakeModelApi,
    env: Record<string, string>,
  ) {
    this.home = join(root, 'home');
    this.project = join(root, 'project');
    this.#env = {
      PATH: SEARCH_PATH,
      HOME: this.home,
      SIDEJOB_HOME: join(root, 'sidejob'),
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      ...env,
    };
  }

  /** Sets a machine up for the current test and starts its first server. */
  static async start({ api: knobs = {}, impatient = false }: MachineOptions = {}): Promise<Machine> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sidejob-real-')));
    const api = await startFakeModelApi();
    const home = join(root, 'home');
    const env: Record<string, string> = {};
    for (const name of CLI_NAMES) {
      const place = { home, impatient, url: api.urlWith({ ...CLIS[name].knobs, ...knobs[name], id: name }) };
      Object.assign(env, CLIS[name].env(place));
      for (const [path, text] of Object.entries(CLIS[name].files(place))) await write(join(home, path), text);
    }
    const machine = new Machine(root, api, env);
    onTestFinished(() => machine.#takeDown());
    onTestFailed(() => {
      const stderr = machine.#servers.map((server) => server.stderr).join('');
      if (stderr) console.error(stderr);
    });
    await mkdir(machine.project);
    // What makes it part of a project; beside it, because tests look at what jobs leave in it.
    await writeFile(join(machine.project, '..', 'package.json'), '{}');
    await machine.startServer();
    return machine;
  }

  async startServer(more: Record<string, string> = {}): Promise<void> {
    const env = { ...this.#env, ...more };
    const parameters = { command: process.execPath, args: [SERVER], env, cwd: this.project };
    this.#servers.push(await connect('sdk 1.x', 'real-clis', parameters));
  }

  /** The client of the server that runs now. */
  get assistant(): Assistant {
    const last = this.#servers.at(-1);
    if (!last) throw new Error('no server was started');
    return last;
  }

  /** Submits a job that works in the project; returns its id. */
  submit(provider: CliName, rest: Record<string, unknown> = {}): Promise<string> {
    return this.assistant.submit('Say hello', { provider, model: CLIS[provider].model, cwd: this.project, ...rest });
  }

  /** Waits until the model is answering: the CLI has begun to print, and its request is not over. */
  async midStream(provider: CliName, jobId: string): Promise<void> {
    await until(
      `${jobId} in mid-stream`,
      async () => {
        const { answerBytes, stdoutBytes } = await this.assistant.job(jobId);
        const request = this.api.requests().at(-1);
        const printed = CLIS[provider].printsPieces ? answerBytes : stdoutBytes;
        return Boolean(printed) && request !== undefined && request.aborted === undefined;
      },
      PATIENCE_MS,
    );
  }

  /** One view of a job's result: what stands below its header, without the end of stderr. */
  async result(jobId: string, view = 'answer'): Promise<string> {
    const { text } = await this.assistant.call('llm_job_result', { jobId, view });
    const header = new RegExp(`^${view}: .*\\n?`, 'm').exec(text);
    if (!header) throw new Error(text);
    return text.slice(header.index + header[0].length).replace(/\n?^End of stderr:\n.*/ms, '');
  }

  /** The header's line on tokens and cost. */
  async used(jobId: string): Promise<string | undefined> {
    const { text } = await this.assistant.call('llm_job_result', { jobId });
    return /^used: (.*)$/m.exec(text)?.[1];
  }

  /** The ids of the conversations that the CLI has named in its output. */
  async sessions(jobId: string): Promise<unknown[]> {
    const events = await this.result(jobId, 'events');
    return [...events.matchAll(/^\d+ session (\{.*\})$/gm)].map(([, json = '']) => JSON.parse(json).sessionId);
  }

  /** A JSON file of the machine's. */
  async json(path: string): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(path, 'utf8'));
  }

  /** Processes of jobs that are alive right now. */
  async jobProcesses(): Promise<Process[]> {
    const servers = this.#servers.map(({ pid }) => pid);
    return (await processesIn(this.root)).filter(({ pid }) => !servers.includes(pid));
  }

  /** Waits until nothing of any job is alive. */
  async jobsGone(): Promise<void> {
    await until('all jobs are gone', async () => (await this.jobProcesses()).length === 0, PATIENCE_MS);
  }

  /** Nothing of a machine may outlive its test: what does is ended here, and fails it. */
  async #takeDown(): Promise<void> {
    // The server goes last: it ends what CLIs leave behind, after a grace period.
    const leftOver: Process[] = [];
    await this.jobsGone().catch(async () => leftOver.push(...(await this.jobProcesses())));
    for (const server of this.#servers) await server.close();
    for (const one of await processesIn(this.root)) {
      leftOver.push(one);
      signal(one.pid, 'SIGKILL');
    }
    await this.api.close();
    await rm(this.root, { recursive: true, force: true });
    if (leftOver.length > 0) throw new Error(`left running: ${leftOver.map(({ command }) => command).join('; ')}`);
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
