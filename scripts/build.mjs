// Builds dist/: one entry with its lazily loaded chunks, third-party JavaScript bundled; only better-sqlite3,
// which is native, is left to be installed.
import { chmod, copyFile, cp, rm, writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { licensesOf } from './release/licenses.mjs';

await rm('dist', { recursive: true, force: true });

const build = await rolldown({
  input: {
    sidejob: 'src/entry.ts',
    'demo-cli': 'src/providers/demo-cli.ts',
    'schema-worker': 'src/jobs/schema-worker.ts',
    'secrets-worker': 'src/output/secrets/secrets-worker.ts',
  },
  platform: 'node',
  external: ['better-sqlite3'],
  // jsonc-parser's CommonJS entry cannot be bundled; its module entry can.
  resolve: { mainFields: ['module', 'main'] },
  checks: { pluginTimings: false },
});
const { output } = await build.write({
  dir: 'dist',
  format: 'esm',
  entryFileNames: '[name].js',
  // Flat, because some modules find files beside themselves.
  chunkFileNames: '[name]-[hash].js',
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
});
await copyFile('src/process/launcher.sh', 'dist/launcher.sh');
for (const name of ['gemini-read-only', 'gemini-edit'])
  await copyFile(`src/providers/${name}.toml`, `dist/${name}.toml`);
for (const folder of ['recipes', 'policies', 'stances']) await cp(folder, `dist/${folder}`, { recursive: true });
const modules = output.flatMap((chunk) => chunk.moduleIds ?? []);
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licensesOf(modules));
await chmod('dist/sidejob.js', 0o755);
