// Modules of which the build takes what they come to, in place of what they are made of.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * A plugin of the bundler: runs a module, and has its exports, which must be data, stand in its place.
 * @param module its path
 * @param options with which it is bundled to be run
 */
export function computed(module, options) {
  return {
    name: 'computed',
    async load(id) {
      if (id !== module) return null;
      const values = Object.entries(await valuesOf(module, options)).filter(([, value]) => typeof value !== 'function');
      return values.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join('\n');
    },
  };
}

async function valuesOf(module, options) {
  // Within the checkout, so that what is not bundled is found.
  const folder = await mkdtemp(join(import.meta.dirname, '../node_modules/.computed-'));
  try {
    const build = await rolldown({ ...options, input: module });
    await build.write({ dir: folder, format: 'esm', entryFileNames: 'computed.mjs' });
    return { ...(await import(pathToFileURL(join(folder, 'computed.mjs')))) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
