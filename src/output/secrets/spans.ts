// Where secrets stand in a text, and the text without them.

/** From one index to before another. */
export type Span = readonly [start: number, end: number];

/** What stands where a secret was. */
export const MARK = '[secret masked]';

/** In order, without overlaps; spans that touch become one. */
export function merged(spans: readonly Span[]): Span[] {
  const result: [number, number][] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) result.push([start, end]);
  }
  return result;
}

/** The part of each span within a range, moved by `shift`. */
export function clipped(spans: readonly Span[], from: number, to: number, shift = 0): Span[] {
  return spans
    .filter(([start, end]) => start < to && end > from)
    .map(([start, end]) => [Math.max(start, from) + shift, Math.min(end, to) + shift]);
}

/**
 * A part of a text with a mark in place of what each span has in it.
 * @param spans as `merged` gives them
 */
export function maskedSlice(text: string, spans: readonly Span[], from = 0, to = text.length): string {
  let shown = '';
  let at = from;
  for (const [start, end] of clipped(spans, from, to)) {
    shown += text.slice(at, start) + MARK;
    at = end;
  }
  return shown + text.slice(at, to);
}

/** How many marks a text holds. */
export function countMarks(text: string): number {
  return text.split(MARK).length - 1;
}
