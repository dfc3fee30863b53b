// File and environment become one validated object, in which every value knows where it came from.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { issueSentence } from './issue-words.js';
import { lineOf } from './line-of.js';
import { nearest } from './nearest.js';
import { ON_FINISH, type OnFinish } from './on-finish.js';
import { PANELS, type Panels } from './panels.js';
import { ENV_RULES, type EnvRules, INNER_KEYS, PROVIDER_SETTINGS, type ProviderSettings } from './provider-settings.js';
import { SETTINGS, type SettingName, type Settings, variableOf } from './settings.js';

export interface Config {
  readonly settings: Settings;
  /** What every CLI gets of the environment. */
  readonly env: EnvRules;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** Several CLIs that are asked together, under one name. */
  readonly panels: Panels;
  /** Seconds that a call may wait, by the beginning of the client's name. */
  readonly wait: Readonly<Record<string, number>>;
  /** What is done when a job has ended. */
  readonly onFinish: OnFinish;
  /** `default`, the file's path, or the environment variable's name. */
  readonly origins: Readonly<Record<SettingName, string>>;
  /** Where a key stands, for errors: the file, and its line where that can be told. */
  readonly placeOf: (path: readonly string[]) => string;
}

/** What stands beside the settings. */
const TABLES = ['providers', 'panels', 'env', 'wait', 'on_finish'];

/** `[wait]`: client names are any, so that there is no unknown key. */
export const WAITS = z.object({}).catchall(SETTINGS.waitSec.schema);

/** The file as it was read: its values, and its text to find their lines in. */
interface Source {
  file: string;
  text: string;
  values: Record<string, unknown>;
}

/**
 * Reads the configuration. The environment wins over the file, the file over the defaults. A missing file is
 * an empty one.
 * @throws SidejobError `bad_config` that names the place, the key and the nearest valid word.
 */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv): Promise<Config> {
  const source = await readToml(file);
  const {
    providers = {},
    panels = {},
    env: envRules = {},
    wait = {},
    on_finish: onFinish = {},
    ...values
  } = source.values;
  for (const key of Object.keys(values)) {
    if (!(key in SETTINGS)) throw unknownKey(source, [key], [...Object.keys(SETTINGS), ...TABLES]);
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
    const parsed = setting.schema.safeParse(value, { reportInput: true });
    if (!parsed.success) {
      throw new SidejobError(
        'bad_config',
        `${origin === file ? at(source, [name]) : origin}: ${name} = ${JSON.stringify(value)}: ${issueSentence(parsed.error.issues[0])}`,
      );
    }
    settings[name] = parsed.data;
    origins[name] = origin;
  }
  return {
    settings: settings as Settings,
    origins: origins as Config['origins'],
    placeOf: (path) => at(source, path),
    env: check(source, ['env'], ENV_RULES, envRules),
    providers: readProviders(source, providers),
    panels: check(source, ['panels'], PANELS, panels) as Panels,
    onFinish: check(source, ['on_finish'], ON_FINISH, onFinish),
    wait: check(source, ['wait'], WAITS, wait) as Record<string, number>,
  };
}

async function readToml(file: string): Promise<Source> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { file, text: '', values: {} };
    throw new SidejobError('bad_config', `${file} cannot be read: ${messageOf(error)}.`);
  }
  // Loaded only where there is a file to read.
  const { parse, TomlError } = await import('smol-toml');
  try {
    return { file, text, values: parse(text) };
  } catch (error) {
    // Its message goes on with the source, in which keys may stand.
    const [why = ''] = messageOf(error).split('\n', 1);
    const line = error instanceof TomlError ? `:${error.line}` : '';
    throw new SidejobError('bad_config', `${file}${line} is not valid TOML: ${why}.`);
  }
}

function readProviders(source: Source, table: unknown): Record<string, ProviderSettings> {
  if (typeof table !== 'object' || table === null || Array.isArray(table)) {
    throw new SidejobError('bad_config', `${source.file}: "providers" must be a table, such as [providers.claude].`);
  }
  return Object.fromEntries(
    Object.entries(table).map(([name, value]) => [name, check(source, ['providers', name], PROVIDER_SETTINGS, value)]),
  );
}

/** A part of the file, checked against its schema. */
function check<T>(source: Source, path: string[], schema: z.ZodObject & z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = innermost(parsed.error.issues[0]);
  const where = [...path, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const known = where.length === path.length ? Object.keys(schema.shape) : INNER_KEYS;
    throw unknownKey(source, [...where, issue.keys[0] ?? ''], known);
  }
  throw new SidejobError('bad_config', `${at(source, where)}: ${where.join('.')}: ${issueSentence(issue)}`);
}

/** Of a value that fits none of several shapes: what is wrong with it as the last of them, which is the larger one. */
function innermost(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue {
  const inner =
    issue?.code === 'invalid_union' && issue.message === 'Invalid input' ? issue.errors.at(-1)?.[0] : undefined;
  if (inner) return innermost({ ...inner, path: [...(issue?.path ?? []), ...inner.path] });
  return issue ?? { code: 'custom', path: [], message: 'it is wrong', input: undefined };
}

function unknownKey(source: Source, path: string[], known: string[]): SidejobError {
  const key = path.at(-1) ?? '';
  const near = nearest(key, known);
  const there = !near && known.length > 0 && known.length < 12 ? ` There are ${known.join(', ')}.` : '';
  return new SidejobError(
    'bad_config',
    `${at(source, path)}: "${path.join('.')}" is unknown${near ? `; ${near}?` : `.${there}`}`,
  );
}

/** The place of a key: the file, and its line where it can be told. */
function at({ file, text }: Pick<Source, 'file' | 'text'>, path: readonly string[]): string {
  const line = lineOf(text, path);
  return line === undefined ? file : `${file}:${line}`;
}
