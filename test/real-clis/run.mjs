// npm run test:real [-- --all] [FILTER...]: installs the real CLIs and runs the tests on them. With --all, every CLI that
// is built in and can be had from npm; without, the three with which the engine was made.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const args = process.argv.slice(2);
const all = args.includes('--all');
const filters = args.filter((arg) => arg !== '--all');
const root = join(import.meta.dirname, '../..');
const env = { ...process.env, REAL_CLIS: all ? 'all' : 'three' };

for (const command of [
  ['--test', 'test/support/fake-model-api/server.test.mjs'],
  ['test/real-clis/install.mjs'],
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.real.config.ts', ...filters],
]) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
