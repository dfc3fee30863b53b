// From what a judge said to what is shown of it: only quotes that stand in the answers, and only letters that there are.
import { isObject } from '../../providers/json.js';
import type { RawVerdict, Verdict, Weighed } from './schema.js';

/** An answer as the judge was shown it. */
export interface ShownAnswer extends Weighed {
  text: string;
}

/** Checks a judge's answer, which fits its schema, against the answers that it was shown. */
export function checkedVerdict(raw: RawVerdict, answers: readonly ShownAnswer[]): Verdict {
  let [quotes, letters] = [0, 0];
  const byLetter = new Map(answers.map((each) => [each.answer, { ...each, plain: plain(each.text) }]));
  const differences = raw.differences.map(({ point, positions }) => ({
    point,
    positions: positions.flatMap(({ answer, quote }) => {
      const found = byLetter.get(letterIn(answer));
      if (!found) letters += 1;
      else if (!stands(quote, found.plain)) quotes += 1;
      else return [{ answer: found.answer, provider: found.provider, quote: tidy(quote) }];
      return [];
    }),
  }));
  const dropped = { ...(quotes > 0 && { quotes }), ...(letters > 0 && { letters }) };
  return {
    recommendation: raw.recommendation,
    agreement: raw.agreement,
    differences,
    openPoints: raw.openPoints,
    answers: answers.map(({ text: _, ...weighed }) => weighed),
    ...(quotes + letters > 0 && { dropped }),
  };
}

/** "A", however it is written: "a", "Answer A". */
function letterIn(answer: string): string {
  return (/^\W*(?:answer\s+)?([a-z])\W*$/i.exec(answer)?.[1] ?? '').toUpperCase();
}

/**
 * Whether a passage stands in a text, both made plain: the same words in the same order. What is left out in between may be
 * marked by an ellipsis; a mark in which nothing is left is no quote.
 */
function stands(quote: string, text: string): boolean {
  const parts = plain(quote)
    .split(/\[?(?:\.{3}|…)\]?/)
    .map((part) => part.replace(/^[\s"'.,;:]+|[\s"'.,;:]+$/g, ''))
    .filter(Boolean);
  let from = 0;
  return (
    parts.length > 0 &&
    parts.every((part) => {
      const at = text.indexOf(part, from);
      from = at + part.length;
      return at >= 0;
    })
  );
}

/** In one line, without marks around it. */
function tidy(quote: string): string {
  const line = quote.replace(/\s+/g, ' ').trim();
  return /^["“„«'](.*)["”“»']$/.exec(line)?.[1]?.trim() || line;
}

/** Without what models change when they quote: case, kinds of quotation marks and dashes, emphasis, line breaks. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[“”„«»]/g, '"')
    .replace(/[‘’‚]/g, "'")
    .replace(/[‐-―]/g, '-')
    .replace(/[*_`]/g, '')
    .replace(/\s+/g, ' ');
}

/** The verdict that stands in a text as it is kept, or as the judge gave it; undefined where there is none. */
export function verdictIn(text: string, answers: readonly ShownAnswer[]): Verdict | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !Array.isArray(value.differences)) return undefined;
  // Kept as it was checked; derived anew from the output, it is raw.
  return 'answers' in value ? (value as unknown as Verdict) : checkedVerdict(value as unknown as RawVerdict, answers);
}
