// File and environment become one validated object, in which every value knows where it came from.
import { readFile } from 'node:fs/promises';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { nearest } from './nearest.js';
import {
  PROVIDER_SETTINGS,
  type ProviderSettings,
  SETTINGS,
  type SettingName,
  type Settings,
  variableOf,
} from './settings.js';

export interface Config {
  readonly settings: Settings;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** `default`, the file's path, or the environment variable's name. */
  readonly origins: Readonly<Record<SettingName, string>>;
}

/**
 * Reads the configuration. The environment wins over the file, the file over the defaults. A missing file is
 * an empty one.
 * @throws SidejobError `bad_config` that names the place, the key and the nearest valid word.
 */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv): Promise<Config> {
  const { providers = {}, ...values } = await readToml(file);
  for (const key of Object.keys(values)) {
    if (!(key in SETTINGS)) throw unknownKey(file, key, [...Object.keys(SETTINGS), 'providers']);
  }
  const settings: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const variable = variableOf(name);
    const [value, origin] =
      env[variable] !== undefined && env[variable] !== ''
        ? [env[variable], variable]
        : values[name] !== undefined
          ? [values[name], file]
          : [setting.initial, 'default'];
    const parsed = setting.schema.safeParse(value);
    if (!parsed.success) {
      throw new SidejobError(
        'bad_config',
        `${origin}: ${name} = ${JSON.stringify(value)}: ${parsed.error.issues[0]?.message}.`,
      );
    }
    settings[name] = parsed.data;
    origins[name] = origin;
  }
  return {
    settings: settings as Settings,
    origins: origins as Config['origins'],
    providers: readProviders(file, providers),
  };
}

async function readToml(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw new SidejobError('bad_config', `${file} cannot be read: ${messageOf(error)}.`);
  }
  // Loaded only where there is a file to read.
  const { parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    throw new SidejobError('bad_config', `${file} is not valid TOML: ${messageOf(error)}`);
  }
}

function readProviders(file: string, table: unknown): Record<string, ProviderSettings> {
  if (typeof table !== 'object' || table === null) {
    throw new SidejobError('bad_config', `${file}: "providers" must be a table, such as [providers.claude].`);
  }
  return Object.fromEntries(
    Object.entries(table).map(([name, value]) => {
      const parsed = PROVIDER_SETTINGS.safeParse(value);
      if (parsed.success) return [name, parsed.data];
      const issue = parsed.error.issues[0];
      if (issue?.code === 'unrecognized_keys') {
        throw unknownKey(`${file}: providers.${name}`, issue.keys[0] ?? '', Object.keys(PROVIDER_SETTINGS.shape));
      }
      throw new SidejobError('bad_config', `${file}: providers.${name}.${issue?.path.join('.')}: ${issue?.message}.`);
    }),
  );
}

function unknownKey(file: string, key: string, known: string[]): SidejobError {
  const near = nearest(key, known);
  return new SidejobError('bad_config', `${file}: "${key}" is unknown${near ? `; ${near}?` : '.'}`);
}
