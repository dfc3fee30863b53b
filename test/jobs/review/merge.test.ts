// Findings of several reviewers become one list, whoever comes first.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NEAR_LINES } from '../../../src/jobs/review/alike.js';
import { rankOf, SEVERITIES } from '../../../src/jobs/review/finding.js';
import { type Merged, mergeFindings, type Source } from '../../../src/jobs/review/merge.js';

// Few words, files and lines, so that much of it is alike.
const WORDS = ['cart', 'total', 'overflow', 'null', 'index', 'loop', 'leaks', 'leaked', 'race', 'the', 'token', '漏洞'];
const source: fc.Arbitrary<Source> = fc.record({
  reviewer: fc.constantFrom('claude', 'codex', 'gemini'),
  file: fc.constantFrom('a.js', 'b.js', '__proto__'),
  line: fc.integer({ min: 1, max: 12 }),
  severity: fc.constantFrom(...SEVERITIES),
  claim: fc.oneof(
    fc.array(fc.constantFrom(...WORDS), { maxLength: 4 }).map((words) => words.join(' ')),
    fc.string({ maxLength: 8, unit: 'grapheme' }),
  ),
  evidence: fc.constantFrom('', 'x', 'for (const item of items)', 'items)'),
});
const sources = fc.array(source, { maxLength: 14 });

const flat = (merged: readonly Merged[]) => merged.flatMap((each) => each.sources);
const keyOf = ({ reviewer, file, line, severity, claim, evidence }: Source) =>
  JSON.stringify([reviewer, file, line, severity, claim, evidence]);
const keys = (list: readonly Source[]) => [...new Set(list.map(keyOf))].sort();

test('the order of reviewers and of findings changes nothing', () => {
  fc.assert(
    fc.property(
      sources.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => {
        expect(mergeFindings(shuffled)).toEqual(mergeFindings(list));
      },
    ),
    { numRuns: 500 },
  );
});

test('merging again changes nothing, and nor does hearing a finding twice', () => {
  fc.assert(
    fc.property(sources, (list) => {
      const once = mergeFindings(list);
      expect(mergeFindings(flat(once))).toEqual(once);
      expect(mergeFindings([...list, ...list])).toEqual(once);
    }),
    { numRuns: 500 },
  );
});

test('parts that were merged for themselves come to the same as all at once', () => {
  fc.assert(
    fc.property(sources, sources, sources, (one, other, third) => {
      const all = mergeFindings([...one, ...other, ...third]);
      const inSteps = mergeFindings([...flat(mergeFindings([...one, ...other])), ...third]);
      expect(inSteps).toEqual(all);
      expect(mergeFindings([...one, ...flat(mergeFindings([...other, ...third]))])).toEqual(all);
    }),
  );
});

test('who comes later takes nothing away: what went together stays so, and nobody agrees less', () => {
  fc.assert(
    fc.property(sources, sources, (one, other) => {
      const all = mergeFindings([...one, ...other]);
      for (const before of mergeFindings(one)) {
        const after = all.filter((each) => before.sources.every((own) => keys([...each.sources]).includes(keyOf(own))));
        expect(after).toHaveLength(1);
        expect(after[0]?.agreedBy).toEqual(expect.arrayContaining([...before.agreedBy]));
        expect(rankOf(after[0]?.severity ?? 'nit')).toBeLessThanOrEqual(rankOf(before.severity));
      }
    }),
  );
});

test('what stands for one group is not alike to what stands for another', () => {
  fc.assert(
    fc.property(sources, (list) => {
      const stands = mergeFindings(list).map(({ agreedBy, sources: _, ...finding }) => ({
        ...finding,
        reviewer: agreedBy[0] as string,
      }));
      expect(mergeFindings(stands)).toHaveLength(stands.length);
    }),
  );
});

test('nothing is lost, and nothing is in two places', () => {
  fc.assert(
    fc.property(sources, (list) => {
      const all = flat(mergeFindings(list));
      expect(keys(all)).toEqual(keys(list));
      expect(all).toHaveLength(keys(all).length);
    }),
    { numRuns: 500 },
  );
});

