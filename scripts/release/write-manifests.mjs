// npm run manifests: writes the files that repeat what package.json says. With --check, only says which are not current.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { marketplaceJson, pluginJson, serverJson } from './manifests.mjs';

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const files = {
  'server.json': serverJson(manifest),
  'plugin/.claude-plugin/plugin.json': pluginJson(manifest),
  '.claude-plugin/marketplace.json': marketplaceJson(manifest),
};

for (const [file, content] of Object.entries(files)) {
  const path = join(root, file);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`${file} is not what package.json says. Run "npm run manifests".`);
    process.exitCode = 1;
  }
}
