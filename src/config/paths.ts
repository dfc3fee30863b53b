// Where Sidejob keeps its things. One folder, chosen by one variable: two variables once split a user's data
// over two stores. The XDG variables are not asked, because a desktop client does not pass them to its servers
// while a terminal does, and both must find the same store.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SidejobError } from '../errors.js';

export interface Paths {
  /** The data folder; everything below is inside it. Mode 0700. */
  home: string;
  config: string;
  store: string;
  bell: string;
  jobs: string;
  /** What happened to jobs, and what was decided of calls; older parts stand beside it. */
  audit: string;
  /** An empty folder for questions that concern no project. */
  scratch: string;
  /** The git worktrees of isolated jobs, and what is half written of them. */
  worktrees: string;
  /** The user's own stances: `NAME.md`, instead of those that ship with Sidejob, or beside them. */
  stances: string;
}

/** Files of one job, all below `jobs/<id>/`. */
export interface JobFiles {
  dir: string;
  prompt: string;
  stdout: string;
  stderr: string;
  /** What the launcher itself had to say: "not found", "Killed". */
  launcherLog: string;
  /** The exit status, one file for each attempt to start. */
  exit: string;
  /** `timeout`, once the launcher has ended the job for its time limit. */
  deadline: string;
  /** The JSON Schema of the answer, for CLIs that want a file. */
  schema: string;
  /** What its findings are judged by, if it is a review: see jobs/review/kept.ts. */
  review: string;
  /** What a CLI reports beside its output, if it was told to. */
  report: string;
  /** Of a judge: what it is to weigh, until its prompt is made; and the answers that it was shown. */
  brief: string;
  weighed: string;
  /** The answer, kept after the end so that it need not be derived again. */
  answer: string;
  tmp: string;
}

/**
 * The data folder: `SIDEJOB_HOME`, or `~/.sidejob`.
 * @throws SidejobError `bad_config` for a relative path, and for the default folder under a test runner: no
 * test may touch a user's own store.
 */
export function resolvePaths(env: NodeJS.ProcessEnv, userHome: string = homedir()): Paths {
  const given = env.SIDEJOB_HOME;
  if (!given && (env.VITEST || env.NODE_TEST_CONTEXT)) {
    throw new SidejobError('bad_config', 'A test must set SIDEJOB_HOME: the default folder is a user’s own.');
  }
  if (given && resolve(given) !== given.replace(/\/+$/, '')) {
    throw new SidejobError('bad_config', `SIDEJOB_HOME must be an absolute path, not "${given}".`);
  }
  return pathsIn(given ? resolve(given) : join(userHome, '.sidejob'));
}

/** The paths in a data folder. */
export function pathsIn(home: string): Paths {
  return {
    home,
    config: join(home, 'config.toml'),
    store: join(home, 'store.db'),
    bell: join(home, 'bell'),
    jobs: join(home, 'jobs'),
    audit: join(home, 'audit.log'),
    scratch: join(home, 'scratch'),
    worktrees: join(home, 'worktrees'),
    stances: join(home, 'stances'),
  };
}

/**
 * The files of job `id`; `attempt` counts the tries to start it, from 1, and `run` the runs that began, each of another CLI
 * or after a limit: what an earlier one wrote stays as it is.
 */
export function jobFiles(paths: Paths, id: string, attempt = 1, run = 1): JobFiles {
  const dir = join(paths.jobs, id);
  const own = (name: string) => join(dir, run > 1 ? `${name}.run${run}` : name);
  return {
    dir,
    prompt: join(dir, 'prompt'),
    stdout: own('stdout'),
    stderr: own('stderr'),
    launcherLog: own('launcher.log'),
    exit: join(dir, attempt > 1 ? `exit.${attempt}` : 'exit'),
    deadline: join(dir, attempt > 1 ? `deadline.${attempt}` : 'deadline'),
    schema: join(dir, 'schema.json'),
    review: join(dir, 'review.json'),
    report: own('report'),
    brief: join(dir, 'brief'),
    weighed: join(dir, 'weighed'),
    answer: join(dir, 'answer'),
    tmp: join(dir, 'tmp'),
  };
}
