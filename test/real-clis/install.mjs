// Installs the real CLIs, at the versions that were recorded, into .real-clis/ in the repo's root (860 MB, all of them
// 1.7 GB; ignored by git). What is there already and runs is kept.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Exact, because npm quietly picks an older release where a range allows one that fits an older Node. */
const THREE = [
  { command: 'claude', package: '@anthropic-ai/claude-code', version: '2.1.328' },
  { command: 'codex', package: '@openai/codex', version: '0.169.0' },
  { command: 'gemini', package: '@google/gemini-cli', version: '0.61.0' },
];
const OTHERS = [
  { command: 'qwen', package: '@qwen-code/qwen-code', version: '0.24.4' },
  { command: 'opencode', package: 'opencode-ai', version: '1.18.33' },
  { command: 'copilot', package: '@github/copilot', version: '1.0.102' },
  { command: 'pi', package: '@earendil-works/pi-coding-agent', version: '0.74.2' },
];
const CLIS = process.env.REAL_CLIS === 'all' ? [...THREE, ...OTHERS] : THREE;

const folder = join(import.meta.dirname, '../../.real-clis');
const bin = join(folder, 'node_modules/.bin');
const env = { ...process.env, PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter) };

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** The version a CLI itself reports; undefined where it is missing or does not run. */
async function installedVersion({ command }) {
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true });
  const { stdout, stderr } = await run(join(bin, command), ['--version'], {
    env: { ...env, HOME: home },
    timeout: 30_000,
  }).catch(() => ({ stdout: '', stderr: '' }));
  // pi says it on stderr.
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0];
}

async function missing() {
  const versions = await Promise.all(CLIS.map(installedVersion));
  return CLIS.filter(({ version }, index) => versions[index] !== version);
}

const begun = performance.now();
const wanted = await missing();
if (wanted.length > 0) {
  // npm 12 runs install scripts only where they are allowed; without its own, `claude` is a stub.
  const manifest = {
    private: true,
    dependencies: Object.fromEntries(CLIS.map((cli) => [cli.package, cli.version])),
    allowScripts: { '@anthropic-ai/claude-code': true, 'opencode-ai': true },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  // --prefix, because under `npm run` the environment points npm at the repo.
  await run(
    'npm',
    ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'],
    {
      cwd: folder,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  const broken = await missing();
  if (broken.length > 0) {
    console.error(`Installed, but not running: ${broken.map((cli) => `${cli.command} ${cli.version}`).join(', ')}.`);
    process.exit(1);
  }
}
for (const cli of CLIS) {
  console.log(
    `${cli.command} ${cli.version} ${wanted.includes(cli) ? 'installed' : 'already there'}, ${seconds(begun)}`,
  );
}
