// How many lines files have: a finding must stand at one of them, in changed files or in others that it names.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithin } from '../roots.js';

/** Lines of a larger file are not counted: nobody reviews it. */
export const COUNTED_MAX_BYTES = 16 * 1024 * 1024;

/** Those of these files that are in the folder as it is now, without links that lead out, each with its lines. */
export async function linesElsewhere(folder: string, files: readonly string[]): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (const file of files) {
    const lines = await linesOf(folder, file).catch(() => undefined);
    if (lines !== undefined) counted.set(file, lines);
  }
  return counted;
}

async function linesOf(folder: string, name: string): Promise<number | undefined> {
  const path = await realpath(join(folder, name));
  if (!isWithin(path, folder)) return undefined;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    return stats.isFile() && stats.size <= COUNTED_MAX_BYTES ? linesIn(await file.readFile()) : undefined;
  } finally {
    await file.close();
  }
}

/** A last line counts without a line end, too; a finding on an empty file stands at its first line. */
export function linesIn(content: Buffer): number {
  let lines = 0;
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) lines += 1;
  return Math.max(1, content.length > 0 && content.at(-1) !== 10 ? lines + 1 : lines);
}
