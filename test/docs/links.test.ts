// Links within the repository lead to a file that is there, and anchors to one of its headings.
import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, linksOf, PAGES, ROOT } from './pages.js';

const LINKS = PAGES.flatMap((page) => linksOf(page).map((target) => [page, target] as const));

test.each(LINKS.filter(([, target]) => !target.startsWith('https://')))('%s: %s', (page, target) => {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page : normalize(join(page, '..', file));
  expect(existsSync(join(ROOT, path))).toBe(true);
  if (anchor !== undefined) expect(anchorsOf(path)).toContain(anchor);
});

test('links are found, and those to other sites are whole', () => {
  expect(LINKS.length).toBeGreaterThan(50);
  for (const [, target] of LINKS) if (/^\w+:/.test(target)) expect(URL.canParse(target), target).toBe(true);
});
