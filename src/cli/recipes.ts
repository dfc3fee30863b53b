// Recipes: configuration for CLIs that are not built in, shipped as TOML and copied into the user's file.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { resolvePaths } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { openDataFolder } from '../store/data-folder.js';
import type { CommandContext } from './context.js';
import { read, replace } from './mcp/file.js';
import { columnsOf, table } from './terminal.js';

/** Beside the built program; see scripts/build.mjs. */
const FOLDER = fileURLToPath(new URL('./recipes', import.meta.url));

/** Prints every recipe with its title. */
export async function listRecipes({ stdout }: CommandContext, json: boolean): Promise<number> {
  const titled = async (name: string) => ({ name, title: /^title = "(.*)"/m.exec(await recipe(name))?.[1] ?? '' });
  const recipes = await Promise.all((await recipeNames()).map(titled));
  if (json) {
    stdout(`${JSON.stringify(recipes, null, 2)}\n`);
    return 0;
  }
  stdout(
    table(
      recipes.map(({ name, title }) => [name, title]),
      { columns: columnsOf() },
    ),
  );
  stdout(
    '\nNone of them was run by us. "sidejob providers add NAME" enters one, "sidejob providers test NAME" tries it.\n',
  );
  return 0;
}

/**
 * Appends a recipe to the configuration file, which stays as it is otherwise.
 * @throws SidejobError `unknown_provider`; `bad_config` if there is such a provider, or nothing can be appended
 */
export async function addRecipe(
  { stdout, env }: CommandContext,
  name: string,
  { dryRun, json }: { dryRun: boolean; json: boolean },
): Promise<number> {
  const say = json ? () => {} : stdout;
  const names = await recipeNames();
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw new SidejobError(
      'unknown_provider',
      `no recipe "${name}".`,
      near ? `${near}?` : `There are ${names.join(', ')}.`,
    );
  }
  const { config: path } = resolvePaths(env);
  const text = await recipe(name);
  const config = await loadConfig(path, env);
  if (config.providers[name]) {
    throw new SidejobError('bad_config', `${path} has a [providers.${name}] already.`, 'Nothing was changed.');
  }
  const report = { provider: name, file: path, changed: true, text, ...(dryRun && { dryRun }) };
  const tell = () => json && stdout(`${JSON.stringify(report, null, 2)}\n`);
  if (dryRun) {
    say(`${text}\nThis would be added to ${path}. Nothing was changed.\n`);
    tell();
    return 0;
  }
  await openDataFolder(resolvePaths(env));
  const file = await read(path);
  const before = file.text?.trimEnd() ?? '';
  const after = `${before}${before ? '\n\n' : ''}${text}`;
  await mustBeToml(path, after);
  await replace(file, after);
  tell();
  say(`${text}\nAdded to ${path}. It was not run by us: try "sidejob providers test ${name}".\n`);
  say('Servers that run already know it after a restart of their client.\n');
  return 0;
}

/** A file may be written so that nothing can be added at its end (`providers = {…}`). */
async function mustBeToml(path: string, text: string): Promise<void> {
  const { parse } = await import('smol-toml');
  try {
    parse(text);
  } catch (error) {
    const [why = ''] = messageOf(error).split('\n', 1);
    throw new SidejobError(
      'bad_config',
      `${path} takes no table at its end: ${why}.`,
      'Nothing was changed; add it by hand.',
    );
  }
}

async function recipeNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.toml'))
    .map((file) => basename(file, '.toml'))
    .sort();
}

function recipe(name: string): Promise<string> {
  return readFile(join(FOLDER, `${name}.toml`), 'utf8');
}
