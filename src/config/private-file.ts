// Opens files of the data folder, in which no symbolic link is followed: whoever could plant one there could have us
// read or overwrite any other file of the user's. Looks at files, and small files themselves, are synchronous: they lie
// on the disk of the store, on which the event loop waits for each commit, and a detour over the thread pool costs ten
// times what they do.
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, SidejobError } from '../errors.js';

const FLAGS = {
  /** Read. */
  r: constants.O_RDONLY,
  /** Read at once: should it be a pipe by now, its other end is not waited for. */
  now: constants.O_RDONLY | constants.O_NONBLOCK,
  /** Write over what is there. */
  w: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  /** Append. */
  a: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  /** Create; there must be nothing yet. */
  x: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
} as const;

/** What is read and written at once; more than that goes over the thread pool. */
export const SMALL_BYTES = 64 * 1024;

/**
 * Opens a file of the data folder; a new one is its owner's alone (0600).
 * @throws SidejobError `store_unavailable` if it, or the folder that it is in, is a symbolic link, or if it is no file;
 * what the system throws
 */
export async function openPrivate(path: string, how: keyof typeof FLAGS): Promise<FileHandle> {
  mustBeOurs(path);
  return open(path, FLAGS[how] | constants.O_NOFOLLOW, 0o600).catch(refused(path));
}

/**
 * The same at once, as a descriptor that the caller closes.
 * @throws as `openPrivate`
 */
export function openPrivateNow(path: string, how: keyof typeof FLAGS): number {
  mustBeOurs(path);
  try {
    return openSync(path, FLAGS[how] | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    return refused(path)(error);
  }
}

/** The whole text of a file of the data folder. */
export async function readPrivate(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string> {
  const stats = mustBeOurs(path);
  if (stats && stats.size <= SMALL_BYTES) {
    const file = openPrivateNow(path, 'now');
    try {
      return readFileSync(file, encoding);
    } finally {
      closeSync(file);
    }
  }
  const file = await openPrivate(path, 'r');
  try {
    return await file.readFile(encoding);
  } finally {
    await file.close();
  }
}

/** Writes a file of the data folder that must not be there yet. */
export async function writeNewPrivate(path: string, text: string): Promise<void> {
  if (text.length <= SMALL_BYTES / 4) {
    const file = openPrivateNow(path, 'x');
    try {
      writeWhole(file, text);
    } finally {
      closeSync(file);
    }
    return;
  }
  const file = await openPrivate(path, 'x');
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Writes a file of the data folder anew: whoever reads it finds the old text or the new one, whole. */
export async function replacePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeNewPrivate(draft, text).catch((error) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
    // A process of the same number has left it, at some time.
    rmSync(draft);
    return writeNewPrivate(draft, text);
  });
  renameSync(draft, path);
}

/** Writes all of a small text: the system may take only a part of it, on a disk that is almost full. */
export function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

/** What is there, if anything. To open a pipe would wait for its other end. */
function mustBeOurs(path: string): Stats | undefined {
  mustBeNoLink(dirname(path));
  const stats = statsOf(path);
  if (stats && !stats.isFile() && !stats.isSymbolicLink()) throw notOurs(path, 'is no regular file');
  return stats;
}

function refused(path: string): (error: unknown) => never {
  return (error) => {
    // FreeBSD says EMLINK where all others say ELOOP.
    throw ['ELOOP', 'EMLINK'].includes(errnoOf(error) ?? '') ? notOurs(path, LINK) : error;
  };
}

/**
 * Nothing at all may be there, but no symbolic link.
 * @throws SidejobError `store_unavailable`
 */
export function mustBeNoLink(path: string): void {
  if (statsOf(path)?.isSymbolicLink()) throw notOurs(path, LINK);
}

/** Of a file of the data folder itself, were it a link; undefined where nothing is. */
export function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
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
