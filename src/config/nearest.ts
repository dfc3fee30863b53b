// The word somebody meant: for errors that name the nearest valid one.
import { distance } from 'fastest-levenshtein';

/** The candidate nearest to `word`, or undefined where none is near. A shared beginning counts as near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: { candidate: string; score: number } | undefined;
  for (const candidate of candidates) {
    const name = candidate.toLowerCase();
    const score = name.startsWith(wanted) || wanted.startsWith(name) ? 1 : slips(wanted, name);
    if (!best || score < best.score) best = { candidate, score };
  }
  return best && best.score <= Math.max(2, word.length / 2) ? best.candidate : undefined;
}

/** How far apart. Two neighbours that have changed places are one slip: "tow" is nearer to "two" than to "owl". */
function slips(one: string, other: string): number {
  const at = one.split('').findIndex((char, index) => char !== other[index]);
  const swapped = one.slice(0, at) + one.charAt(at + 1) + one.charAt(at) + one.slice(at + 2);
  return at >= 0 && swapped === other ? 1 : distance(one, other);
}
