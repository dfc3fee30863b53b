// Every fenced block of every page is of one kind that is known, and proved as that kind is.
import { expect, test } from 'vitest';
import { commandLines, isNotRun, NOT_RUN } from './not-run.js';
import { BLOCKS, isShell, PAGES, textOf } from './pages.js';
import { KINDS } from './snippets.js';

test.each(PAGES)('%s: no block is overlooked', (page) => {
  const fences = textOf(page).match(/^\s*(`{3,}|~{3,})/gm) ?? [];
  expect(fences).toHaveLength(2 * BLOCKS.filter((block) => block.page === page).length);
});

test.each(BLOCKS.map((block) => [block.where, block] as const))('%s', async (_, block) => {
  const kinds = Object.values(KINDS).filter((kind) => kind.is(block));
  expect(kinds).toHaveLength(1);
  await kinds[0]?.check?.(block);
});

test.each(Object.entries(KINDS))('there is %s on some page', (name, kind) => {
  // The one kind that may be a link instead.
  if (name !== 'sidejob help') expect(BLOCKS.some((block) => kind.is(block))).toBe(true);
});

test.each(NOT_RUN)('$line is on some page: $why', ({ line }) => {
  const lines = BLOCKS.flatMap((block) => (isShell(block) || block.text[0] === '/' ? commandLines(block.text) : []));
  expect(lines.some((each) => line.test(each))).toBe(true);
});

test('commands of Sidejob are all run, and those of a client are none that could be', () => {
  for (const line of BLOCKS.flatMap(({ text }) => commandLines(text))) {
    if (/^(sidejob|node) /.test(line)) expect(isNotRun(line), line).toBe(false);
  }
  const foreign = BLOCKS.filter((block) => KINDS["a client's command"]?.is(block));
  for (const line of foreign.flatMap(({ text }) => commandLines(text))) expect(isNotRun(line), line).toBe(true);
});
