// Reading the audit: its last lines over all its files, and what comes.
import type { FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPrivate } from '../config/private-file.js';
import { errnoOf } from '../errors.js';
import { isObject, type Json } from '../providers/json.js';
import { auditFiles } from './audit-file.js';

const LOOK_MS = 250;
const CHUNK_BYTES = 64 * 1024;

/** A line as it stands, and what it says. */
export interface AuditLine {
  text: string;
  fields: Json;
}

/** The last `count` lines that are wanted, the oldest first. Half a line, or what is no line of the audit, is left out. */
export async function lastLines(
  path: string,
  count: number,
  wanted: (line: AuditLine) => boolean,
): Promise<AuditLine[]> {
  let found: AuditLine[] = [];
  for (const file of auditFiles(path).reverse()) {
    const here: AuditLine[] = [];
    for await (const line of linesOf(file)) {
      if (!wanted(line)) continue;
      here.push(line);
      // Not one shift for each line: that would cost as much as all that is kept.
      if (here.length >= 2 * count) here.splice(0, here.length - count);
    }
    found = [...here, ...found].slice(-count);
    if (found.length >= count) break;
  }
  return found;
}

/** Lines that are appended after this promise is kept, over rotations, for ever. */
export async function comingLines(path: string): Promise<AsyncGenerator<AuditLine>> {
  const file = await openOrNot(path);
  return linesFrom(path, file, file ? (await file.stat()).size : 0);
}

async function* linesFrom(path: string, begun: FileHandle | undefined, from: number): AsyncGenerator<AuditLine> {
  let [file, offset, rest] = [begun, from, Buffer.alloc(0)];
  try {
    for (;;) {
      // Asked before what is there is read: then the old file is read to its end before it is left.
      const next = await replaced(path, file);
      for (;;) {
        const { bytesRead, buffer } = (await file?.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset)) ?? {};
        if (!bytesRead || !buffer) break;
        offset += bytesRead;
        const pieces = splitLines(Buffer.concat([rest, buffer.subarray(0, bytesRead)]));
        rest = pieces.rest;
        yield* pieces.lines.map(parsed).filter((line) => line !== undefined);
      }
      if (next) {
        await file?.close();
        [file, offset, rest] = [next, 0, Buffer.alloc(0)];
      } else {
        await sleep(LOOK_MS);
      }
    }
  } finally {
    await file?.close();
  }
}

async function* linesOf(path: string): AsyncGenerator<AuditLine> {
  try {
    const file = await openPrivate(path, 'r');
    for await (const text of createInterface({ input: file.createReadStream(), crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parsed(text);
      if (line) yield line;
    }
  } catch (error) {
    // Removed by a rotation since it was listed.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function parsed(text: string): AuditLine | undefined {
  try {
    const fields: unknown = JSON.parse(text);
    return isObject(fields) ? { text, fields } : undefined;
  } catch {
    return undefined;
  }
}

function splitLines(bytes: Buffer<ArrayBuffer>): { lines: string[]; rest: Buffer<ArrayBuffer> } {
  const end = bytes.lastIndexOf(0x0a) + 1;
  return { lines: bytes.toString('utf8', 0, end).split('\n').slice(0, -1), rest: bytes.subarray(end) };
}

/** The file that now has this name, if it is another one. */
async function replaced(path: string, file: FileHandle | undefined): Promise<FileHandle | undefined> {
  const now = await openOrNot(path);
  if (!now || !file) return now;
  const [before, after] = await Promise.all([file.stat(), now.stat()]);
  if (before.ino !== after.ino) return now;
  await now.close();
  return undefined;
}

async function openOrNot(path: string): Promise<FileHandle | undefined> {
  try {
    return await openPrivate(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
