// Runs a short program that its owner has configured, beside everything else: in a session of its own, under the same
// launcher as jobs, so that its time limit holds after this process has left.
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { errnoOf } from '../errors.js';

const LAUNCHER = fileURLToPath(new URL('./launcher.sh', import.meta.url));
const GRACE_SEC = 2;
const KEPT_BYTES = 4096;

export interface Hook {
  /** Absolute path. */
  path: string;
  args: readonly string[];
  /** Without symbolic links in it. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** What it reads on stdin. */
  input: string;
  timeoutSec: number;
}

/**
 * Runs a program to its end; what it has left running is ended then, at the latest at its time limit. Its stdout goes
 * nowhere.
 * @returns what went wrong, with the end of its stderr; undefined if it ended with status 0
 */
export function runHook({ path, args, cwd, env, input, timeoutSec }: Hook): Promise<string | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    // Nobody reads how it ended but us, so that goes into no file.
    const words = ['/dev/null', '/dev/null', String(timeoutSec), String(GRACE_SEC), cwd, path, ...args];
    const child = spawn('/bin/sh', [LAUNCHER, ...words], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe'],
      cwd,
      env,
      detached: true,
    });
    let said = '';
    for (const stream of [child.stdio[2], child.stdio[3]] as Readable[]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-KEPT_BYTES);
      });
      stream.on('error', () => {});
      unref(stream);
    }
    for (const [stream, text] of [
      [child.stdio[0] as Writable, input],
      [child.stdio[4] as Writable, 'go\n'],
    ] as const) {
      // It need not read what it gets.
      stream.on('error', () => {});
      stream.end(text);
      unref(stream);
    }
    child.unref();
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) endGroup(child.pid);
      if (code === 0) return resolve(undefined);
      const late = performance.now() - began >= timeoutSec * 1000;
      const how = late ? `ended after its time limit of ${timeoutSec} s` : `exit ${code ?? signal}`;
      // What it said last may still be in the pipe.
      setImmediate(() => resolve([how, said.trim()].filter(Boolean).join(': ')));
    });
  });
}

/** The program must not keep this process from leaving. */
function unref(stream: unknown): void {
  (stream as { unref?(): void }).unref?.();
}

/** The launcher was its leader and has just gone, so that the number is still the group's, or nobody's. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
  }
}
