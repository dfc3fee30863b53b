// npm run release:check: makes every package from a clean tree (a clone of HEAD), and proves each by installing and
// running it as its users do, in an empty HOME. Needs npm's registry. One line a proof, and the total.
//
//   --node PATH           a Node to run the packages on; may be given again; left out: the one that runs this
//   --server-schema FILE  the official schema of server.json, which is then asked, too
//   --keep FOLDER         leave the tarball, the bundle, server.json and this version's notes there
//   --publish             fail on what must be done before publishing, instead of only naming it
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cloneOf, hasUncommitted, makePackages } from './release/clean-tree.mjs';
import { toolsOf, withServer } from './release/client.mjs';
import { Machine } from './release/machine.mjs';
import { beforePublishing, serverJson } from './release/manifests.mjs';
import { changesOf, proveCurrent, proveServerJson, proveVersions } from './release/prove-manifests.mjs';
import { proveBundle, proveTarball, proveTarballContent, unpackBundle } from './release/prove-packages.mjs';
import { commandsMissing, proveInstalled, proveSkillTools, proveValid, realClaude } from './release/prove-plugin.mjs';
import { Report } from './release/report.mjs';
import { installTools } from './release/tools.mjs';

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    'server-schema': { type: 'string' },
    keep: { type: 'string' },
    publish: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '..');
const nodes = values.node.map((path) => resolve(path));
const report = new Report();

/** server.json as a release has it: it names the bundle as well. */
const releasedServerJson = ({ manifest, bundleName, sha256 }) => serverJson(manifest, { name: bundleName, sha256 });

async function provePackages(tree, unpacked, packages) {
  const { tarball, facts, bundle, manifest } = packages;
  const env = { HOME: temp, PATH: process.env.PATH };
  const server = { command: process.execPath, args: [join(tree, 'dist/sidejob.js')], env, cwd: temp };
  const tools = (await withServer(server, toolsOf)).tools.map(({ name }) => name);
  const expected = { version: manifest.version, tools };
  await report.prove('tarball', () => proveTarballContent(facts));
  for (const node of nodes) {
    await onMachine(node, async (machine) => {
      const where = await machine.version();
      await report.prove(`npx from the tarball, ${where}`, () => proveTarball(machine, { tarball, expected }));
    });
  }
  if (await report.prove('bundle', () => unpackBundle(bundle, unpacked))) {
    for (const node of nodes) {
      for (const settings of [false, true]) {
        const how = settings ? 'with settings' : 'without settings';
        const where = await onMachine(node, (machine) => machine.version());
        await report.prove(`bundle ${how}, ${where}`, () =>
          proveBundle(node, { folder: unpacked, expected, settings }),
        );
      }
    }
  }
  return tools;
}

async function proveFiles(tree, unpacked, packages, tools) {
  await report.prove('server.json, plugin.json and marketplace.json are current', () => proveCurrent(tree));
  await report.prove('server.json', async () => {
    const plain = JSON.parse(await readFile(join(tree, 'server.json'), 'utf8'));
    // Without a repository there is no address of a bundle to judge.
    const manifest = { repository: 'https://github.com/OWNER/sidejob', ...packages.manifest };
    return proveServerJson([plain, releasedServerJson({ ...packages, manifest })], values['server-schema']);
  });
  await report.prove('one version everywhere', () => proveVersions(tree, unpacked));
  await report.prove('the skill names tools that there are', () => proveSkillTools(tree, tools));
}

async function provePlugin(tree, { tarball }) {
  await onMachine(nodes[0], async (machine) => {
    const claude = await realClaude(root);
    const asked = { claude, root: tree, tarball };
    if (claude) {
      await report.prove('plugin, marketplace and skill, by Claude Code', () => proveValid(machine, asked));
      await report.prove('plugin installed in Claude Code', () => proveInstalled(machine, asked));
    } else if (process.env.CI) {
      await report.prove('plugin', () =>
        Promise.reject(new Error('Claude Code is missing: test/real-clis/install.mjs')),
      );
    } else report.skip('plugin, by Claude Code', 'node test/real-clis/install.mjs installs it');
  });
}

/** @returns what must be done before publishing, in words */
async function openIn(tree, { tarball, manifest }) {
  const missing = await onMachine(nodes[0], (machine) => commandsMissing(machine, { root: tree, tarball }));
  const changes = changesOf(await readFile(join(tree, 'CHANGELOG.md'), 'utf8'), manifest.version);
  return [
    ...beforePublishing(manifest),
    ...missing.map((name) => `plugin/skills/sidejob/SKILL.md names "sidejob ${name}", and there is no such command`),
    ...(changes ? [] : [`CHANGELOG.md has no heading "## [${manifest.version}]"`]),
  ];
}

async function onMachine(node, use) {
  const machine = await Machine.create(node);
  try {
    return await use(machine);
  } finally {
    await machine.remove();
  }
}

async function tellOpen(open) {
  for (const line of open) {
    if (values.publish) await report.prove(line, () => Promise.reject(new Error('must be done before publishing')));
    else console.log(`todo          before publishing: ${line}`);
  }
}

async function keep(folder, tree, packages) {
  await mkdir(folder, { recursive: true });
  for (const file of [packages.tarball, packages.bundle]) await cp(file, join(folder, basename(file)));
  await writeFile(join(folder, 'server.json'), `${JSON.stringify(releasedServerJson(packages), null, 2)}\n`);
  const changelog = await readFile(join(tree, 'CHANGELOG.md'), 'utf8');
  await writeFile(join(folder, 'notes.md'), `${changesOf(changelog, packages.manifest.version) ?? ''}\n`);
}

// All that is made lies in one folder, which goes with this process, however it ends.
const temp = realpathSync(mkdtempSync(join(tmpdir(), 'sidejob-release-')));
process.env.TMPDIR = temp;
process.on('exit', () => rmSync(temp, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

await installTools();
if (await hasUncommitted(root)) console.log('note          what is not committed is not looked at');
const tree = await cloneOf(root);
const unpacked = join(temp, 'unpacked');
await mkdir(unpacked);
let packages;
await report.prove('made from a clean tree', async () => {
  packages = await makePackages(tree);
});
if (packages) {
  const tools = await provePackages(tree, unpacked, packages);
  await proveFiles(tree, unpacked, packages, tools);
  await provePlugin(tree, packages);
  if (report.good) await tellOpen(await openIn(tree, packages));
  if (values.keep) await keep(values.keep, tree, packages);
}
process.exitCode = report.end();
