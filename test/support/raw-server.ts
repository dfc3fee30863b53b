// A server whose stdio is in the test's own hands: every byte it says is seen, and anything can be said to it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ServerParameters } from './assistant.js';
import { until } from './until.js';

export interface Message {
  jsonrpc: string;
  id?: number | string | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
}

export class RawServer {
  /** Lines of stdout, in their order. */
  readonly lines: string[] = [];
  stderr = '';
  readonly child: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly pid: number;
  /** Exit status or signal, once it has ended. */
  exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #lastId = 0;

  constructor({ command, args, env, cwd }: ServerParameters) {
    this.child = spawn(command, args, { env, cwd, stdio: 'pipe' });
    const { stdin, stdout, stderr, pid } = this.child;
    if (!stdin || !stdout || !stderr || pid === undefined) throw new Error(`${command} was not started`);
    this.stdin = stdin;
    this.stdout = stdout;
    this.pid = pid;
    // It may have left already; what counts is how.
    stdin.on('error', () => {});
    createInterface({ input: stdout }).on('line', (line) => this.lines.push(line));
    stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.on('exit', (code, signal) => {
      this.exit = { code, signal };
    });
  }

  /** Every line of stdout as a message; a line that is none throws. */
  get messages(): Message[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  send(message: object): void {
    this.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Sends a request and returns the id it was given. */
  ask(method: string, params: object = {}): number {
    this.#lastId += 1;
    this.send({ id: this.#lastId, method, params });
    return this.#lastId;
  }

  /** The reply to a request, once it has come. */
  reply(id: number): Promise<Message> {
    return until(`the reply to request ${id}`, () => this.messages.find((message) => message.id === id), 60_000);
  }

  request(method: string, params: object = {}): Promise<Message> {
    return this.reply(this.ask(method, params));
  }

  callTool(name: string, args: object = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args });
  }

  /** The handshake of the `initialize` protocols. */
  async initialize(): Promise<Message> {
    const reply = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'e2e', version: '1.0.0' },
    });
    this.send({ method: 'notifications/initialized' });
    return reply;
  }

  ended(withinMs = 10_000): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return until('the server has ended', () => this.exit, withinMs);
  }

  async close(): Promise<void> {
    this.stdin.end();
    if (!this.exit) await this.ended().catch(() => this.child.kill('SIGKILL'));
    await this.ended();
  }
}
