// The tarball and the bundle: what is in them, and that they run on a clean machine.
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { proveServer, withServer } from './client.mjs';
import { Machine, run } from './machine.mjs';
import { MCPB } from './tools.mjs';

/** What may be in the tarball; npm adds package.json, README.md and LICENSE by itself. */
const TARBALL = /^(dist|docs|plugin|schemas)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/;
const TARBALL_NEEDS = [
  'dist/sidejob.js',
  'dist/demo-cli.js',
  'dist/launcher.sh',
  'dist/THIRD-PARTY-LICENSES.txt',
  'plugin/.mcp.json',
  'plugin/skills/sidejob/SKILL.md',
  'schemas/policy.schema.json',
  'LICENSE',
];
const TARBALL_MAX_BYTES = 1024 * 1024;
const BUNDLE_MAX_BYTES = 12 * 1024 * 1024;

/** Every platform for which better-sqlite3 13 has a binary: PREBUILD_PLATFORMS and _ARCHS in its lib/binding.js. */
const NATIVES = ['darwin', 'linux', 'linuxmusl', 'win32'].flatMap((os) => [`${os}-arm64.node`, `${os}-x64.node`]);

const size = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function smaller(what, bytes, limit) {
  if (bytes > limit) throw new Error(`${what} has ${size(bytes)}, more than ${size(limit)}`);
}

export async function proveTarballContent({ size: bytes, unpackedSize, files }) {
  const paths = files.map(({ path }) => path);
  const strangers = paths.filter((path) => !TARBALL.test(path));
  if (strangers.length > 0) throw new Error(`should not be in it: ${strangers.join(', ')}`);
  const missing = TARBALL_NEEDS.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  smaller('it', bytes, TARBALL_MAX_BYTES);
  return `${paths.length} files, ${size(bytes)}, ${size(unpackedSize)} unpacked`;
}

/** Runs the package from its file with `npx`: its version, its tools, a job. Its machine is left for others to use. */
export async function proveTarball(machine, { tarball, expected }) {
  const version = (await machine.run(machine.npx(tarball, '--version'))).trim();
  if (version !== expected.version) throw new Error(`--version says ${version}`);
  await withServer(machine.npx(tarball), (client) => proveServer(client, expected));
}

/** Unpacks the bundle with the official tool, as a client does; returns where. */
export async function unpackBundle(bundle, folder) {
  await run(process.execPath, [MCPB.cli, 'unpack', bundle, folder]);
  const natives = await readdir(join(folder, 'node_modules/better-sqlite3/prebuilds'));
  const missing = NATIVES.filter((name) => !natives.includes(name));
  if (missing.length > 0) throw new Error(`natives missing: ${missing.join(', ')}`);
  const { size: bytes } = await stat(bundle);
  smaller('it', bytes, BUNDLE_MAX_BYTES);
  return `${size(bytes)}, natives for ${natives.length} platforms`;
}

/** Starts an unpacked bundle as the official code says that a client does, with a person's settings or without. */
export async function proveBundle(node, { folder, expected, settings }) {
  const machine = await Machine.create(node);
  try {
    const extension = join(machine.root, 'extension');
    await cp(folder, extension, { recursive: true });
    const data = join(machine.root, 'data');
    const userConfig = settings ? { data_folder: data, max_access: 'edit' } : {};
    if (settings) await mkdir(data, { mode: 0o700 });
    const { getMcpConfigForManifest } = await import(pathToFileURL(MCPB.dist));
    const config = await getMcpConfigForManifest({
      manifest: JSON.parse(await readFile(join(extension, 'manifest.json'), 'utf8')),
      extensionPath: extension,
      systemDirs: { HOME: machine.home },
      userConfig,
      pathSeparator: '/',
    });
    // Clients start servers with little of an environment.
    const env = { HOME: machine.home, PATH: machine.env.PATH, SHELL: '/bin/sh', ...config.env };
    const server = { command: config.command, args: config.args, env, cwd: machine.project };
    await withServer(server, (client) => proveServer(client, expected));
    await stat(join(settings ? data : join(machine.home, '.sidejob'), 'store.db'));
  } finally {
    await machine.remove();
  }
}
