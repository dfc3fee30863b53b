import { appendFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Readings } from '../../src/jobs/readings.js';
import { shell } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const line = (record: object) => `${JSON.stringify(record)}\n`;
const noise = (bytes: number) => line({ noise: 'x'.repeat(1000) }).repeat(Math.ceil(bytes / 1000));

async function output(text: string) {
  const path = join(await tempFolder(), 'stdout');
  await writeFile(path, text);
  const readings = new Readings();
  return {
    path,
    readings,
    look: async () => readings.latest(path, shell, (await stat(path)).size),
  };
}

test('a look at very much output reads its end alone, and what is folded later is all of it', async () => {
  const { path, readings, look } = await output(line({ answer: 'first' }) + noise(3_000_000) + line({ tool: 'last' }));
  expect(await look()).toMatchObject({ activity: 'last', answer: '' });
  expect((await readings.current(path, shell)).answer).toBe('first');
  expect(await look()).toMatchObject({ activity: 'last', answer: 'first' });
});

test('what a look has passed over is read once nothing more comes', async () => {
  const { look } = await output(line({ answer: 'first' }) + noise(3_000_000) + line({ tool: 'last' }));
  expect(await look()).toMatchObject({ answer: '' });
  await until('the answer is known', async () => (await look()).answer === 'first');
  expect(await look()).toMatchObject({ activity: 'last' });
});

test('what was looked at a moment ago is told again; then what has come since, or what was known', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const { path, look } = await output(line({ tool: 'one' }));
    expect(await look()).toMatchObject({ activity: 'one' });
    await appendFile(path, line({ tool: 'two' }));
    expect(await look()).toMatchObject({ activity: 'one' });
    vi.advanceTimersByTime(300);
    expect(await look()).toMatchObject({ activity: 'two' });
    // The long result of a tool says nothing of what goes on.
    await appendFile(path, noise(400_000));
    vi.advanceTimersByTime(300);
    expect(await look()).toMatchObject({ activity: 'two' });
    await appendFile(path, line({ tool: 'three' }));
    vi.advanceTimersByTime(300);
    expect(await look()).toMatchObject({ activity: 'three' });
  } finally {
    vi.useRealTimers();
  }
});
