// Reading foreign JSON without trusting its shape: each function answers undefined where the value is not
// what was asked for.

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `key`, or an empty one, so that lookups can be chained. */
export function object(value: unknown, key: string): Json {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : {};
}

export function string(value: unknown, key: string): string | undefined {
  const inner = isObject(value) ? value[key] : undefined;
  return typeof inner === 'string' ? inner : undefined;
}

export function number(value: unknown, key: string): number | undefined {
  const inner = isObject(value) ? value[key] : undefined;
  return typeof inner === 'number' && Number.isFinite(inner) ? inner : undefined;
}

export function array(value: unknown, key: string): unknown[] {
  const inner = isObject(value) ? value[key] : undefined;
  return Array.isArray(inner) ? inner : [];
}

// What could break out of one line or repaint a terminal: control characters, and marks of writing direction.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** The first line of a text, printable, cut to `max` characters: for activities, labels and messages. */
export function oneLine(text: string, max = 120): string {
  const line = (text.trim().split(/[\r\n]/, 1)[0] ?? '').replace(UNPRINTABLE, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
