// Whether two findings say the same. Only words are compared: it is meant to be predictable, not clever, and what it does
// not recognize stays two findings.
import { compareTexts, type Finding } from './finding.js';

/** Lines between two findings that may still mean the same place. */
export const NEAR_LINES = 3;
/** How much of the shorter claim must be in the other; less where more points to the same place. */
const ALIKE = 0.5;
const SAME_EVIDENCE = 0.25;
const SAME_LINE = 0.1;
/** A quote shorter than that is found everywhere. */
const EVIDENCE_MIN_CHARS = 8;

const FILLERS = new Set(
  `the and for are was not but has have had with that this from into when then than will would can could should must may
  does did done been being its it is be as at by in of on or to so if an no an which where while there here because
  also only just even line code file function method call calls called value values use uses used using`.split(/\s+/),
);

export interface Worded extends Finding {
  /** What the claim is about: its words, without fillers and endings, in order. */
  words: readonly string[];
  quote: string;
}

/** A finding with its words, taken apart once. */
export function worded<F extends Finding>(finding: F): F & Worded {
  return { ...finding, words: wordsOf(finding.claim), quote: finding.evidence.replaceAll(/\s+/g, '') };
}

/** Symmetric. Never across files, and never for lines that are further apart than `NEAR_LINES`. */
export function alike(a: Worded, b: Worded): boolean {
  if (a.file !== b.file || Math.abs(a.line - b.line) > NEAR_LINES) return false;
  const common = shared(a.words, b.words);
  const least = Math.min(a.words.length, b.words.length);
  // Without a single word in common, the same place proves nothing.
  if (least === 0 || common === 0) return a.claim === b.claim;
  const place = (sameQuote(a.quote, b.quote) ? SAME_EVIDENCE : 0) + (a.line === b.line ? SAME_LINE : 0);
  return common / least + place >= ALIKE;
}

function sameQuote(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= EVIDENCE_MIN_CHARS && (a.includes(b) || b.includes(a));
}

/** Made with the first use: the first one of a process takes 7 ms, and most have no review. */
let segmenter: Intl.Segmenter | undefined;

function wordsOf(claim: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'word' });
  const words = [...segmenter.segment(claim.normalize('NFKC').toLowerCase())]
    .filter(({ isWordLike, segment }) => isWordLike && !FILLERS.has(segment))
    .map(({ segment }) => stem(segment))
    // A single letter is a name only in code; single characters of Chinese or Japanese are words.
    .filter((word) => word.length > 1 || word.charCodeAt(0) > 0x2e7f);
  return [...new Set(words)].sort(compareTexts);
}

/** English endings, roughly: leaks, leaked, leaking. */
function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ings?|ed|es|s|ly)$/, '') : word;
}

/** How many words two ordered lists have in common. */
function shared(a: readonly string[], b: readonly string[]): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const order = compareTexts(a[i] as string, b[j] as string);
    if (order === 0) common += 1;
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
  return common;
}