test('what goes together is of one file, and each step between its lines is a short one', () => {
  fc.assert(
    fc.property(sources, (list) => {
      for (const { sources: all } of mergeFindings(list)) {
        expect(new Set(all.map(({ file }) => file)).size).toBe(1);
        const lines = all.map(({ line }) => line).sort((a, b) => a - b);
        for (const [at, line] of lines.entries()) {
          expect(line - (lines[at - 1] ?? line)).toBeLessThanOrEqual(NEAR_LINES);
        }
      }
    }),
  );
});

test('agreedBy is the set of those who reported it; the worst of them speaks for all', () => {
  fc.assert(
    fc.property(sources, (list) => {
      for (const merged of mergeFindings(list)) {
        expect([...merged.agreedBy]).toEqual([...new Set(merged.sources.map(({ reviewer }) => reviewer))].sort());
        expect(rankOf(merged.severity)).toBe(Math.min(...merged.sources.map(({ severity }) => rankOf(severity))));
        const { agreedBy: _, sources: all, ...finding } = merged;
        expect(all).toContainEqual({ ...finding, reviewer: expect.any(String) });
      }
    }),
  );
});

test('the worst stands first, then what more agree on, then by place', () => {
  fc.assert(
    fc.property(sources, (list) => {
      const order = mergeFindings(list).map(({ severity, agreedBy, file, line }): [number, number, string, number] => [
        rankOf(severity),
        -agreedBy.length,
        file,
        line,
      ]);
      const byRule = (a: (typeof order)[0], b: (typeof order)[0]) =>
        a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0) || a[3] - b[3];
      expect(order).toEqual([...order].sort(byRule));
    }),
  );
});

const at = (reviewer: string, line: number, claim: string, evidence = '', file = 'src/cart.js'): Source => ({
  ...{ reviewer, file, line, severity: 'major', claim, evidence },
});
const LOOP = 'for (let i = 0; i <= items.length; i++)';

test.each([
  [
    'the same in other words, at the same line',
    at('a', 12, 'Off-by-one: the loop reads items[items.length], which is undefined.', LOOP),
    at('b', 12, 'The loop runs one step too far and reads undefined.', 'i <= items.length'),
  ],
  ['endings', at('a', 4, 'The file handle is leaked on errors.'), at('b', 6, 'Leaks a file handle on an error.')],
  ['names', at('a', 4, '`readCart` swallows the error'), at('b', 4, 'Errors in readCart are swallowed silently')],
  ['Chinese', at('a', 4, '数组越界访问'), at('b', 5, '循环中数组越界')],
])('together: %s', (_what, one, other) => {
  expect(mergeFindings([one, other])).toHaveLength(1);
});

test.each([
  [
    'two faults in one line',
    at('a', 8, 'SQL injection: the name is concatenated into the query.', 'db.query(sql + name)'),
    at('b', 8, 'The promise is not awaited, so errors are lost.', 'db.query(sql + name)'),
  ],
  ['the same in two files', at('a', 8, 'Off by one'), at('b', 8, 'Off by one', '', 'src/other.js')],
  ['the same far away', at('a', 8, 'Token compared with =='), at('b', 8 + NEAR_LINES + 1, 'Token compared with ==')],
  ['no words at all', at('a', 8, '!!!'), at('b', 8, '???')],
])('apart: %s', (_what, one, other) => {
  expect(mergeFindings([one, other])).toHaveLength(2);
});

test('as many as three reviewers may have, all in one place, take no minute', () => {
  const many = Array.from({ length: 900 }, (_, index) =>
    at(`r${index % 3}`, 1 + (index % 5), `fault number ${index} of x${index % 40}`),
  );
  const began = performance.now();
  expect(flat(mergeFindings(many))).toHaveLength(900);
  expect(performance.now() - began).toBeLessThan(5000);
});
