// Which provider a request goes to.
import { nearest } from '../config/nearest.js';
import { SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import { limitedUntil } from '../store/usage.js';
import { isDayOver } from './day-limits.js';
import type { Engine } from './engine.js';
import { NOTHING } from './request.js';

/**
 * The provider a request means: the one named, the configured default, or a ready one of another vendor than
 * the caller's (a second opinion is worth more than an echo). One that is known to be limited comes last, and one of the
 * configuration only where no built-in one is ready: what it takes is not known.
 * @throws SidejobError `unknown_provider`, `not_installed`
 */
export async function chooseProvider(engine: Engine, name: string | undefined, client: string): Promise<Provider> {
  const { providers } = engine;
  const { defaultProvider } = engine.config.settings;
  const wanted = name ?? (defaultProvider === 'auto' ? undefined : defaultProvider);
  if (wanted !== undefined) return knownProvider(providers, name ?? wanted.split(/[>:]/)[0] ?? wanted);
  const [chosen] = await readyFor(engine, client);
  if (chosen) return chosen;
  const { allowedProviders } = engine.config.settings;
  const which =
    allowedProviders.length > 0 ? `none of the allowed CLIs (${allowedProviders.join(', ')})` : 'no LLM CLI';
  throw new SidejobError(
    'not_installed',
    `${which} is installed and logged in.`,
    'llm_providers says what is missing; provider "demo" works without any. Nothing was started.',
  );
}

/** What is ready, the best for this caller first. */
export async function readyFor(engine: Engine, client: string): Promise<Provider[]> {
  const { providers } = engine;
  const ready = await engine.readyProviders();
  const usable = providers.filter(({ name: each, vendor }) => ready.includes(each) && vendor !== 'sidejob');
  const builtIn = usable.filter(({ version }) => version !== undefined);
  const candidates =
    builtIn.length > 0 ? builtIn : usable.filter((provider) => provider.accessLevels.includes('read-only'));
  const drawbacks = ({ name, clients }: Provider) =>
    (isLimited(engine, name) ? 2 : 0) + (clients.some((prefix) => client.startsWith(prefix)) ? 1 : 0);
  return candidates.sort((one, other) => drawbacks(one) - drawbacks(other));
}

/** Whether a limit of the account, or one that the owner has set for the day, is known to be reached. */
function isLimited(engine: Engine, provider: string): boolean {
  const now = Date.now();
  return (
    limitedUntil(engine.store, provider, engine.loginKeyOf(provider), now) !== undefined ||
    isDayOver(engine, provider, now)
  );
}

/**
 * The provider of that name, in whatever case.
 * @param panels names of panels, where one of them may be meant
 * @throws SidejobError `unknown_provider`, naming the nearest one
 */
export function knownProvider(providers: readonly Provider[], name: string, panels: readonly string[] = []): Provider {
  const wanted = name.trim().toLowerCase();
  const provider = providers.find((each) => each.name === wanted);
  if (provider) return provider;
  const names = providers.map((each) => each.name);
  const near = nearest(wanted, [...names, ...panels]);
  const meant = near === undefined ? '' : panels.includes(near) ? `Panel "${near}"? ` : `${near}? `;
  const theirs = panels.length > 0 ? `; panels ${panels.join(', ')}` : '';
  throw new SidejobError(
    'unknown_provider',
    `no provider "${oneLine(name, 60)}".`,
    `${meant}There are ${names.join(', ')}${theirs}. ${NOTHING}`,
  );
}
