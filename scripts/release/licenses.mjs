// The licences of the code of others that the build has taken into dist/: theirs ask that they go with it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param moduleIds paths of the modules in a build
 * @returns one text: each package with its version and its licence in full; where it brings no text, its author and
 *   the licence's name
 * @throws Error for a package that names no licence
 */
export async function licensesOf(moduleIds) {
  const folders = new Set(moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id) ?? []));
  const texts = await Promise.all([...folders].map(licenseIn));
  return `${texts.sort().join(`\n${'-'.repeat(80)}\n\n`)}`;
}

async function licenseIn(folder) {
  const { name, version, license, author } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (!license) throw new Error(`${name} ${version} names no licence`);
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? await readFile(join(folder, file), 'utf8') : `By ${author?.name ?? author}.`;
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}
