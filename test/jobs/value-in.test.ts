// Where the JSON stands in what a model has said: once, or not at all.
import { expect, test } from 'vitest';
import { valueIn } from '../../src/jobs/value-in.js';

const FENCED = '```json\n{"a": 1}\n```';

test.for([
  ['alone', '{"a": 1}'],
  ['in a fence', FENCED],
  ['in a fence after a sentence', `Here is what I found:\n\n${FENCED}\n\nAnything else?`],
  ['in the middle of a line', 'The answer is {"a": 1}, as asked.'],
  ['beside brackets that are prose', `Use {braces}, [x](y), \`{}\`, if (a) { b(); }, $\{z}: ${FENCED}`],
  ['after what looks like an object and is none', 'Of the form {"a": number}: {"a": 1}'],
] as const)('one object is found %s', ([, text]) => {
  expect(valueIn(text)).toEqual({ value: { a: 1 } });
});

test('brackets and quotes within a string are text', () => {
  const value = { a: '}{"b": [1]}\\"', c: [{ d: '```' }] };
  expect(valueIn(`So:\n${JSON.stringify(value, null, 2)}\nDone.`)).toEqual({ value });
});

test.for([
  ['no object', 'Ada, 36', /not JSON/],
  ['two objects', 'Either {"a": 1} or {"a": 2}.', /more than one JSON object/],
  ['two fences', `${FENCED}\nor\n${FENCED}`, /more than one JSON object/],
  ['an object that is an item', 'These: [{"a": 1}]', /not JSON/],
  ['an object within one that is cut', 'So: {"findings": [{"a": 1}, {"a": 2', /not JSON/],
  ['an object within one that is broken', 'So: {"findings": [{"a": 1}], oops}', /not JSON/],
] as const)('%s is no answer', ([, text, misfit]) => {
  expect(valueIn(text)).toEqual({ misfit: expect.stringMatching(misfit) });
});

test.for([
  ['opened and never closed', '{"'],
  ['nested', '{"a":'],
  ['lists', '[ {'],
  ['blanks', '{        '],
  ['fences', '```\n'],
  ['objects that are none', '{"a" }'],
] as const)('hostile text takes a time that grows with its length alone: %s', ([, piece]) => {
  const took = (length: number) => {
    const text = `So: ${piece.repeat(length / piece.length)}`;
    const begun = performance.now();
    valueIn(text);
    return performance.now() - begun;
  };
  took(100_000);
  // Twenty times as much; with its square it would be four hundred times as long.
  expect(took(2_000_000)).toBeLessThan(100 * Math.max(took(100_000), 5));
});
