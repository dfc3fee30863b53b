// Which CLIs and which models the owner allows. What is beyond that is refused, never replaced by another.
import type { Config } from '../config/config.js';
import { SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import { NOTHING } from './request.js';

type Configured = { config: Pick<Config, 'settings' | 'providers'> };

export function isProviderAllowed({ config }: Configured, name: string): boolean {
  const { allowedProviders } = config.settings;
  return allowedProviders.length === 0 || allowedProviders.includes(name);
}

export function isModelAllowed({ config }: Configured, model: string): boolean {
  const { allowedModels } = config.settings;
  return allowedModels.length === 0 || allowedModels.some((pattern) => fits(model, pattern));
}

/** @throws SidejobError `not_allowed` */
export function checkProviderAllowed(configured: Configured, { name }: Provider): void {
  if (isProviderAllowed(configured, name)) return;
  const names = configured.config.settings.allowedProviders.join(', ');
  throw new SidejobError(
    'not_allowed',
    `provider "${name}" is not among those that are allowed here (allowedProviders): ${names}.`,
    `Use one of these, or ask the person. ${NOTHING}`,
  );
}

/** The model that a job gets, as far as that is known here: the one that is asked for, or that its owner has set up. */
export function modelOf({ config }: Configured, provider: Provider, asked: string | null): string | null {
  return asked ?? config.providers[provider.name]?.defaultModel ?? null;
}

/**
 * A job without a model gets the CLI's default, which may be any: where models are limited, one must be named. A CLI that
 * takes no model has the one that its owner has set up.
 * @throws SidejobError `not_allowed`
 */
export function checkModelAllowed(configured: Configured, provider: Provider, asked: string | null): void {
  const { settings } = configured.config;
  const model = modelOf(configured, provider, asked);
  if (settings.allowedModels.length === 0 || (provider.takesModel === false && model === null)) return;
  if (model !== null && isModelAllowed(configured, model)) return;
  const what =
    model === null
      ? `no model is named, and the default of ${provider.name} may be any`
      : `model "${oneLine(model, 200)}" is not among those that are allowed here`;
  throw new SidejobError(
    'not_allowed',
    `${what} (allowedModels): ${settings.allowedModels.join(', ')}.`,
    `Name one of these as model, or ask the person. ${NOTHING}`,
  );
}

/** Whether a name is what a pattern says, in which `*` stands for any letters. Not a regular expression: it is never slow. */
function fits(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  const middle = name.slice(first.length, name.length - last.length);
  let from = 0;
  return rest.every((part) => {
    const at = middle.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}
