// npm run test:conformance: the official conformance suite against the product's own server, for each revision of the
// protocol in not-run.json. A scenario, or one check of it, that stands there with a reason must fail: one that passes
// has to be taken out. Everything lies in .conformance/ (52 MB; ignored by git), and what is installed there is kept.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';

const VERSION = '0.2.0-alpha.12';
const SUITE = '@modelcontextprotocol/conformance';
/** What stands for a scenario that has looked at nothing. */
const NOTHING = [{ id: 'all', errorMessage: 'no check was made' }];
const root = join(import.meta.dirname, '../..');
const folder = join(root, '.conformance');
const run = promisify(execFile);
const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'));

async function install() {
  const manifest = join(folder, 'node_modules', SUITE, 'package.json');
  const { version } = await readJson(manifest).catch(() => ({}));
  if (version === VERSION) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { [SUITE]: VERSION } }));
  // --prefix, because under `npm run` the environment points npm at the repo.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await run('npm', ['install', '--prefix', folder, ...flags], { cwd: folder });
}

/** Bundles the test's server as scripts/build.mjs does the product, and starts it. */
async function serve() {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'server.ts'),
    platform: 'node',
    external: ['better-sqlite3'],
    resolve: { mainFields: ['module', 'main'] },
    checks: { pluginTimings: false },
  });
  const built = join(folder, 'server');
  const home = join(folder, 'home');
  for (const stale of [built, home]) await rm(stale, { recursive: true, force: true });
  await bundle.write({ dir: built, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
  await copyFile(join(root, 'src/process/launcher.sh'), join(built, 'launcher.sh'));
  await mkdir(home);
  await writeFile(join(home, 'config.toml'), '[providers.sh]\ncommand = "sh"\n');
  const server = spawn(process.execPath, [join(built, 'server.mjs')], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, SIDEJOB_HOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data'),
    once(server, 'exit').then(() => Promise.reject(new Error('the server did not start'))),
  ]);
  return { server, url: line.trim() };
}

/** Runs all that a revision requires, and what it reports beside that; returns the failed checks by scenario. */
async function failuresOf(revision, url) {
  const results = join(folder, `results-${revision}`);
  await rm(results, { recursive: true, force: true });
  const cli = join(folder, 'node_modules', SUITE, 'dist/index.js');
  const args = [cli, 'server', '--url', url, '--requirements', revision, '-o', results];
  // Fails where a scenario does; which ones count is decided here.
  const { stdout } = await run(process.execPath, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error) => error,
  );
  const failures = new Map();
  for (const [, scenario] of stdout.matchAll(/^=== Running scenario: (.+) ===$/gm)) failures.set(scenario, NOTHING);
  for (const name of await readdir(results)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1];
    const checks = await readJson(join(results, name, 'checks.json'));
    const failed = checks.filter(({ status }) => status === 'FAILURE');
    const proves = failed.length > 0 || checks.some(({ status }) => status === 'SUCCESS');
    failures.set(scenario, proves ? failed : NOTHING);
  }
  return failures;
}

/** Prints what is wrong with a revision's outcome, and returns how many scenarios passed, failed and were not run. */
function judge(revision, failures, notRun) {
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  const complain = (words) => {
    outcome.failed += 1;
    console.log(`${revision} ${words}`);
  };
  if (failures.size === 0) complain('no scenario was run');
  for (const [scenario, failed] of failures) {
    const unexpected = failed.filter(({ id }) => !(scenario in notRun) && !(`${scenario}:${id}` in notRun));
    for (const { id, errorMessage } of unexpected) complain(`${scenario}:${id} failed: ${errorMessage}`);
    if (unexpected.length > 0) continue;
    outcome[scenario in notRun ? 'skipped' : 'passed'] += 1;
  }
  for (const entry of Object.keys(notRun)) {
    const [scenario, check] = entry.split(':');
    const failed = failures.get(scenario) ?? [];
    if (check ? !failed.some(({ id }) => id === check) : failed.length === 0) {
      complain(`${entry} passes, or is no more: take it out of not-run.json`);
    }
  }
  return outcome;
}

await install();
const { server, url } = await serve();
const total = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [revision, notRun] of Object.entries(await readJson(join(import.meta.dirname, 'not-run.json')))) {
    const outcome = judge(revision, await failuresOf(revision, url), notRun);
    console.log(`${revision}: ${JSON.stringify(outcome)}`);
    for (const key of Object.keys(total)) total[key] += outcome[key];
  }
} finally {
  server.stdin.end();
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
