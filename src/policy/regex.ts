// Regular expressions of a policy, on an engine that cannot backtrack. JavaScript's own takes exponential time for
// patterns as harmless to look at as ^(\w+\s?)+$, on text that a model writes, and the server would answer nobody
// meanwhile. RE2's syntax is also the one of the gateways that this dialect comes from. Loaded only where there is one.
import { messageOf } from '../errors.js';

/** `undefined`: the text is too long to be looked at, so whoever asks must assume the worst. */
export type TextTest = (text: string) => boolean | undefined;

// Time is linear in both: measured at the two caps, the worst pattern takes less than a second.
/** In characters. */
export const TEXT_MAX = 100_000;
const PROGRAM_MAX = 1000;

/** Why a pattern cannot be used. */
export class PatternError extends Error {}

/**
 * A test for a pattern in RE2 syntax; it finds a match anywhere in the text.
 * @throws PatternError if the pattern is not valid, or too large
 */
export async function compilePattern(pattern: string): Promise<TextTest> {
  const { RE2JS } = await import('re2js');
  let compiled: import('re2js').RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new PatternError(messageOf(error).replace(/^error parsing regexp: /, ''));
  }
  if (compiled.programSize() > PROGRAM_MAX) throw new PatternError('it is too large');
  return (text) => (text.length > TEXT_MAX ? undefined : compiled.test(text));
}
