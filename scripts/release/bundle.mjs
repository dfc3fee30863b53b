// npm run bundle: packs dist/ as release/sidejob-VERSION.mcpb, for clients that install a server from one file. Needs
// what `npm run build` makes.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { toolsOf, withServer } from './client.mjs';
import { bundleManifest } from './manifests.mjs';
import { installTools, MCPB } from './tools.mjs';

const run = promisify(execFile);

// better-sqlite3 13 carries a binary for each platform in prebuilds/ and finds the right one in lib/binding.js. Its
// sources, and node-addon-api, are there to be compiled with.
const SQLITE = ['package.json', 'LICENSE', 'lib', 'prebuilds'];

/** What package.json leaves out of dist/, too: what comes of running it, and what only tests read. */
const filter = (path) => !['.compile-cache', 'modules.json'].includes(basename(path));

/** Lists the tools by asking the server itself. */
async function askServer(root) {
  const home = await mkdtemp(join(tmpdir(), 'sidejob-bundle-'));
  const env = { PATH: process.env.PATH, HOME: home, SIDEJOB_HOME: join(home, 'data') };
  const server = { command: process.execPath, args: [join(root, 'dist/sidejob.js')], env, cwd: home };
  try {
    return await withServer(server, toolsOf);
  } finally {
    await rm(home, { recursive: true });
  }
}

/**
 * Packs the bundle of a built checkout into its release/.
 * @returns the path of the bundle
 */
export async function makeBundle(root) {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const content = bundleManifest(manifest, await askServer(root));
  const staged = join(root, 'release/bundle');
  const bundle = join(root, `release/${manifest.name}-${manifest.version}.mcpb`);
  for (const stale of [staged, bundle]) await rm(stale, { recursive: true, force: true });
  await mkdir(staged, { recursive: true });
  for (const part of ['package.json', 'LICENSE', 'dist']) {
    await cp(join(root, part), join(staged, part), { recursive: true, filter });
  }
  for (const part of SQLITE) {
    const place = join('node_modules/better-sqlite3', part);
    await cp(join(root, place), join(staged, place), { recursive: true });
  }
  await cp(join(root, 'plugin/.claude-plugin/icon.png'), join(staged, 'icon.png'));
  await writeFile(join(staged, 'manifest.json'), `${JSON.stringify(content, null, 2)}\n`);
  await installTools();
  await run(process.execPath, [MCPB.cli, 'validate', join(staged, 'manifest.json')]);
  await run(process.execPath, [MCPB.cli, 'pack', staged, bundle]);
  await rm(staged, { recursive: true });
  return bundle;
}

if (process.argv[1] === import.meta.filename) console.log(await makeBundle(join(import.meta.dirname, '../..')));
