import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LINE_MAX_BYTES, readLines } from '../../src/output/lines.js';
import { readPage } from '../../src/output/read.js';
import { tempFolder } from '../support/temp-folder.js';

async function fileWith(content: string | Buffer): Promise<string> {
  const path = join(await tempFolder(), 'out');
  await writeFile(path, content);
  return path;
}

async function linesOf(path: string, from: number, to: number, final: boolean): Promise<string[]> {
  const lines: string[] = [];
  for await (const slice of readLines(path, from, to, final)) lines.push(...slice.lines.map(String));
  return lines;
}

test('pages join to the whole text, whatever their size', async () => {
  const text = 'aé€😀b'.repeat(20);
  const path = await fileWith(text);
  for (let limit = 4; limit < 12; limit += 1) {
    let joined = '';
    let offset = 0;
    do {
      const page = await readPage(path, offset, limit);
      expect(page.text).not.toContain('\ufffd');
      joined += page.text;
      offset = page.nextOffset;
    } while (offset < Buffer.byteLength(text));
    expect(joined).toBe(text);
  }
});

test('a page from the end, beyond the end, and of nothing', async () => {
  const path = await fileWith('0123456789');
  expect(await readPage(path, -3, 100)).toEqual({ text: '789', offset: 7, nextOffset: 10, total: 10 });
  expect(await readPage(path, -100, 100)).toMatchObject({ text: '0123456789', offset: 0 });
  expect(await readPage(path, 50, 100)).toEqual({ text: '', offset: 10, nextOffset: 10, total: 10 });
  expect(await readPage(`${path}.missing`, 0, 100)).toEqual({ text: '', offset: 0, nextOffset: 0, total: 0 });
});

test('a page that lands inside a character begins at the next, and always moves on', async () => {
  const path = await fileWith('€€');
  expect(await readPage(path, 1, 100)).toMatchObject({ text: '€', offset: 3, nextOffset: 6 });
  const tiny = await readPage(path, 0, 1);
  expect(tiny.nextOffset).toBeGreaterThan(0);
});

test('bytes that are no text are shown as replacement characters and never block', async () => {
  const path = await fileWith(Buffer.alloc(100, 0x80));
  let offset = 0;
  for (let pages = 0; offset < 100; pages += 1) {
    const page = await readPage(path, offset, 10);
    expect(page.nextOffset).toBeGreaterThan(offset);
    expect(pages).toBeLessThan(100);
    offset = page.nextOffset;
  }
});

test('lines are whole, whatever slice they are cut by', async () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index} é`);
  const path = await fileWith(`${lines.join('\n')}\nhalf a li`);
  const size = Buffer.byteLength(`${lines.join('\n')}\nhalf a li`);
  expect(await linesOf(path, 0, size, false)).toEqual(lines);
  expect((await linesOf(path, 0, size, true)).at(-1)).toBe('half a li');
});

test('reading on begins after the last whole line', async () => {
  const path = await fileWith('one\ntwo\nthr');
  let offset = 0;
  for await (const slice of readLines(path, 0, 11)) offset = slice.nextOffset;
  expect(offset).toBe(8);
  await writeFile(path, 'one\ntwo\nthree\n');
  expect(await linesOf(path, offset, 14, false)).toEqual(['three']);
});

test('a line too long to mean anything is dropped, and the next one is read', async () => {
  const long = 'x'.repeat(LINE_MAX_BYTES + 300_000);
  const path = await fileWith(`before\n${long}\nafter\n`);
  expect(await linesOf(path, 0, long.length + 20, true)).toEqual(['before', 'after']);
});
