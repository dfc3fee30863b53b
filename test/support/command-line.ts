// Runs the built program's subcommands in a sandbox.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { type Sandbox, SERVER } from './sandbox.js';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What it has printed until now. */
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Ran>;
}

type Place = Pick<Sandbox, 'env' | 'project'>;

/** Starts one, and lets the test do things while it runs. Its stdin is a pipe that has ended, unless `input` is given. */
export function startSidejob(
  sandbox: Place,
  args: readonly string[],
  { input = '', env, cwd }: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Running {
  const child = spawn(process.execPath, [SERVER, ...args], {
    env: { ...sandbox.env, ...env },
    cwd: cwd ?? sandbox.project,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (piece: string) => {
      printed[stream] += piece;
    });
  }
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (status) => resolve({ status: status ?? -1, ...printed }));
  });
  return {
    child,
    ended,
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
  };
}

export function sidejob(sandbox: Place, ...args: string[]): Promise<Ran> {
  return startSidejob(sandbox, args).ended;
}
