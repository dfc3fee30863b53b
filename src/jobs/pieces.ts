// Secrets that a CLI streams in pieces, one piece a record: no record shows one, but all of them together do.
import { readBytes } from '../output/read.js';
import type { Secrets } from '../output/secrets/secrets.js';
import { clipped, maskedSlice, type Span } from '../output/secrets/spans.js';
import { readLine } from '../providers/fold.js';
import type { Provider, ProviderEvent } from '../providers/provider.js';

/** How far the pieces of a secret may lie apart in the output, in bytes. */
export const REACH_BYTES = 256 * 1024;

interface Piece {
  /** Which of the texts. */
  index: number;
  text: string;
  /** Where it begins in the whole. */
  at: number;
}

/** The texts of a stream, put together. */
interface Stream {
  text: string;
  pieces: Piece[];
}

/**
 * Secrets in the texts of consecutive events, as parts of each event's own text.
 * @returns undefined if they could not be looked for
 */
export async function secretsInPieces(
  secrets: Secrets,
  events: readonly ProviderEvent[],
): Promise<ReadonlyMap<number, Span[]> | undefined> {
  const found = new Map<number, Span[]>();
  for (const { text, pieces } of streamsOf(events)) {
    const spans = await secrets.find(text);
    if (!spans) return undefined;
    for (const { index, text: own, at } of pieces) {
      const parts = clipped(spans, at, at + own.length, -at);
      if (parts.length > 0) found.set(index, parts);
    }
  }
  return found;
}

/** What the model says and what it thinks, each as one text; what does not go on begins a new line. */
function streamsOf(events: readonly ProviderEvent[]): Stream[] {
  const streams = { text: { text: '', pieces: [] as Piece[] }, thinking: { text: '', pieces: [] as Piece[] } };
  const parts: Record<keyof typeof streams, string[]> = { text: [], thinking: [] };
  const lengths = { text: 0, thinking: 0 };
  let interrupted = true;
  for (const [index, event] of events.entries()) {
    if (event.type === 'tool') interrupted = true;
    if (event.type !== 'text' && event.type !== 'thinking') continue;
    const goesOn = event.type === 'thinking' || (event.delta === true && !interrupted);
    if (event.type === 'text') interrupted = false;
    const before = goesOn ? '' : '\n';
    streams[event.type].pieces.push({ index, text: event.text, at: lengths[event.type] + before.length });
    parts[event.type].push(before + event.text);
    lengths[event.type] += before.length + event.text.length;
  }
  streams.text.text = parts.text.join('');
  streams.thinking.text = parts.thinking.join('');
  return [streams.text, streams.thinking].filter(({ pieces }) => pieces.length > 0);
}

/** The events with their secrets masked, those in pieces and those within one. */
export async function maskedEvents(
  secrets: Secrets,
  events: readonly ProviderEvent[],
  from: number,
  to: number,
): Promise<ProviderEvent[] | undefined> {
  if (!secrets.active) return events.slice(from, to);
  const found = await secretsInPieces(secrets, events);
  if (!found) return undefined;
  const shown = events.slice(from, to).map((event, place) => {
    const spans = found.get(from + place);
    return spans && 'text' in event ? { ...event, text: maskedSlice(event.text, spans) } : event;
  });
  return secrets.maskAll(shown);
}

/**
 * Where pieces of secrets stand in the bytes of a CLI's output, between two offsets. In a record that does not hold a
 * piece as JSON is usually written, all of its line is taken.
 */
export async function piecesInOutput(
  secrets: Secrets,
  provider: Provider,
  path: string,
  from: number,
  to: number,
): Promise<Span[] | undefined> {
  // Of what is one text, or one document, every secret is whole.
  if (provider.output === 'text' || provider.output === 'document') return [];
  const begin = Math.max(0, from - REACH_BYTES);
  const bytes = await readBytes(path, begin, to + REACH_BYTES - begin);
  const events: ProviderEvent[] = [];
  const lines: { start: number; bytes: Buffer }[] = [];
  const { needles } = provider;
  for (const line of linesOf(bytes)) {
    if (needles.length > 0 && !needles.some((needle) => line.bytes.includes(needle))) continue;
    for (const event of readLine(provider, line.bytes.toString('utf8'))) {
      if (event.type !== 'text' && event.type !== 'thinking' && event.type !== 'tool') continue;
      events.push(event);
      lines.push(line);
    }
  }
  const found = await secretsInPieces(secrets, events);
  if (!found) return undefined;
  const spans: Span[] = [];
  for (const [index, parts] of found) {
    const event = events[index];
    const line = lines[index];
    if (event && line && 'text' in event) spans.push(...placesOf(event.text, parts, line.bytes, begin + line.start));
  }
  return spans;
}

function linesOf(bytes: Buffer): { start: number; bytes: Buffer }[] {
  const lines: { start: number; bytes: Buffer }[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    lines.push({ start, bytes: bytes.subarray(start, end) });
    start = end + 1;
  }
  lines.push({ start, bytes: bytes.subarray(start) });
  return lines;
}

/** Where parts of a text stand in the record that holds it. */
function placesOf(text: string, parts: readonly Span[], line: Buffer, offset: number): Span[] {
  const literal = JSON.stringify(text);
  const spans: Span[] = [];
  for (let at = line.indexOf(literal); at >= 0; at = line.indexOf(literal, at + 1)) {
    for (const [start, end] of parts) {
      const first = offset + at + Buffer.byteLength(inner(text.slice(0, start))) + 1;
      spans.push([first, first + Buffer.byteLength(inner(text.slice(start, end)))]);
    }
  }
  return spans.length > 0 ? spans : [[offset, offset + line.length]];
}

/** As it stands between the quotes. */
function inner(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
