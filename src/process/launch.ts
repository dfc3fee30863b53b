// Starts one command under launcher.sh: in its own session, its output straight to files, held back until the
// caller has recorded it.
import { closeSync } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { JobFiles } from '../config/paths.js';
import { openPrivateNow, writeWhole } from '../config/private-file.js';
import { messageOf, SidejobError } from '../errors.js';
import { currentHost, hostKey } from './host.js';
import type { ProcessIdentity } from './identity.js';
import { processInfo } from './table.js';

/** Blanks that the exit and deadline files are made of, so that a full disk has room for what they will say. */
const BLANKS = ' '.repeat(8);

const LAUNCHER = fileURLToPath(new URL('./launcher.sh', import.meta.url));

export interface Command {
  /** Absolute path: a bare name could be a builtin of the shell. */
  path: string;
  args: readonly string[];
  /** Without symbolic links in it: nothing is run where the launcher finds itself in another folder. */
  cwd: string;
  env: Record<string, string>;
  /** What it reads on stdin: the job's prompt file, unless the prompt is among its arguments. */
  stdin?: 'nothing';
  /** Total time limit in seconds, kept by the launcher itself, so that it holds while no server lives; 0: none. */
  timeoutSec: number;
  /** Seconds between SIGTERM and SIGKILL at that limit. */
  graceSec: number;
}

/** A launcher that waits to be let go. */
export interface HeldLaunch {
  readonly identity: ProcessIdentity;
  /** Resolves when the launcher has ended, however it ended. */
  readonly ended: Promise<void>;
  /** Lets it run the command. Only after its identity has been recorded. */
  go(): void;
  /** Makes it leave without running anything. */
  abandon(): void;
}

/**
 * Spawns the launcher of a job whose prompt file exists. Nothing of the command runs before `go()`; if this
 * process dies first, the launcher reads the end of its go pipe and leaves.
 * @throws SidejobError `spawn_failed` if the launcher itself could not be started.
 */
export async function launch(files: JobFiles, command: Command): Promise<HeldLaunch> {
  const { execa } = await loaded();
  await access(LAUNCHER).catch(() => {
    throw new SidejobError('spawn_failed', 'Sidejob was replaced under this server; restart the client.');
  });
  const opened: number[] = [];
  // Small, new, and on the disk of the store: six trips to the thread pool would take longer than the spawn.
  const open = (path: string, how: 'r' | 'w' | 'a') => {
    const file = openPrivateNow(path, how);
    opened.push(file);
    return fd(file);
  };
  try {
    for (const path of [files.exit, files.deadline]) writeWhole(open(path, 'w'), BLANKS);
    const prompt = command.stdin === 'nothing' ? 'ignore' : open(files.prompt, 'r');
    const stdout = open(files.stdout, 'a');
    const log = open(files.launcherLog, 'a');
    const stderr = open(files.stderr, 'a');
    const { timeoutSec, graceSec } = command;
    const spawned = execa(
      '/bin/sh',
      [
        ...[LAUNCHER, files.exit, files.deadline, String(timeoutSec), String(graceSec)],
        ...[command.cwd, command.path, ...command.args],
      ],
      {
        stdio: [prompt, stdout, log, stderr, 'pipe'],
        cwd: command.cwd,
        env: command.env,
        extendEnv: false,
        detached: true,
        // The job outlives this process, so nothing here may end it or hold its output.
        cleanup: false,
        buffer: false,
        reject: false,
      },
    );
    const child = spawned.nodeChildProcess;
    // Not its message, in which the whole command line stands.
    if (child.pid === undefined) throw new Error((await spawned).code ?? 'the launcher did not start');
    const pipe = child.stdio[4] as Writable;
    // The launcher may be killed while the pipe is open; what counts then is its exit file.
    pipe.on('error', () => {});
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.unref();
    (pipe as Writable & { unref?(): void }).unref?.();
    const identity = await identify(child.pid).catch((error) => {
      pipe.destroy();
      throw error;
    });
    return {
      identity,
      ended,
      go: () => pipe.end('go\n'),
      abandon: () => pipe.destroy(),
    };
  } catch (error) {
    throw new SidejobError('spawn_failed', `The job could not be started: ${messageOf(error)}.`, undefined, {
      cause: error,
    });
  } finally {
    for (const file of opened) closeSync(file);
  }
}

let loading: Promise<typeof import('execa')> | undefined;

/** Loaded with the first job, and asked for once: a third of a millisecond goes into asking for what is there. */
function loaded(): Promise<typeof import('execa')> {
  loading ??= import('execa').catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** execa takes any descriptor, but its types know only the first few. */
function fd(descriptor: number): 3 {
  return descriptor as 3;
}

/** The identity of a child that has just been started and is held. */
async function identify(pid: number): Promise<ProcessIdentity> {
  const [host, info] = await Promise.all([currentHost(), processInfo(pid)]);
  if (!info) throw new Error('its launcher was killed at once');
  return { host: hostKey(host), pid, start: info.start };
}
