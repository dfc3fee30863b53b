// Runs one row, in a process of its own: what another row has left in memory would make each spawn of its floor slower.
// Prints its table; what it found goes to the runner as a message.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from './support/report.mjs';

const { name, small, server } = JSON.parse(process.argv[2]);
const { title, about, run } = await import(new URL(`rows/${name}.mjs`, import.meta.url).href);
const folder = await mkdtemp(join(tmpdir(), `sidejob-bench-${name}-`));
const notes = [];
const begun = performance.now();
console.log(`\n${title} (${name})\n${about}\n`);
let result;
try {
  const figures = await run({ small, folder, server, note: (text) => notes.push(text) });
  console.log(table(figures));
  for (const text of notes) console.log(`- ${text}`);
  result = { name, title, figures, notes, tookSec: (performance.now() - begun) / 1000 };
} catch (error) {
  console.log(`failed: ${error.stack}`);
  result = { name, title, error: String(error) };
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
process.send(result, () => process.disconnect());
