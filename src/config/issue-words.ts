// What is wrong with a value, in words that one need not know the validator for.
import type { z } from 'zod';
import { nearest } from './nearest.js';

const KINDS: Record<string, string> = {
  ...{ string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false' },
  ...{ array: 'a list', object: 'a table', record: 'a table' },
};

/** One sentence on an issue, without its subject. Its `input` must be there: parse with `reportInput`. */
export function issueSentence(issue: z.core.$ZodIssue | undefined): string {
  const words = wordsOf(issue);
  return words.endsWith('?') ? words : `${words}.`;
}

function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  // What a schema says itself is meant for people.
  const isOwn = issue && !/^(Invalid|Too (small|big))\b/.test(issue.message);
  if (!issue) return 'is wrong';
  if (isOwn) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      return `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}${near ? `; ${near}?` : ''}`;
    }
    case 'too_small':
    case 'too_big':
      return sizeWords(issue);
    default:
      return issue.message.replace(/^Invalid input: /, '');
  }
}

/** What size a value must have: "needs at least one", "must be at most 3600", "takes at most 200 characters". */
export function sizeWords(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const { origin } = issue;
  const [isLeast, bound] = issue.code === 'too_small' ? [true, issue.minimum] : [false, issue.maximum];
  const limit = `at ${isLeast ? 'least' : 'most'} ${bound}`;
  if (origin === 'string' && isLeast && bound === 1) return 'must not be empty';
  if (origin === 'string') return `${isLeast ? 'needs' : 'takes'} ${limit} characters`;
  if (origin === 'array')
    return isLeast && bound === 1 ? 'needs at least one' : `${isLeast ? 'needs' : 'takes'} ${limit}`;
  return `must be ${limit}`;
}
