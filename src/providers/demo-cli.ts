// The demo program itself. It reads a prompt on stdin and streams an honest answer as JSON lines, over the time
// that its one argument names (`demo-5s`), or fails with exit status 3 (`demo-fail`).
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { oneLine } from './json.js';

const WORDS_PER_SECOND = 8;

function say(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

function answerTo(prompt: string, seconds: number): string {
  const about = `“${oneLine(prompt, 60)}” (${prompt.length} characters)`;
  const opening = `This is the demo program of Sidejob, not a model; it has understood nothing of your prompt ${about}.`;
  const closing = 'It ran to its end as a background job, and this is its whole answer.';
  const wanted = Math.max(0, seconds * WORDS_PER_SECOND - `${opening} ${closing}`.split(' ').length);
  const filler = Array.from({ length: wanted }, (_, index) => `[${index + 1}]`).join(' ');
  return [opening, filler, closing].filter(Boolean).join(' ');
}

const model = process.argv[2] ?? 'demo-1s';
const prompt = await text(process.stdin);
say({ type: 'start', model, note: 'a demo program, not a model' });

if (model === 'demo-fail') {
  say({ type: 'error', message: 'The demo program was asked to fail.' });
  process.exitCode = 3;
} else {
  const seconds = Number(/^demo-(\d{1,5})s$/.exec(model)?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) {
    say({ type: 'error', message: `unknown model "${model}"; demo-5s streams for five seconds` });
    process.exitCode = 2;
  } else {
    const words = answerTo(prompt, seconds).split(/(?<= )/);
    for (const word of words) {
      say({ type: 'text', text: word });
      await sleep((seconds * 1000) / words.length);
    }
    say({ type: 'end', ok: true });
  }
}
