// Output that is no text, no JSON, or far too much: folding never throws, and the answer among it is found.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finalFold, Readings } from '../../src/jobs/readings.js';
import { answerText, readResult } from '../../src/jobs/result.js';
import { viewJob } from '../../src/jobs/view.js';
import { findJob } from '../../src/store/jobs.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const ANSWER = '{"answer":"é€😀"}\n{"end":"ok"}\n';

async function stdoutOf(...parts: (string | Buffer)[]): Promise<string> {
  const path = join(await tempFolder(), 'stdout');
  await writeFile(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return path;
}

test.each<[string, (string | Buffer)[]]>([
  ['terminal codes around and before the JSON', ['\u001b[2J\u001b[1;32mhi\u001b[0m\n\u001b[33m', ANSWER]],
  ['progress bars', ['1%\r2%\r99%\r\n', ANSWER]],
  ['NUL bytes and invalid UTF-8', [Buffer.from([0, 0xff, 0xfe, 0x80, 10]), ANSWER]],
  ['JSON that is no object', ['null\n42\n"text"\n[1,2]\ntrue\n', ANSWER]],
  ['objects that mean nothing, or not what they seem', ['{}\n{"answer":5}\n{"answer":null}\n{"end":7}\n', ANSWER]],
  ['broken JSON', ['{"answer":\n{{{{\n{"answer":"x"\n', ANSWER]],
  ['carriage returns before the newline', [ANSWER.replaceAll('\n', '\r\n')]],
  ['a last line without a newline', [ANSWER.trimEnd()]],
  ['a deep nest', [`${'['.repeat(100_000)}\n{"a":${'{"a":'.repeat(5000)}\n`, ANSWER]],
])('%s', async (_name, parts) => {
  expect(await finalFold(await stdoutOf(...parts), shell)).toMatchObject({ answer: 'é€😀', end: 'ok' });
});

test('half a line at the end is no line yet, and is read once it is whole', async () => {
  const path = await stdoutOf(ANSWER.slice(0, 12));
  const readings = new Readings();
  expect((await readings.current(path, shell)).answer).toBe('');
  await writeFile(path, ANSWER);
  expect((await readings.current(path, shell)).answer).toBe('é€😀');
});

test('a character cut at any byte is put together again', async () => {
  const bytes = Buffer.from(ANSWER);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const path = await stdoutOf(bytes.subarray(0, cut));
    const readings = new Readings();
    await readings.current(path, shell);
    await writeFile(path, bytes);
    expect((await readings.current(path, shell)).answer).toBe('é€😀');
  }
});

test('a line of 64 MB without a newline holds nobody up', async () => {
  const path = await stdoutOf(Buffer.alloc(64 * 1024 * 1024, 'x'), '\n', ANSWER);
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const state = await finalFold(path, { ...shell, tailHoldsAnswer: false });
  clearInterval(beat);
  expect(state).toMatchObject({ answer: 'é€😀', end: 'ok' });
  // 50 ms is the aim; a busy machine may add its own pauses.
  expect(longest).toBeLessThan(250);
});

test('a job that prints noise all the time is looked at, paged and ended like any other', async () => {
  const { engine, submit, ended } = await testEngine();
  const gate = join(await tempFolder(), 'gate');
  const job = await submit(`until [ -e ${gate} ]; do head -c 300000 /dev/urandom; done; echo; ${answering('found')}`);
  const view = await until('noise', async () => {
    const now = await viewJob(engine, findJob(engine.store, job.id) ?? job);
    return (now.stdoutBytes ?? 0) > 1_000_000 && now;
  });
  expect(view.status).toBe('running');
  expect((await readResult(engine, job, 'stdout', -1000, 1000)).nextOffset).toBeGreaterThan(1_000_000);
  await writeFile(gate, '');
  const after = await ended(job);
  expect(after.status).toBe('completed');
  expect(await answerText(engine, after)).toBe('found');
});
