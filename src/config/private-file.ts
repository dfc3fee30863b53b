// Opens files of the data folder, in which no symbolic link is followed: whoever could plant one there could have us
// read or overwrite any other file of the user's.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, SidejobError } from '../errors.js';

const FLAGS = {
  /** Read. */
  r: constants.O_RDONLY,
  /** Write over what is there. */
  w: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  /** Append. */
  a: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  /** Create; there must be nothing yet. */
  x: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
} as const;

/**
 * Opens a file of the data folder; a new one is its owner's alone (0600).
 * @throws SidejobError `store_unavailable` if it, or the folder that it is in, is a symbolic link, or if it is no file;
 * what the system throws
 */
export async function openPrivate(path: string, how: keyof typeof FLAGS): Promise<FileHandle> {
  try {
    // Together: a file is opened for every look at a job.
    const [stats] = await Promise.all([lstat(path).catch(unlessMissing), mustBeNoLink(dirname(path))]);
    // To open a pipe would wait for its other end.
    if (stats && !stats.isFile() && !stats.isSymbolicLink()) throw notOurs(path, 'is no regular file');
    return await open(path, FLAGS[how] | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    // FreeBSD says EMLINK where all others say ELOOP.
    throw ['ELOOP', 'EMLINK'].includes(errnoOf(error) ?? '') ? notOurs(path, LINK) : error;
  }
}

/** The whole text of a small file of the data folder. */
export async function readPrivate(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string> {
  const file = await openPrivate(path, 'r');
  try {
    return await readFile(file, encoding);
  } finally {
    await file.close();
  }
}

/** Writes a file of the data folder that must not be there yet. */
export async function writeNewPrivate(path: string, text: string): Promise<void> {
  const file = await openPrivate(path, 'x');
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/**
 * Nothing at all may be there, but no symbolic link.
 * @throws SidejobError `store_unavailable`
 */
export async function mustBeNoLink(path: string): Promise<void> {
  const stats = await lstat(path).catch(unlessMissing);
  if (stats?.isSymbolicLink()) throw notOurs(path, LINK);
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

/** Whether an error says that something stands in a file's place that we have not put there. It will stay so. */
export function isNotOurs(error: unknown): boolean {
  return error instanceof NotOurs;
}

class NotOurs extends SidejobError {}

const LINK = 'is a symbolic link, and none is followed inside the data folder';

function notOurs(path: string, what: string): SidejobError {
  const todo = 'Remove it, or move the whole folder with SIDEJOB_HOME.';
  return new NotOurs('store_unavailable', `${path} ${what}.`, todo);
}
