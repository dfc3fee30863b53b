// The programs with which packages are made and proved: in .release-tools/ (35 MB; ignored by git), and what is
// installed there is kept.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = {
  // The official packer and validator of bundles: https://github.com/modelcontextprotocol/mcpb.
  '@anthropic-ai/mcpb': '2.1.2',
  // The one that runs no install scripts of its own accord; Node does not ship with it everywhere.
  npm: '12.2.0',
};
const run = promisify(execFile);

const folder = join(import.meta.dirname, '../../.release-tools');
const modules = join(folder, 'node_modules');

/** `dist` is what a program imports; the others are JavaScript to be run with Node. */
export const MCPB = {
  cli: join(modules, '@anthropic-ai/mcpb/dist/cli/cli.js'),
  dist: join(modules, '@anthropic-ai/mcpb/dist/index.js'),
};
export const NPM = { npm: join(modules, 'npm/bin/npm-cli.js'), npx: join(modules, 'npm/bin/npx-cli.js') };

async function isThere([name, version]) {
  const text = await readFile(join(modules, name, 'package.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text).version === version;
}

export async function installTools() {
  const there = await Promise.all(Object.entries(TOOLS).map(isThere));
  if (there.every(Boolean)) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: TOOLS }));
  // --prefix, because under `npm run` the environment points npm at the repo.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await run('npm', ['install', '--prefix', folder, ...flags], { cwd: folder });
}
