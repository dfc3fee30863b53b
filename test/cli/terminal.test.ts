// Laying text out for a terminal, and reading options.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exitStatusOf, exitStatusOfAll } from '../../src/cli/exit-status.js';
import { AnswerPrinter } from '../../src/cli/follow.js';
import { lasted } from '../../src/cli/job-view.js';
import { duration, listed, wholeNumber } from '../../src/cli/options.js';
import { bar, canRedraw, columnsOf, cutTo, table, widthOf } from '../../src/cli/terminal.js';
import { fileSize } from '../../src/jobs/figures.js';
import type { JobRecord } from '../../src/store/record.js';

test.each([
  ['plain', 5],
  ['日本', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['👍!', 3],
  ['', 0],
])('%j takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns);
});

test('a cut text is never wider than it may be, and says that it was cut', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const cut = cutTo(text, columns);
      expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      expect(cut === text || cut.endsWith('…')).toBe(true);
    }),
  );
});

test('a table stands in columns, and fits', () => {
  const rows = [
    ['NAME', 'N', ''],
    ['日本', '10', 'a long note on it'],
    ['x', '9', ''],
  ];
  expect(table(rows, { right: [1] })).toBe('NAME   N\n日本  10  a long note on it\nx      9\n');
  expect(table(rows, { right: [1], columns: 16 })).toBe('NAME   N\n日本  10  a lon…\nx      9\n');
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ maxLength: 12 }), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
      (any) => {
        const flat = any.map((row) => row.map((cell) => cell.replaceAll(/\s/g, '.')));
        for (const line of table(flat, { columns: 20 }).split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(20);
      },
    ),
  );
});

test('a cell shows what a stranger put into it, on one line', () => {
  expect(table([['a\u001b[2J', 'b\u202ec\nd\te']])).toBe('a\\u{1b}[2J  b\\u{202e}c d e\n');
});

test('lines are drawn anew, and cut, on a terminal that is not dumb', () => {
  const screen = { isTTY: true, columns: 80 } as NodeJS.WriteStream;
  expect([canRedraw(screen, { TERM: 'xterm' }), columnsOf(screen, { TERM: 'xterm' })]).toEqual([true, 80]);
  expect([canRedraw(screen, { TERM: 'dumb' }), columnsOf(screen, { TERM: 'dumb' })]).toEqual([false, undefined]);
  expect(canRedraw({} as NodeJS.WriteStream, { TERM: 'xterm' })).toBe(false);
});

test('bars are as long as their part, and whatever is there shows', () => {
  expect(bar(10, 10, 4)).toBe('████');
  expect(bar(5, 10, 4)).toBe('██');
  expect(bar(1, 1_000_000, 4)).toBe('▏');
  expect(bar(0, 10, 4)).toBe('');
  expect(bar(1, 0, 4)).toBe('');
});

test.each([
  ['90', 90],
  ['15m', 900],
  ['2h', 7200],
  ['7d', 604_800],
  ['1w', 604_800],
])('%s is %i seconds', (text, seconds) => {
  expect(duration('timeout', text)).toBe(seconds);
});

test.each(['', 'm', '1.5h', '-1', '1y', '1 h', '99999999999'])('%j is no time', (text) => {
  expect(() => duration('timeout', text)).toThrow(/--timeout .* is no time/);
});

test('numbers and lists are read with care', () => {
  expect(wholeNumber('limit', '12', 1)).toBe(12);
  for (const wrong of ['0', '-1', '1.5', '1e3', 'x', ''])
    expect(() => wholeNumber('limit', wrong, 1)).toThrow('above 0');
  expect(() => wholeNumber('days', '9', 1, 8)).toThrow('from 1 to 8');
  expect(listed(['a,b', 'a', ' c ,'])).toEqual(['a', 'b', 'c']);
  expect(listed(undefined)).toEqual([]);
});

test('sizes and times in the words of people', () => {
  expect([0, 1, 999, 1000, 41_000, 999_900, 1_200_000, 5e13].map(fileSize)).toEqual([
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1.0 kB',
    '41 kB',
    '1.0 MB',
    '1.2 MB',
    '50 TB',
  ]);
  expect([3.2, 59.9, 60, 250, 3599.6, 3900].map(lasted)).toEqual([
    '3.2 s',
    '59.9 s',
    '1 min 0 s',
    '4 min 10 s',
    '1 h 0 min',
    '1 h 5 min',
  ]);
});

test('an exit status tells how a job ended; of several, that of the first that was not completed', () => {
  const job = (status: string, reason: string | null = null) => ({ status, reason }) as unknown as JobRecord;
  expect(
    [job('completed'), job('failed', 'network'), job('failed', 'idle_timeout'), job('canceled')].map(exitStatusOf),
  ).toEqual([0, 1, 124, 3]);
  expect(exitStatusOfAll([job('completed'), job('orphaned'), job('failed')])).toBe(4);
  expect(exitStatusOfAll([job('completed'), job('running')])).toBe(5);
});

test('an answer that grows is printed once; what replaces it begins anew', () => {
  let shown = '';
  const printer = new AnswerPrinter((text) => {
    shown += text;
  });
  for (const text of ['let', 'let me', 'let me look']) printer.show(text);
  printer.rest();
  printer.show('forty');
  printer.finish('forty-two\n');
  printer.finish('forty-two');
  expect(shown).toBe('let me look\n\nforty-two\n');
});
