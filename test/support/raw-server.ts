// A server whose stdio is in the test's own hands: every byte it says is seen, and anything can be said to it.
import { type ChildProcess, spawn } from 'node:child_process';
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
    // A process group of its own, so that a signal to all of it does not end the tests.
    this.child = spawn(command, args, { env, cwd, stdio: 'pipe', detached: true });
    const { stdin, stdout, stderr, pid } = this.child;
    if (!stdin || !stdout || !stderr || pid === undefined) throw new Error(`${command} was not started`);
    this.stdin = stdin;
    this.stdout = stdout;
    this.pid = pid;
    // It may have left already; what counts is how.
    stdin.on('error', () => {});
    // Not readline: it ends lines at U+2028, too, which may stand in JSON as it is.
    let rest = '';
    stdout.setEncoding('utf8').on('data', (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
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

  /** The data of a call that must work. */
  async data(name: string, args: object = {}): Promise<Record<string, unknown>> {
    const { result } = await this.callTool(name, args);
    if (!result?.structuredContent) throw new Error(`${name}: ${JSON.stringify(result)}`);
    return result.structuredContent as Record<string, unknown>;
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
