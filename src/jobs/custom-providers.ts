// The providers there are: those that Sidejob knows, and those that the configuration defines.
import type { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { DEFINITION_KEYS, type ProviderSettings } from '../config/provider-settings.js';
import { SidejobError } from '../errors.js';
import { customProvider } from '../providers/custom.js';
import { ACCESS_LEVELS, type Access, EXTRAS, type Provider } from '../providers/provider.js';

/**
 * All providers.
 * @throws SidejobError `bad_config` for a name that neither is known nor defined, and for what a CLI has no words for
 */
export function withCustomProviders(known: readonly Provider[], config: Config): Provider[] {
  const names = known.map(({ name }) => name);
  const custom = Object.entries(config.providers).flatMap(([name, settings]) => {
    const provider = known.find((each) => each.name === name);
    if (provider) {
      checkKnown(provider, settings, config.placeOf);
      return [];
    }
    return [define(name, settings, names, config.placeOf)];
  });
  return [...known, ...custom];
}

function checkKnown(provider: Provider, settings: ProviderSettings, placeOf: Config['placeOf']): void {
  for (const key of Object.keys(settings)) {
    const place = placeOf(['providers', provider.name, key]);
    if (DEFINITION_KEYS.includes(key)) {
      const what = `${place}: providers.${provider.name}.${key}: ${provider.name} is built in`;
      throw new SidejobError('bad_config', `${what}; define a CLI of your own under another name.`);
    }
    const extra = EXTRAS.find((each) => each === key);
    if (extra && !provider.extras.includes(extra)) {
      const able = provider.extras.length > 0 ? ` It has ${provider.extras.join(', ')}.` : '';
      throw new SidejobError('bad_config', `${place}: ${provider.name} has no words for ${key}.${able}`);
    }
  }
}

function define(
  name: string,
  settings: ProviderSettings,
  known: readonly string[],
  placeOf: Config['placeOf'],
): Provider {
  const place = placeOf(['providers', name]);
  if (settings.command === undefined) {
    const near = nearest(name, [...known]);
    const todo = near ? `${near}?` : 'A CLI of your own needs a command.';
    throw new SidejobError('bad_config', `${place}: [providers.${name}] is unknown. ${todo}`);
  }
  // It becomes part of ids and of file names.
  if (!/^[a-z][a-z0-9]{0,19}$/.test(name)) {
    throw new SidejobError('bad_config', `${place}: "${name}" is no name: lower-case letters and digits, at most 20.`);
  }
  if (name === 'ok') {
    throw new SidejobError('bad_config', `${place}: "ok" is no name for a CLI: ids of approvals begin so.`);
  }
  const foreign = EXTRAS.find((key) => key !== 'args' && settings[key] !== undefined);
  if (foreign) {
    const where = placeOf(['providers', name, foreign]);
    throw new SidejobError('bad_config', `${where}: ${foreign} is for CLIs that are built in; use args.`);
  }
  const { model, output = 'text', events } = settings;
  const wrong = (key: string, why: string) => {
    return new SidejobError('bad_config', `${placeOf(['providers', name, key])}: providers.${name}.${key} ${why}.`);
  };
  if (output !== 'text' && !events) {
    throw new SidejobError('bad_config', `${place}: output "${output}" needs [[providers.${name}.events]].`);
  }
  if (output === 'text' && events) throw wrong('events', 'is for output "lines" or "document"');
  const namesSession = settings.fresh || events?.some(({ session }) => session);
  if (settings.resume && !namesSession) throw wrong('resume', 'needs an id: fresh, or an event with session');
  const levels = Object.keys(settings.access ?? { 'read-only': [] });
  const without = Object.keys(settings.accessEnv ?? {}).find((level) => !levels.includes(level));
  if (without) throw wrong('accessEnv', `has "${without}", which access has not`);
  // What looks like a template and is none would reach the CLI as it stands.
  const mustKnowMarks = (key: string, words: readonly string[] | undefined, marks: readonly string[]) => {
    const found = (words ?? []).flatMap((word) => word.match(/\{[a-zA-Z]+\}/g) ?? []);
    const strange = found.find((mark) => !marks.includes(mark));
    if (strange) throw wrong(key, `has ${strange} in it, which stands for nothing there`);
  };
  for (const [key, words, mark] of [
    ['model', model, '{model}'],
    ['effort', settings.effort, '{effort}'],
    ['system', settings.system, '{system}'],
    ['fresh', settings.fresh, '{session}'],
    ['resume', settings.resume, '{session}'],
    ['prompt', settings.prompt === 'stdin' ? undefined : settings.prompt, '{prompt}'],
  ] as const) {
    if (words && !words.some((word) => word.includes(mark))) throw wrong(key, `has no ${mark} in it`);
    mustKnowMarks(key, words, [mark, '{cwd}']);
  }
  mustKnowMarks('interactive', settings.interactive, ['{session}']);
  for (const key of ['args', ...ACCESS_LEVELS.map((level) => `access.${level}`)]) {
    const words = key === 'args' ? settings.args : settings.access?.[key.slice('access.'.length) as Access];
    mustKnowMarks(key, words, ['{cwd}']);
  }
  return customProvider(name, { ...settings, command: settings.command });
}

/** The name in a part of a chain such as `claude:opus > codex`. */
function nameIn(part: string) {
  return ['defaultProvider', (part.split(':')[0] ?? '').trim().toLowerCase()] as const;
}

/** @throws SidejobError `bad_config` for a setting that names a provider there is not */
export function checkProviderNames(config: Config, providers: readonly Provider[]): void {
  const { defaultProvider, allowedProviders } = config.settings;
  const names = providers.map(({ name }) => name);
  const named = [
    ...(defaultProvider === 'auto' ? [] : defaultProvider.split('>').map((part) => nameIn(part))),
    ...allowedProviders.map((each) => ['allowedProviders', each] as const),
  ];
  for (const [setting, name] of named) {
    if (names.includes(name)) continue;
    const origin = config.origins[setting];
    throw new SidejobError('bad_config', `${origin}: ${setting} "${name}" is none of ${names.join(', ')}.`);
  }
}
