// Stances: those that ship, those of the user, and what is wrong with one.
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { framed, loadStance, stanceNames } from '../../src/jobs/stances.js';
import { tempFolder } from '../support/temp-folder.js';

const SHIPPED = join(import.meta.dirname, '../../stances');

async function own(files: Record<string, string> = {}) {
  const stances = join(await tempFolder(), 'stances');
  await mkdir(stances);
  for (const [name, text] of Object.entries(files)) await writeFile(join(stances, name), text);
  return { stances };
}

const load = (paths: { stances: string }, name: string) => loadStance(paths, name, SHIPPED);

test('every stance that ships says something to the one who is asked, and to a judge', async () => {
  const files = await readdir(SHIPPED);
  expect(files).toEqual(
    expect.arrayContaining(['consensus-check.md', 'fact-check.md', 'red-team.md', 'second-opinion.md']),
  );
  for (const file of files) {
    const { asked, judging } = await load({ stances: '/nowhere' }, file.replace('.md', ''));
    expect(asked.length, file).toBeGreaterThan(100);
    expect(judging.length, file).toBeGreaterThan(100);
    expect(asked).not.toContain('## Judging');
  }
});

test('a file of the user comes first, and one of another name is a stance, too', async () => {
  const paths = await own({ 'red-team.md': 'Be kind.\n\n## Judging\n\nBe fair.\n', 'legal.md': 'Think of the law.\n' });
  expect(await load(paths, 'Red-Team')).toEqual({ asked: 'Be kind.', judging: 'Be fair.' });
  // Without a part for judges, it is for both.
  expect(await load(paths, 'legal')).toEqual({ asked: 'Think of the law.', judging: 'Think of the law.' });
  expect(await stanceNames(paths, SHIPPED)).toEqual(expect.arrayContaining(['fact-check', 'legal', 'red-team']));
  expect(framed(await load(paths, 'legal'), 'May we?')).toBe('Think of the law.\n\n---\n\nMay we?');
});

test('a name that is none is told with the nearest, and leads nowhere else', async () => {
  const paths = await own();
  await expect(load(paths, 'redteam')).rejects.toThrow('no stance "redteam".');
  await expect(load(paths, 'redteam')).rejects.toMatchObject({
    code: 'bad_argument',
    hint: expect.stringMatching(/^red-team\? There are consensus-check, /),
  });
  for (const name of ['../red-team', '', 'x\0', '/etc/passwd']) {
    await expect(load(paths, name)).rejects.toMatchObject({ code: 'bad_argument' });
  }
});

test('what is wrong with a file of the user is said, with its path', async () => {
  const paths = await own({ 'empty.md': ' \n## Judging\n\n', 'large.md': 'x'.repeat(70_000) });
  await mkdir(join(paths.stances, 'folder.md'));
  await symlink('/etc/passwd', join(paths.stances, 'link.md'));
  await expect(load(paths, 'empty')).rejects.toThrow(`${join(paths.stances, 'empty.md')} is empty.`);
  await expect(load(paths, 'large')).rejects.toThrow('has more than 65536 bytes');
  await expect(load(paths, 'folder')).rejects.toThrow('is no regular file');
  await expect(load(paths, 'link')).rejects.toThrow('is a symbolic link');
});
