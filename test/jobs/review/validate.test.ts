// What a reviewer invents is dropped, and counted.
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesElsewhere } from '../../../src/jobs/review/lines.js';
import { checkedFindings, namedElsewhere, type ReviewScope } from '../../../src/jobs/review/validate.js';
import { tempFolder } from '../../support/temp-folder.js';

const SCOPE: ReviewScope = {
  ...{ id: 'r1', folder: '/home/ada/shop', against: 'HEAD', notShown: 0 },
  files: { 'src/cart.js': 20, 'a/b.js': 3, 'has "quotes"\n.js': 2, 'logo.png': 1 },
};
const finding = (file: unknown, line: unknown, more: object = {}) => ({
  ...{ file, line, severity: 'major', claim: ' It breaks. ', evidence: 'x()' },
  ...more,
});
const answer = (...findings: unknown[]) => JSON.stringify({ findings });

test('what is in the changes is kept, under the name that they have', () => {
  const named = ['src/cart.js', './src/cart.js', 'b/src/cart.js', '/home/ada/shop/src/cart.js', 'src/../src/cart.js'];
  const checked = checkedFindings(answer(...named.map((file) => finding(file, 20))), SCOPE);
  expect(checked).toMatchObject({ dropped: 0, beyond: 0 });
  expect(checked?.findings).toEqual(
    named.map(() => ({ file: 'src/cart.js', line: 20, severity: 'major', claim: 'It breaks.', evidence: 'x()' })),
  );
  expect(checkedFindings(answer(finding('a/b.js', 1), finding('has "quotes"\n.js', 2)), SCOPE)?.findings).toMatchObject(
    [{ file: 'a/b.js' }, { file: 'has "quotes"\n.js' }],
  );
  expect(checkedFindings(answer(finding('"has \\"quotes\\"\\n.js"', 2)), SCOPE)?.findings).toHaveLength(1);
});

test.each([
  ['src/other.js', 1],
  ['src/cart.js', 21],
  ['src/cart.js', 0],
  ['src/cart.js', -1],
  ['../shop/src/cart.js', 1],
  ['/etc/passwd', 1],
  ['/home/ada/shop/../shop/src/cart.js', 1],
  ['/home/ada/shop2/src/cart.js', 1],
  ['__proto__', 1],
  ['toString', 1],
  ['', 1],
  ['"', 1],
])('what is not is dropped: %s:%i', (file, line) => {
  expect(checkedFindings(answer(finding(file, line), finding('a/b.js', 3)), SCOPE)).toEqual({
    ...{ dropped: 1, beyond: 0 },
    findings: [expect.objectContaining({ file: 'a/b.js', line: 3 })],
  });
});

test.each([
  'no JSON',
  '[]',
  '{}',
  '{"findings": {}}',
  answer(finding('src/cart.js', '3')),
  answer(finding('src/cart.js', 1.5)),
  answer(finding('src/cart.js', 1, { severity: 'bad' })),
  answer(null),
])('an answer of another shape is none: %s', (text) => {
  expect(checkedFindings(text, SCOPE)).toBeUndefined();
});

test('what breaks in a file that has not changed is kept, if the file and the line are there', async () => {
  const folder = await realpath(await tempFolder());
  const outside = await realpath(await tempFolder());
  await mkdir(join(folder, 'lib'));
  await writeFile(join(folder, 'lib/page.js'), 'a\nb');
  await writeFile(join(folder, 'empty.js'), '');
  await writeFile(join(outside, 'secret.txt'), 'a\nb\nc\n');
  await symlink(join(outside, 'secret.txt'), join(folder, 'link.txt'));
  await symlink(outside, join(folder, 'out'));
  const scope = { ...SCOPE, folder };
  const named = ['lib/page.js', './lib/../lib/page.js', 'empty.js', 'nowhere.js', 'link.txt', 'out/secret.txt', 'lib'];
  const never = ['../x', '/etc/passwd', '', '.', '..', 'a\0b', 'src/cart.js', '__proto__'];
  const text = answer(...[...named, ...never].map((file) => finding(file, 1)), finding('lib/page.js', 3));
  const asked = namedElsewhere(text, scope);
  expect(asked).toEqual(expect.arrayContaining(['lib/page.js', 'empty.js', 'nowhere.js']));
  for (const file of asked) expect(file).not.toMatch(/^\.\.|^\/|\0|^$|^src\/cart/);
  const lines = await linesElsewhere(folder, asked);
  expect([...lines]).toEqual([
    ['lib/page.js', 2],
    ['empty.js', 1],
  ]);
  const checked = checkedFindings(text, scope, lines);
  expect(checked?.findings.map(({ file }) => file)).toEqual(['lib/page.js', 'lib/page.js', 'empty.js', 'src/cart.js']);
  expect(checked?.dropped).toBe(named.length + never.length + 1 - 4);
});

test('no finding is an answer', () => {
  expect(checkedFindings(answer(), SCOPE)).toEqual({ findings: [], dropped: 0, beyond: 0 });
});

test('of very many the worst are kept, and the rest is counted', () => {
  const many = Array.from({ length: 310 }, (_, index) =>
    finding('src/cart.js', 1, { severity: index === 309 ? 'critical' : 'nit', claim: String(index) }),
  );
  const checked = checkedFindings(answer(...many), SCOPE);
  expect(checked).toMatchObject({ beyond: 10, dropped: 0 });
  expect(checked?.findings[0]).toMatchObject({ severity: 'critical' });
});
