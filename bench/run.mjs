// Runs the benchmarks: `npm run bench` all of them, `npm run bench -- NAME…` some. See README.md beside this file.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { broken, machine } from './support/report.mjs';

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
for (const name of wanted) {
  if (options.list) {
    const { title } = await import(new URL(`${name}.mjs`, ROWS).href);
    console.log(`${name.padEnd(12)} ${title}`);
  } else results.push(await runRow(name));
}
if (!options.list) {
  const report = { machine: machine(), small: options.small, results };
  if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  // What counts as a test: each row, and each figure that is no time and has a limit.
  const counted = results.flatMap(({ figures }) => figures ?? []).filter((figure) => figure.counted && figure.target);
  const checks = results.length + counted.length;
  const failures = results.filter(({ error }) => error).length + counted.filter(broken).length;
  console.log(`\n${report.machine}\n\n${checks - failures} passed, ${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
}

/** What a row has found; see row.mjs. */
async function runRow(name) {
  const asked = JSON.stringify({ name, small: options.small, server: { command, args } });
  const child = fork(fileURLToPath(new URL('row.mjs', import.meta.url)), [asked]);
  let result;
  child.once('message', (message) => {
    result = message;
  });
  const [[status]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  return result ?? { name, error: `its process left with status ${status}` };
}
