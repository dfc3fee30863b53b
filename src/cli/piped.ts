// What comes on standard input, where something does.
import { fstatSync } from 'node:fs';
import { SidejobError } from '../errors.js';

/** As much as attachments may have; more would not fit a model's context anyway. */
const MAX_BYTES = 8 * 1024 * 1024;
/** A pipe that nobody writes to is told of after so long. */
const PATIENCE_MS = 3000;

/**
 * The text of a pipe, a file or a socket on standard input; undefined for a terminal, and for `</dev/null` and the like.
 * @param needed whether to read from a terminal, too: the person was asked for it
 * @throws SidejobError `bad_argument` for more than 8 MB
 */
export async function pipedText(stderr: (text: string) => void, needed: boolean): Promise<string | undefined> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal ? !needed : !carriesData()) return undefined;
  if (isTerminal) stderr('The prompt, please; Ctrl-D on a line of its own ends it.\n');
  const timer = setTimeout(() => {
    if (!isTerminal) stderr('Reading standard input; "</dev/null" leaves it out.\n');
  }, PATIENCE_MS).unref();
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of process.stdin) {
      clearTimeout(timer);
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MAX_BYTES) {
        throw new SidejobError('bad_argument', `standard input has more than ${MAX_BYTES} bytes.`, 'Send less.');
      }
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function carriesData(): boolean {
  try {
    const stats = fstatSync(0);
    return stats.isFIFO() || stats.isFile() || stats.isSocket();
  } catch {
    // Closed.
    return false;
  }
}
