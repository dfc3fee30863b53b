// Runs the built program in a pseudo-terminal, made by `script` of util-linux.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { type Sandbox, SERVER } from './sandbox.js';
import { until } from './until.js';

const SCRIPT = '/usr/bin/script';

/** Why there is no pseudo-terminal here; undefined if there is one. macOS has another `script`. */
export const NO_TERMINAL =
  process.platform === 'linux' && existsSync(SCRIPT) ? undefined : `there is no ${SCRIPT} of util-linux`;

export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';

export interface TerminalOptions {
  env?: Record<string, string>;
  columns?: number;
  /** Whether the terminal shows what is typed; readline shows nothing where it does not. */
  echo?: boolean;
  /** A command line of the shell with `$SIDEJOB` in it, instead of that program with arguments. */
  shell?: string;
}

export class Terminal {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #raw = '';

  constructor(
    sandbox: Sandbox,
    args: readonly string[],
    { env, columns = 100, echo = false, shell }: TerminalOptions = {},
  ) {
    const words = [process.execPath, SERVER, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    const line = `PATH=/usr/bin:/bin stty cols ${columns} rows 24 ${echo ? 'echo' : '-echo'}; ${shell ?? `exec ${words.join(' ')}`}`;
    this.#child = spawn(SCRIPT, ['-qefc', line, '/dev/null'], {
      env: { ...sandbox.env, TERM: 'xterm-256color', SIDEJOB: `${process.execPath} ${SERVER}`, ...env },
      cwd: sandbox.project,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout.on('data', (piece) => {
      this.#raw += piece;
    });
    sandbox.adopt({ close: () => this.close() });
  }

  /** All that came, with its control sequences. */
  get raw(): string {
    return this.#raw;
  }

  get text(): string {
    return stripVTControlCharacters(this.#raw).replaceAll('\r', '');
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  async shows(words: string | RegExp): Promise<void> {
    const there = () => (typeof words === 'string' ? this.text.includes(words) : words.test(this.text));
    await until(`the terminal shows ${words}`, there).catch((error) => {
      throw new Error(`${error.message}; it shows: ${this.text.slice(-1500)}`);
    });
  }

  /** The exit status, once it has ended. */
  ended(): Promise<number> {
    const { exitCode } = this.#child;
    return exitCode === null
      ? new Promise((resolve) => this.#child.once('close', (status) => resolve(status ?? -1)))
      : Promise.resolve(exitCode);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.ended();
  }
}
