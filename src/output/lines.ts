// Lines of a file that may be a gigabyte long and still growing, in slices that never hold up the event loop.
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { openPrivate, SMALL_BYTES } from '../config/private-file.js';
import { errnoOf } from '../errors.js';
import { readBytes } from './read.js';

export const SLICE_BYTES = 256 * 1024;
/** Longer lines are dropped: no CLI says anything of meaning in one, and a parser would block on it. */
export const LINE_MAX_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;

export interface LineSlice {
  /** Whole lines, without their newline; valid until the next slice is asked for. */
  lines: Buffer[];
  /** Byte offset after the last whole line: where to go on from. */
  nextOffset: number;
  /** True if that is in the middle of a line, which is dropped for its length. */
  inLine: boolean;
}

/**
 * The whole lines of a file between two byte offsets. A last line without a newline is left for the next time,
 * unless `final` says that no more will come.
 * @param mayMatter tells of a stretch of bytes whether any line in it may be of interest; lines of a stretch
 * that has none are left out, because a gigabyte of them is a million small objects
 */
export async function* readLines(
  path: string,
  from: number,
  to: number,
  final = false,
  mayMatter: (bytes: Buffer) => boolean = () => true,
): AsyncGenerator<LineSlice> {
  // Most looks at a running job find nothing new: no file is opened for them.
  if (from >= to) return;
  const whole = to - from <= SMALL_BYTES ? await readBytes(path, from, to - from) : undefined;
  const file = whole ? undefined : await openPrivate(path, 'r').catch(nullIfMissing);
  // One buffer for the whole file: lines are valid until the next slice is asked for.
  const buffer = whole ?? Buffer.allocUnsafe(SLICE_BYTES);
  let offset = from;
  let rest: Buffer = Buffer.alloc(0);
  /** True while inside a line that was dropped for its length. */
  let dropping = false;
  try {
    while (offset < to) {
      const bytesRead = whole
        ? whole.length - (offset - from)
        : ((await file?.read(buffer, 0, Math.min(SLICE_BYTES, to - offset), offset))?.bytesRead ?? 0);
      if (bytesRead === 0) break;
      offset += bytesRead;
      const slice = buffer.subarray(0, bytesRead);
      const lines: Buffer[] = [];
      let start = 0;
      // In a slice of no interest, only the line that began before it is told apart.
      const last = mayMatter(slice) ? -1 : slice.lastIndexOf(NEWLINE);
      if (last >= 0) {
        if (!dropping && rest.length > 0) lines.push(join(rest, slice.subarray(0, slice.indexOf(NEWLINE))));
        rest = Buffer.alloc(0);
        dropping = false;
        start = last + 1;
      }
      for (let end = slice.indexOf(NEWLINE, start); end >= 0; end = slice.indexOf(NEWLINE, start)) {
        if (!dropping) lines.push(join(rest, slice.subarray(start, end)));
        rest = Buffer.alloc(0);
        dropping = false;
        start = end + 1;
      }
      if (!dropping) rest = Buffer.concat([rest, slice.subarray(start)]);
      if (rest.length > LINE_MAX_BYTES) {
        rest = Buffer.alloc(0);
        dropping = true;
      }
      yield { lines, nextOffset: dropping ? offset : offset - rest.length, inLine: dropping };
      if (file) await yieldToOthers();
    }
    if (final && rest.length > 0) yield { lines: [rest], nextOffset: offset, inLine: false };
  } finally {
    await file?.close();
  }
}

function nullIfMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

function join(head: Buffer, tail: Buffer): Buffer {
  return head.length === 0 ? tail : Buffer.concat([head, tail]);
}
