// Reading a job's output by byte offset. The output never passes through here as a whole: each read is
// bounded, and costs the same at the end of a gigabyte as at its beginning.
import { closeSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openPrivate, openPrivateNow, SMALL_BYTES, statsOf } from '../config/private-file.js';
import { errnoOf } from '../errors.js';

export interface Page {
  text: string;
  /** Byte offset of the text's first byte, after moving to a character boundary. */
  offset: number;
  /** Byte offset to read on from. */
  nextOffset: number;
  /** Size of the whole file in bytes. */
  total: number;
  /** For events, whose number is `total`: there are more, which were not counted. */
  uncounted?: true;
}

/** Size in bytes; 0 for a file that does not exist (yet). */
export function sizeOf(path: string): number {
  return statsOf(path)?.size ?? 0;
}

/** At most `length` bytes from `offset`; shorter at the end of the file. A missing file is empty. */
export async function readBytes(path: string, offset: number, length: number): Promise<Buffer> {
  let file: FileHandle;
  try {
    if (length <= SMALL_BYTES) return readNow(path, offset, length);
    file = await openPrivate(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

function readNow(path: string, offset: number, length: number): Buffer {
  if (length <= 0) return Buffer.alloc(0);
  const file = openPrivateNow(path, 'now');
  try {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const bytesRead = readSync(file, buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

/**
 * A page of text.
 * @param offset in bytes; negative: from the end
 * @param limit in bytes; the page never splits a character, so it may be up to three bytes shorter
 */
export async function readPage(path: string, offset: number, limit: number): Promise<Page> {
  const total = sizeOf(path);
  const start = offset < 0 ? Math.max(0, total + offset) : Math.min(offset, total);
  return wholeCharacters(await readBytes(path, start, Math.min(limit, total - start)), start, total);
}

/** The page that these bytes make: without the halves of characters at its ends, unless there is nothing else. */
export function wholeCharacters(bytes: Buffer, start: number, total: number): Page {
  const first = continuationBytes(bytes);
  const end = bytes.length - cutCharacter(bytes);
  const whole = end > first ? bytes.subarray(first, end) : bytes;
  return {
    text: whole.toString('utf8'),
    offset: start + (whole === bytes ? 0 : first),
    nextOffset: whole === bytes ? start + bytes.length : start + end,
    total,
  };
}

/** How many bytes at the beginning continue a character that began before (at most three). */
function continuationBytes(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}

/** How many bytes at the end begin a character that is not whole. */
function cutCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return width > back ? back : 0;
  }
  return 0;
}
