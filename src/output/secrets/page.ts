// Pages of a file or of a text, with secrets masked. Offsets go on counting the bytes as they are: only what is shown
// of a page has marks in it. What is found does not depend on the page (see Secrets.findWithin).
import { type Page, readBytes, readPage, sizeOf, wholeCharacters } from '../read.js';
import { BLOCK, OVERLAP, type Secrets, WITHHELD } from './secrets.js';
import { maskedSlice, merged, type Span } from './spans.js';

/** What pages are cut from. */
export interface Source {
  /** Bytes. */
  total: number;
  read(offset: number, length: number): Promise<Buffer>;
}

export interface Reading {
  /** More is still to come: a token at the end may not be whole yet, and is held back. */
  growing: boolean;
  /** Secrets between two offsets that are not to be seen in the bytes as they stand. */
  also?: (from: number, to: number) => Promise<readonly Span[] | undefined>;
}

/** Less of a token tells nothing. */
const HELD_MIN_BYTES = 8;
/** A longer token was shown to be none, or is one that is found without its end. */
const HELD_MAX_BYTES = 4096;

/** A page of a file's text; see `readPage` for offset and limit. */
export async function readMaskedPage(
  secrets: Secrets,
  path: string,
  offset: number,
  limit: number,
  reading: Reading,
): Promise<Page> {
  if (!secrets.active) return readPage(path, offset, limit);
  return maskedPage(secrets, await fileSource(path), offset, limit, reading);
}

export async function fileSource(path: string): Promise<Source> {
  return { total: sizeOf(path), read: (offset, length) => readBytes(path, offset, length) };
}

export function bufferSource(bytes: Buffer): Source {
  return { total: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A page of a source, as text. */
export async function maskedPage(
  secrets: Secrets,
  source: Source,
  offset: number,
  limit: number,
  reading: Reading,
): Promise<Page> {
  const { total } = source;
  const start = offset < 0 ? Math.max(0, total + offset) : Math.min(offset, total);
  const part = await maskedPart(secrets, source, start, Math.min(limit, total - start), reading);
  const page = wholeCharacters(part.raw, start, total);
  return { ...page, text: part.shown(page.offset, page.nextOffset).toString('utf8') };
}

/**
 * Bytes of a source, and what may be shown of them.
 * @returns `raw`: shorter than asked for where the end of a growing source is held back
 */
export async function maskedPart(
  secrets: Secrets,
  { total, read }: Source,
  start: number,
  length: number,
  { growing, also }: Reading,
): Promise<{ raw: Buffer; shown(from: number, to: number): Buffer }> {
  const begin = Math.max(0, start - (start % BLOCK) - OVERLAP);
  const end = Math.min(total, Math.ceil((start + length) / BLOCK) * BLOCK + OVERLAP);
  const bytes = await read(begin, Math.max(0, end - begin));
  const held =
    secrets.active && growing && begin + bytes.length >= total && start + length > total - HELD_MAX_BYTES
      ? heldBytes(bytes)
      : 0;
  const to = Math.max(start, Math.min(start + length, begin + bytes.length - held));
  // One character a byte: an index is an offset.
  const text = bytes.toString('latin1');
  const found = secrets.active ? await secrets.findWithin(text, begin, start, to) : [];
  const more = secrets.active && also ? await also(start, to) : [];
  const spans = found && more && merged([...found, ...more].map(([from, until]) => [from - begin, until - begin]));
  return {
    raw: bytes.subarray(start - begin, to - begin),
    shown: (from, until) =>
      Buffer.from(spans ? maskedSlice(text, spans, from - begin, until - begin) : WITHHELD, 'latin1'),
  };
}

/** How many bytes at the end may be the beginning of a token. */
function heldBytes(bytes: Buffer): number {
  let count = 0;
  while (count < HELD_MAX_BYTES && count < bytes.length && isToken(bytes[bytes.length - 1 - count] ?? 0)) count += 1;
  return count >= HELD_MIN_BYTES ? count : 0;
}

/** Letters, digits, and what stands between them in tokens and URLs. */
function isToken(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x3a) ||
    (byte >= 0x40 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x5f ||
    (byte >= 0x2b && byte <= 0x2f && byte !== 0x2c) ||
    byte === 0x3d ||
    byte === 0x7e ||
    byte === 0x25
  );
}
