// server.json, the versions, the changelog: files that must agree with package.json and with what others ask of them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@cfworker/json-schema';
import { z } from 'zod';
import { run } from './machine.mjs';

const readJson = async (...path) => JSON.parse(await readFile(join(...path), 'utf8'));

// What the schema of 2025-12-11 asks of the fields that we use
// (https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json), made strict, so that a misspelt name
// is found, which the schema lets pass; --server-schema has the schema itself judge, too.
const text = (max) => z.string().min(1).max(max);
const version = z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/, 'must be one version, not a range');
const transport = z.strictObject({ type: z.literal('stdio') });
const variable = z.strictObject({
  name: z.string().regex(/^SIDEJOB_[A-Z_]+$/),
  description: z.string(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']).optional(),
  choices: z.array(z.string()).optional(),
});
const npmPackage = z.strictObject({
  registryType: z.literal('npm'),
  identifier: z.string(),
  version,
  runtimeHint: z.literal('npx'),
  transport,
  environmentVariables: z.array(variable),
});
const bundlePackage = z.strictObject({
  registryType: z.literal('mcpb'),
  // Of GitHub and GitLab releases alone: docs/reference/server-json/official-registry-requirements.md of the registry.
  identifier: z.string().regex(/^https:\/\/github\.com\/[^/]+\/[^/]+\/releases\/download\/v[^/]+\/[^/]+\.mcpb$/),
  version,
  fileSha256: z.string().regex(/^[a-f0-9]{64}$/),
  transport,
});
const serverSchema = z.strictObject({
  $schema: z.url(),
  name: text(200).regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: text(100),
  description: text(100),
  version,
  repository: z.strictObject({ url: z.url(), source: z.literal('github') }).optional(),
  packages: z.array(z.union([npmPackage, bundlePackage])).min(1),
});

/** The files that are made of package.json are current. */
export async function proveCurrent(root) {
  await run(process.execPath, [join(root, 'scripts/release/write-manifests.mjs'), '--check']);
}

/** @param servers contents of a server.json */
export async function proveServerJson(servers, schemaFile) {
  for (const server of servers) serverSchema.parse(server);
  if (!schemaFile) return 'by our reading of its schema; --server-schema FILE has the official one judge as well';
  const schema = await readJson(schemaFile);
  if (schema.$id !== servers[0].$schema) throw new Error(`${schemaFile} is ${schema.$id}`);
  for (const server of servers) {
    const { valid, errors } = new Validator(schema, '7').validate(server);
    if (!valid)
      throw new Error(errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`).join('\n'));
  }
  return `by our reading of its schema, and by ${schema.$id}`;
}

/** One version wherever one is named. */
export async function proveVersions(root, bundleFolder) {
  const wanted = (await readJson(root, 'package.json')).version;
  const lock = await readJson(root, 'package-lock.json');
  const server = await readJson(root, 'server.json');
  const named = {
    'package-lock.json': lock.version,
    'package-lock.json, its package': lock.packages[''].version,
    'server.json': server.version,
    'server.json, npm': server.packages[0].version,
    'plugin.json': (await readJson(root, 'plugin/.claude-plugin/plugin.json')).version,
    'manifest.json of the bundle': (await readJson(bundleFolder, 'manifest.json')).version,
    'package.json of the bundle': (await readJson(bundleFolder, 'package.json')).version,
  };
  const wrong = Object.entries(named).filter(([, found]) => found !== wanted);
  if (wrong.length > 0) throw new Error(wrong.map(([file, found]) => `${file} has ${found}, not ${wanted}`).join('\n'));
  return wanted;
}

/** What CHANGELOG.md says of a version, without its heading; undefined if it has none. */
export function changesOf(changelog, wanted) {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((each) => each.startsWith(`## [${wanted}]`));
  return section?.slice(section.indexOf('\n') + 1).trim();
}
