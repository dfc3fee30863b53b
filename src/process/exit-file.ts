// What the launcher wrote down about the end of its command.
import { isNotOurs, readPrivate } from '../config/private-file.js';
import { errnoOf } from '../errors.js';

export type ExitRecord =
  /** Nothing yet (or never: the launcher was killed). */
  | { kind: 'none' }
  /** The launcher left without running the command. */
  | { kind: 'never_ran' }
  /** The launcher found itself in another folder than the one the job was accepted for, and ran nothing. */
  | { kind: 'moved' }
  | { kind: 'exited'; code: number };

/** Reads an exit file. Valid is a number and a newline; anything else, a missing file too, is `none`. */
export async function readExit(path: string): Promise<ExitRecord> {
  const text = await readIfThere(path);
  if (text.startsWith('nogo\n')) return { kind: 'never_ran' };
  if (text.startsWith('moved\n')) return { kind: 'moved' };
  const match = /^(\d{1,3})\n/.exec(text);
  return match ? { kind: 'exited', code: Number(match[1]) } : { kind: 'none' };
}

/** Whether the launcher ended the job for its total time limit. */
export async function deadlinePassed(path: string): Promise<boolean> {
  return (await readIfThere(path)).startsWith('timeout\n');
}

/** A file that is not there says nothing; one that cannot be read just now must not be taken for that. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readPrivate(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || isNotOurs(error)) return '';
    throw error;
  }
}

/**
 * The signal that ended the command, where launcher.log proves it. A status above 128 alone does not: a
 * program may exit with 143 of its own will.
 */
export function signalFromLog(log: string, exitCode: number): NodeJS.Signals | undefined {
  const words: Record<number, [RegExp, NodeJS.Signals]> = {
    137: [/Killed/, 'SIGKILL'],
    143: [/Terminated/, 'SIGTERM'],
    129: [/Hangup/, 'SIGHUP'],
    131: [/Quit/, 'SIGQUIT'],
    134: [/Aborted/, 'SIGABRT'],
    139: [/Segmentation fault/, 'SIGSEGV'],
  };
  const known = words[exitCode];
  return known?.[0].test(log) ? known[1] : undefined;
}

/**
 * The launcher's own words on why it could not run the command (statuses 126 and 127), if it said any: in its
 * log, or, where the system refused the file itself (a missing interpreter), in the job's stderr.
 */
export function startFailure(exitCode: number, ...texts: string[]): string | undefined {
  if (exitCode !== 126 && exitCode !== 127) return undefined;
  for (const text of texts) {
    const words = /launcher\.sh: (?:(?:line )?\d+: )?exec: (.*)/.exec(text)?.[1];
    if (words) return words.trim();
  }
  return undefined;
}
