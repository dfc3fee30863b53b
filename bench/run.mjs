// Runs the benchmarks: `npm run bench` all of them, `npm run bench -- NAME…` some. See README.md beside this file.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { broken, machine, table } from './support/report.mjs';

const ROWS = new URL('rows/', import.meta.url);
const names = (await readdir(ROWS))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: 'boolean', default: false },
    json: { type: 'string' },
    server: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}. There are ${names.sort().join(', ')}.`);
  process.exit(2);
}

const [command, ...args] = options.server?.split(' ') ?? [
  process.execPath,
  fileURLToPath(new URL('../dist/sidejob.js', import.meta.url)),
];
const wanted = positionals.length > 0 ? positionals : names.sort();
const results = [];
let failures = 0;
for (const name of wanted) {
  const { title, about, run } = await import(new URL(`${name}.mjs`, ROWS).href);
  if (options.list) {
    console.log(`${name.padEnd(12)} ${title}`);
    continue;
  }
  const folder = await mkdtemp(join(tmpdir(), `sidejob-bench-${name}-`));
  const notes = [];
  const begun = performance.now();
  console.log(`\n${title} (${name})\n${about}\n`);
  try {
    const figures = await run({
      small: options.small,
      folder,
      server: { command, args },
      note: (text) => notes.push(text),
    });
    console.log(table(figures));
    for (const text of notes) console.log(`- ${text}`);
    failures += figures.filter(broken).length;
    results.push({ name, title, figures, notes, tookSec: (performance.now() - begun) / 1000 });
  } catch (error) {
    failures += 1;
    console.log(`failed: ${error.stack}`);
    results.push({ name, title, error: String(error) });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
if (!options.list) {
  const report = { machine: machine(), small: options.small, results };
  if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  // What counts as a test: each row, and each figure that is no time and has a limit.
  const counted = results.flatMap(({ figures }) => figures ?? []).filter((figure) => figure.counted && figure.target);
  const checks = results.length + counted.length;
  console.log(`\n${report.machine}\n\n${checks - failures} passed, ${failures} failed`);
}
process.exitCode = failures === 0 ? 0 : 1;
