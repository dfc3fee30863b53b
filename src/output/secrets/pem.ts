// Private keys in PEM (RFC 7468), whole, unfinished, or without their beginning. By hand instead of by a pattern:
// a pattern that looks for the end from every possible beginning is quadratic.
import type { Span } from './spans.js';

/** The largest key that is taken as one: RSA with 16,384 bits has 12.7 KB. */
const KEY_MAX_CHARS = 16_000;
const KEY_MIN_CHARS = 48;
const BEGIN = /-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END = /-----END[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** A line of a key, with what numbers or quotes it, up to the next one. */
const LINE = /[^A-Za-z0-9+/=]{0,12}(?:\d{1,6}[^A-Za-z0-9+/=]{1,4})?[A-Za-z0-9+/=]{16,}/y;
const LAST_LINE =
  /[^A-Za-z0-9+/=]{0,12}(?:\d{1,6}[^A-Za-z0-9+/=]{1,4})?[A-Za-z0-9+/=]{0,80}(?:…|\xe2\x80\xa6|\.{3})?\s{0,3}$/y;
/** RFC 1421: `Proc-Type: 4,ENCRYPTED`, `DEK-Info: …`; `Version:` and `Comment:` of PGP. */
const HEADER = /\s{0,4}[A-Z][A-Za-z-]{2,20}: [^\n]{0,200}\n/y;
/** Characters between two lines of a key, seen from behind. */
const BETWEEN_MAX = 12;

/** Private keys in a text without escapes. */
export function keySpans(text: string): Span[] {
  const spans: Span[] = [];
  const ends = [...text.matchAll(END)].map(({ index, 0: marker }) => ({ from: index, to: index + marker.length }));
  let next = 0;
  const begins = [...text.matchAll(BEGIN)];
  const opened = new Set<number>();
  for (const [number, { index, 0: marker }] of begins.entries()) {
    while ((ends[next]?.from ?? Infinity) < index) next += 1;
    const end = ends[next];
    const nextBegin = begins[number + 1]?.index ?? Infinity;
    const body = index + marker.length;
    if (end && end.from < nextBegin && end.to - index <= KEY_MAX_CHARS && holdsKey(text.slice(body, end.from))) {
      spans.push([index, end.to]);
      opened.add(end.from);
    } else {
      const after = afterLines(text, body);
      // Code speaks of the marker alone.
      if (after > body) spans.push([index, after]);
    }
  }
  for (const { from, to } of ends) {
    const before = opened.has(from) ? from : beforeLines(text, from);
    if (from - before >= BETWEEN_MAX) spans.push([before, to]);
  }
  return spans;
}

/** Whether there is enough between the markers to be a key: the shortest (Ed25519) has 64 characters. */
function holdsKey(between: string): boolean {
  const runs = between.match(/[A-Za-z0-9+/=]{16,}/g) ?? [];
  return runs.reduce((sum, run) => sum + run.length, 0) >= KEY_MIN_CHARS;
}

function afterLines(text: string, from: number): number {
  let at = from;
  for (const pattern of [HEADER, LINE]) {
    for (pattern.lastIndex = at; at - from < KEY_MAX_CHARS && pattern.test(text); ) at = pattern.lastIndex;
  }
  // A line under way at the end of what there is.
  LAST_LINE.lastIndex = at;
  return LAST_LINE.test(text) ? text.length : at;
}

/** Where the lines begin that stand right before a key's end. */
function beforeLines(text: string, from: number): number {
  let begin = from;
  for (let at = from; from - at < KEY_MAX_CHARS; ) {
    let lineEnd = at;
    while (lineEnd > 0 && at - lineEnd < BETWEEN_MAX && !isBase64(text.charCodeAt(lineEnd - 1))) lineEnd -= 1;
    let lineStart = lineEnd;
    while (lineStart > 0 && from - lineStart < KEY_MAX_CHARS && isBase64(text.charCodeAt(lineStart - 1)))
      lineStart -= 1;
    // The last line may be short.
    if (lineEnd - lineStart < (begin === from ? 1 : 16)) break;
    begin = lineStart;
    at = lineStart;
  }
  return begin;
}

function isBase64(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2b ||
    code === 0x2f ||
    code === 0x3d
  );
}
