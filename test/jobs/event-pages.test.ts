import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Engine } from '../../src/jobs/engine.js';
import { eventPage } from '../../src/jobs/event-pages.js';
import { Readings } from '../../src/jobs/readings.js';
import { Secrets } from '../../src/output/secrets/secrets.js';
import { shell } from '../support/engine.js';
import { inlineScan } from '../support/secrets.js';
import { tempFolder } from '../support/temp-folder.js';

const provider = { ...shell, needles: ['"tool"'] };
const PAGE = 2000;

/** Output of so many events, among a lot of what means nothing, and a line too long to be read. */
async function outputOf(events: number): Promise<string> {
  const path = join(await tempFolder(), 'stdout');
  const lines = Array.from({ length: events }, (_, n) => {
    const noise = `${JSON.stringify({ noise: 'x'.repeat((n * 37) % 3000) })}\n`;
    const long = n === 5 ? `${JSON.stringify({ tool: 'y'.repeat(5_000_000) })}\n` : '';
    return `${noise}${long}${JSON.stringify({ tool: `event ${n}` })}\n`;
  });
  await writeFile(path, lines.join(''));
  return path;
}

const reader = (readings = new Readings()) => {
  const engine = { readings, secrets: new Secrets({}, false, inlineScan) } as unknown as Engine;
  return (path: string, offset: number, limit = PAGE) => eventPage(engine, path, provider, offset, limit);
};

const numbersIn = (text: string) =>
  [...text.matchAll(/^(\d+) tool .*event (\d+)/gm)].map(([, at, n]) => [Number(at), Number(n)]);

test('pages from anywhere, in any order, are those of one reading from the beginning', async () => {
  const path = await outputOf(2000);
  const read = reader();
  for (const offset of [0, 1500, 40, 1999, 700, 1500, 0]) {
    const page = await read(path, offset);
    const numbers = numbersIn(page.text);
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers).toEqual(numbers.map((_, at) => [offset + at, offset + at]));
    expect(page).toMatchObject({ offset, nextOffset: offset + numbers.length });
    // Cold, it costs the way there; what it shows is the same.
    expect(await reader()(path, offset)).toMatchObject({ text: page.text, nextOffset: page.nextOffset });
  }
});

test('from the end they are counted; from the beginning it is said that there are more', async () => {
  const path = await outputOf(2000);
  const read = reader();
  const first = await read(path, 0);
  expect(first.uncounted).toBe(true);
  expect(first.total).toBeGreaterThan(first.nextOffset);
  expect(await read(path, -3)).toMatchObject({ offset: 1997, nextOffset: 2000, total: 2000 });
  expect(await read(path, 0, 0)).toEqual({ text: '', offset: 0, nextOffset: 0, total: 2000 });
  expect(await read(path, 5000)).toMatchObject({ text: '', offset: 2000, nextOffset: 2000, total: 2000 });
});

test('what is printed meanwhile is found, a line in the middle of which it was read before too', async () => {
  const path = await outputOf(500);
  const read = reader();
  await writeFile(path, '{"tool":"half ', { flag: 'a' });
  expect(await read(path, -1)).toMatchObject({ offset: 499, total: 500 });
  await writeFile(path, 'and half"}\n{"tool":"event 501"}\n', { flag: 'a' });
  const page = await read(path, -2);
  expect(page).toMatchObject({ offset: 500, nextOffset: 502, total: 502 });
  expect(page.text).toContain('half and half');
});

test('a page reads no more of the output than stands around it', async () => {
  const path = await outputOf(2000);
  const readings = new Readings();
  const read = reader(readings);
  await read(path, -1);
  const places = readings.places.of(path);
  const start = places.before(1500, 256 * 1024);
  expect(start.event).toBeGreaterThan(500);
  expect(start.event).toBeLessThan(1500);
  expect(places.last.event).toBeGreaterThan(1500);
});
