// `sidejob policy init`: writes one of the commented starting points, which are shipped as files.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../config/nearest.js';
import { resolvePaths } from '../config/paths.js';
import { errnoOf, SidejobError } from '../errors.js';
import { policyPlace } from '../policy/load.js';
import type { CommandContext } from './context.js';

/** Beside the built program; see scripts/build.mjs. */
const FOLDER = fileURLToPath(new URL('./policies', import.meta.url));

/**
 * Writes a starting point to the data folder, 0600.
 * @throws SidejobError `bad_argument` for a name that is none; `bad_policy` if there is a policy and no `force`
 */
export async function initPolicy(
  { stdout, env }: CommandContext,
  name: string | undefined,
  force: boolean,
  json: boolean,
): Promise<number> {
  const names = (await readdir(FOLDER)).map((file) => basename(file, '.jsonc')).sort();
  if (name === undefined || !names.includes(name)) {
    const near = name && nearest(name, names);
    const what = name === undefined ? 'begin with which?' : `no starting point "${name}".`;
    throw new SidejobError('bad_argument', what, near ? `${near}?` : `There are ${names.join(', ')}.`);
  }
  const { home } = resolvePaths(env);
  const { file } = policyPlace({}, home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await write(file, await readFile(join(FOLDER, `${name}.jsonc`), 'utf8'), force);
  const inForce = policyPlace(env, home);
  if (json) {
    stdout(`${JSON.stringify({ file, inForce: inForce.file }, null, 2)}\n`);
    return 0;
  }
  stdout(`Wrote ${file}. It counts from the next call on, in servers that run already too.\n`);
  if (inForce.file !== file) stdout(`But SIDEJOB_POLICY names ${inForce.file}, and that is what counts.\n`);
  return 0;
}

/** All of it or nothing, so that no server reads half a policy; over an old one only with `force`. */
async function write(file: string, text: string, force: boolean): Promise<void> {
  if (!force) {
    try {
      await writeFile(file, text, { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new SidejobError('bad_policy', `there is ${file} already.`, 'Nothing was changed; --force replaces it.');
    }
  }
  const fresh = `${file}.${randomUUID()}`;
  try {
    await writeFile(fresh, text, { flag: 'wx', mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
