// Runs git, and nothing that a repository would have it run: its hooks, filters, drivers and helpers stay off. What a
// strange repository or the environment says must not become a command here.
import { delimiter, isAbsolute } from 'node:path';
import { SidejobError } from '../errors.js';
import { refusal } from './refusal.js';

const TIMEOUT_SEC = 60;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** Where git works. What is not given, git finds out from `cwd`. */
export interface GitPlace {
  /** Absolute. */
  cwd: string;
  /** The environment; its GIT_* variables are not passed on. */
  env: NodeJS.ProcessEnv;
  /** With it, no `.git` of the folder itself is looked at: one that a job could write may lead anywhere. */
  gitDir?: string;
  workTree?: string;
  /** The file that is the index, instead of the repository's own. */
  index?: string;
  /** Settings on top of the fixed ones; see `driversOff` (repository.ts). */
  config?: readonly (readonly [name: string, value: string])[];
}

export interface GitOptions {
  input?: string | Buffer;
  /** Default: 60. */
  timeoutSec?: number;
  /** Of stdout; default 16 MB. What is longer is an error, or cut where `cut` is set. */
  maxBytes?: number;
  cut?: boolean;
  /** Exit codes that are an answer; default: 0 alone. */
  exits?: readonly number[];
}

export interface GitOutput {
  exitCode: number;
  stdout: Buffer;
  /** There was more than `maxBytes`. */
  cut: boolean;
}

/** They win over every configuration file. */
const FIXED = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.pager': 'cat',
  'core.quotePath': 'false',
  'core.askPass': '',
  'core.sshCommand': 'false',
  'credential.helper': '',
  'commit.gpgSign': 'false',
  'tag.gpgSign': 'false',
  'diff.external': '',
  'protocol.allow': 'never',
  'submodule.recurse': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'color.ui': 'false',
  'advice.addEmbeddedRepo': 'false',
};

const SETTINGS = Object.entries(FIXED).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/**
 * Runs one git command to its end.
 * @throws SidejobError `not_installed`, `no_repository`, `git_failed`: what happened, and what to do about it
 */
export async function git(place: GitPlace, args: readonly string[], options: GitOptions = {}): Promise<GitOutput> {
  const { input = '', timeoutSec = TIMEOUT_SEC, maxBytes = OUTPUT_MAX_BYTES, cut = false, exits = [0] } = options;
  const { execa } = await import('execa');
  const result = await execa('git', ['--no-pager', ...SETTINGS, ...args], {
    cwd: place.cwd,
    env: environmentOf(place),
    extendEnv: false,
    input,
    encoding: 'buffer',
    stripFinalNewline: false,
    timeout: timeoutSec * 1000,
    maxBuffer: { stdout: maxBytes, stderr: 64 * 1024 },
    forceKillAfterDelay: 1000,
    killDescendants: true,
    reject: false,
  });
  const stdout = Buffer.from(result.stdout ?? []);
  if (result.isMaxBuffer && cut && stdout.length >= maxBytes) return { exitCode: 0, stdout, cut: true };
  const { exitCode } = result;
  const whole = !result.timedOut && !result.isMaxBuffer;
  if (whole && exitCode !== undefined && exits.includes(exitCode)) return { exitCode, stdout, cut: false };
  const name = args.find((arg) => !arg.startsWith('-')) ?? '';
  if (result.timedOut) {
    throw new SidejobError(
      'git_failed',
      `git ${name} took more than ${timeoutSec} seconds in ${place.cwd}.`,
      'Try again.',
    );
  }
  throw refusal(name, place.cwd, {
    errno: result.code,
    stderr: Buffer.from(result.stderr ?? []).toString(),
    tooMuch: result.isMaxBuffer,
  });
}

/** What a git command prints, as text, without the last line end. */
export async function gitText(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string> {
  return (await git(place, args, options)).stdout.toString().replace(/\n$/, '');
}

/** What a git command prints with -z: texts that each end with a NUL byte. */
export async function gitList(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string[]> {
  return (await git(place, args, options)).stdout.toString().split('\0').slice(0, -1);
}

function environmentOf({ env, gitDir, workTree, index, config = [] }: GitPlace): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !name.startsWith('GIT_'));
  const settings = config.flatMap(([name, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, name],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    // A relative entry would mean another program in each folder.
    PATH: (env.PATH ?? '').split(delimiter).filter(isAbsolute).join(delimiter),
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_EDITOR: 'false',
    // Commits of ours are nobody's; the machine may have no name set up at all.
    ...Object.fromEntries(['AUTHOR', 'COMMITTER'].map((who) => [`GIT_${who}_NAME`, 'Sidejob'])),
    ...Object.fromEntries(['AUTHOR', 'COMMITTER'].map((who) => [`GIT_${who}_EMAIL`, 'sidejob@localhost'])),
    ...(gitDir && { GIT_DIR: gitDir }),
    ...(workTree && { GIT_WORK_TREE: workTree }),
    ...(index && { GIT_INDEX_FILE: index }),
    ...(config.length > 0 && { GIT_CONFIG_COUNT: String(config.length), ...Object.fromEntries(settings) }),
  };
}
