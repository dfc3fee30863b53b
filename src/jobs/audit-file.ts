// audit.log and its older parts. Lines are appended with one write each time, so writers need not know of one another;
// a file that has grown too big is renamed to a name of its own, so two that do so at once lose nothing.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';

/** Some 15,000 lines a file. */
const MAX_BYTES = 5 * 1024 * 1024;
/** Older files that are kept. */
const KEPT = 5;

export interface Rotation {
  maxBytes: number;
  kept: number;
}

const ROTATION: Rotation = { maxBytes: MAX_BYTES, kept: KEPT };

// Neither a link nor a pipe that somebody has put there is followed or waited for.
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Appends whole lines, after rotating a file that is full.
 * @param durable true: they are on the disk when this returns
 * @throws the system's error, if not all could be written
 */
export function appendAudit(path: string, lines: string, durable: boolean, rotation = ROTATION): void {
  rotateAudit(path, rotation);
  if (lines === '') return;
  const file = openSync(path, FLAGS, 0o600);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error(`${path} is not a file`);
    // A writer that was killed, or a full disk, may have left half a line.
    const bytes = Buffer.from(endsLine(file, found.size) ? lines : `\n${lines}`);
    if (writeSync(file, bytes) !== bytes.length) throw new Error(`${path}: only a part could be written`);
    if (durable) fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** All files there are, the oldest first; audit.log, if it is there, is the last. */
export function auditFiles(path: string): string[] {
  const current = entriesOf(path).includes(basename(path)) ? [path] : [];
  return [...olderFiles(path), ...current];
}

function endsLine(file: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(file, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
}

/** Moves a full file aside, and removes the oldest beyond those that are kept. */
function rotateAudit(path: string, { maxBytes, kept }: Rotation): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size < maxBytes) return;
  const older = olderFiles(path);
  const number = Number(/\.(\d+)-/.exec(basename(older.at(-1) ?? ''))?.[1] ?? 0) + 1;
  // The random part keeps two that rotate at the same moment from writing over one another's file.
  const name = `audit.${String(number).padStart(6, '0')}-${randomBytes(2).toString('hex')}.log`;
  ignoring('ENOENT', () => renameSync(path, join(dirname(path), name)));
  for (const old of older.slice(0, Math.max(0, older.length + 1 - kept))) ignoring('ENOENT', () => unlinkSync(old));
}

function olderFiles(path: string): string[] {
  return entriesOf(path)
    .filter((name) => /^audit\.\d{6,}-[0-9a-f]{4}\.log$/.test(name))
    .sort()
    .map((name) => join(dirname(path), name));
}

function entriesOf(path: string): string[] {
  return ignoring('ENOENT', () => readdirSync(dirname(path))) ?? [];
}

function ignoring<T>(code: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (errnoOf(error) === code) return undefined;
    throw error;
  }
}
