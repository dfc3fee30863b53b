// Builds dist/: one entry with its lazily loaded chunks, third-party JavaScript bundled; only better-sqlite3,
// which is native, is left to be installed.
import { chmod, copyFile, cp, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { CHUNK_GROUPS } from './chunks.mjs';
import { computed } from './computed.mjs';
import { licensesOf } from './release/licenses.mjs';

await rm('dist', { recursive: true, force: true });

const options = {
  platform: 'node',
  external: ['better-sqlite3'],
  resolve: {
    // jsonc-parser's CommonJS entry cannot be bundled; its module entry can.
    mainFields: ['module', 'main'],
    alias: { '@modelcontextprotocol/server/_shims': join(import.meta.dirname, 'sdk-shims.mjs') },
  },
  checks: { pluginTimings: false },
};
const build = await rolldown({
  ...options,
  input: {
    sidejob: 'src/entry.ts',
    'demo-cli': 'src/providers/demo-cli.ts',
    'schema-worker': 'src/jobs/schema-worker.ts',
    'secrets-worker': 'src/output/secrets/secrets-worker.ts',
  },
  plugins: [computed(join(import.meta.dirname, '../src/mcp/listed-tools.ts'), options)],
});
const { output } = await build.write({
  dir: 'dist',
  format: 'esm',
  entryFileNames: '[name].js',
  // Text beyond it doubles what a file takes in V8's memory, for one arrow in a comment.
  charset: 'ascii',
  codeSplitting: { groups: CHUNK_GROUPS },
  // Flat, because some modules find files beside themselves.
  chunkFileNames: '[name]-[hash].js',
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
});
await copyFile('src/process/launcher.sh', 'dist/launcher.sh');
for (const name of ['gemini-read-only', 'gemini-edit'])
  await copyFile(`src/providers/${name}.toml`, `dist/${name}.toml`);
for (const folder of ['recipes', 'policies', 'stances']) await cp(folder, `dist/${folder}`, { recursive: true });
const chunks = output.filter(({ type }) => type === 'chunk');
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licensesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
// For tests of what is loaded when; not in the packages.
const modules = chunks.map(({ fileName, moduleIds }) => [fileName, moduleIds.map((id) => relative('', id))]);
await writeFile('dist/modules.json', JSON.stringify(Object.fromEntries(modules), null, 2));
await chmod('dist/sidejob.js', 0o755);
