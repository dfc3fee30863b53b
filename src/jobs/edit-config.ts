// Has a person edit the configuration, which is made of the template where there is none.

import type { Paths } from '../config/paths.js';
import { openPrivate } from '../config/private-file.js';
import { configTemplate } from '../config/template.js';
import { errnoOf, SidejobError } from '../errors.js';
import { runInteractive } from '../process/interactive.js';
import { openDataFolder } from '../store/data-folder.js';

/**
 * Makes config.toml, its owner's alone, with everything in it commented out.
 * @returns false if there is one already; it is not touched
 */
export async function createConfig({ config }: Paths): Promise<boolean> {
  try {
    const file = await openPrivate(config, 'x');
    await file.writeFile(configTemplate()).finally(() => file.close());
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Opens config.toml in `$VISUAL`, `$EDITOR` or vi, and returns when it is closed.
 * @returns the paths of the data folder, which is made if need be
 * @throws SidejobError `bad_argument` if the editor fails
 */
export async function editConfig(given: Paths, env: NodeJS.ProcessEnv): Promise<Paths> {
  const paths = await openDataFolder(given);
  await createConfig(paths);
  const editor = env.VISUAL || env.EDITOR || 'vi';
  const status = await runInteractive(editor, [paths.config], env);
  if (status !== 0) {
    throw new SidejobError('bad_argument', `the editor "${editor}" ended with status ${status}.`, 'Set $EDITOR.');
  }
  return paths;
}
