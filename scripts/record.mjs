// npm run record: `npm run demo` on a terminal, as it really runs, drawn as docs/demo.svg. Where the picture does not
// move, it shows the last screen. Needs `script` of util-linux, which has a terminal to run it on.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { drawing } from './record/drawing.mjs';
import { Screen } from './record/screen.mjs';

const COLUMNS = 92;
/** What follows is advice. */
const LAST_WORDS = 'none run twice';
/** How often the screen is looked at. */
const FRAME_SEC = 0.3;

const folder = await mkdtemp(join(tmpdir(), 'sidejob-record-'));
try {
  const [output, timing] = [join(folder, 'output'), join(folder, 'timing')];
  const command = `stty cols ${COLUMNS} rows 60; TERM=xterm-256color node scripts/demo.mjs`;
  const files = ['--log-out', output, '--log-timing', timing];
  await promisify(execFile)('script', ['-q', '-e', '-c', command, ...files], { maxBuffer: 64 * 1024 * 1024 });
  const svg = drawing(frames(await readFile(output), await readFile(timing, 'utf8')), COLUMNS);
  await writeFile(join(import.meta.dirname, '../docs/demo.svg'), svg);
  console.log(`docs/demo.svg: ${svg.length} bytes`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** The screens, each with the second at which it was seen. */
function frames(output, timing) {
  const screen = new Screen();
  const seen = [];
  // The first line is `script`'s own.
  let at = output.indexOf('\n') + 1;
  let clock = 0;
  for (const line of timing.trim().split('\n')) {
    const [pause, bytes] = line.split(' ').map(Number);
    clock += pause;
    screen.write(output.toString('utf8', at, at + bytes));
    at += bytes;
    const over = screen.has(LAST_WORDS);
    if (over || clock - (seen.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= FRAME_SEC) {
      seen.push({ at: clock, rows: screen.rows() });
    }
    if (over) break;
  }
  return seen;
}
