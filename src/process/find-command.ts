// Finds a CLI's executable: on PATH, then on the login shell's PATH. Desktop clients start their servers with
// a bare PATH, on which nothing that nvm, Homebrew or an installer of its own has put is found.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

export interface FoundCommand {
  /** Absolute path. */
  path: string;
  /** The PATH on which it was found: its own tools (a `node` for its `#!` line) are there too. */
  searchPath: string;
  via: 'config' | 'PATH' | 'login shell';
}

/** How long the login shell may take; a slow profile must not hold up a job for longer. */
const SHELL_TIMEOUT_MS = 5000;
const MARK = '@sidejob-path@';

let loginPath: Promise<string> | undefined;

/** The same for a program that may be named by its absolute path. */
export async function findProgram(program: string, env: NodeJS.ProcessEnv): Promise<FoundCommand | undefined> {
  if (!isAbsolute(program)) return findCommand(program, env);
  return (await isExecutable(program)) ? { path: program, searchPath: env.PATH ?? '', via: 'config' } : undefined;
}

/** Looks for `name` on PATH, and only if it is not there on the login shell's. */
export async function findCommand(name: string, env: NodeJS.ProcessEnv): Promise<FoundCommand | undefined> {
  const own = env.PATH ?? '';
  const onPath = await searchIn(name, own);
  if (onPath) return { path: onPath, searchPath: own, via: 'PATH' };
  const all = joinPaths(own, await loginShellPath(env));
  const found = await searchIn(name, all);
  return found ? { path: found, searchPath: all, via: 'login shell' } : undefined;
}

/**
 * The PATH that the user's login shell sets up, which is what a desktop client's servers are given to look in.
 * @returns empty where it cannot be had: no `SHELL`, or one that took more than five seconds
 */
export function loginShellPath(env: NodeJS.ProcessEnv): Promise<string> {
  loginPath ??= readLoginPath(env);
  return loginPath;
}

/** Whether a file can be run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    const [stats] = await Promise.all([stat(path), access(path, constants.X_OK)]);
    return stats.isFile();
  } catch {
    return false;
  }
}

async function searchIn(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    // A relative entry would mean another program in each folder.
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

function joinPaths(...paths: string[]): string {
  return [...new Set(paths.flatMap((path) => path.split(delimiter)))].filter(Boolean).join(delimiter);
}

/** The PATH that the user's login shell sets up; empty where it cannot be had in time. */
async function readLoginPath(env: NodeJS.ProcessEnv): Promise<string> {
  const shell = env.SHELL;
  if (!shell || !isAbsolute(shell) || process.platform === 'win32') return '';
  return new Promise((resolve) => {
    // Interactive too, because nvm and its like are set up in .bashrc. In a session of its own, so that a shell
    // that grabs the terminal or starts programs can be ended as a whole.
    const child = spawn(shell, ['-ilc', `printf '${MARK}%s${MARK}' "$PATH"`], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      env: { ...env, TERM: 'dumb' },
    });
    let output = '';
    const finish = () => {
      clearTimeout(timer);
      resolve(output.split(MARK)[1] ?? '');
    };
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      finish();
    }, SHELL_TIMEOUT_MS);
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', finish);
    child.on('close', finish);
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
