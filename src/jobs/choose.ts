// Which provider a request goes to.
import { nearest } from '../config/nearest.js';
import { SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import { limitedUntil } from '../store/usage.js';
import type { Engine } from './engine.js';

/**
 * The provider a request means: the one named, the configured default, or a ready one of another vendor than
 * the caller's (a second opinion is worth more than an echo). One whose account is known to be limited comes last.
 * @throws SidejobError `unknown_provider`, `not_installed`
 */
export async function chooseProvider(engine: Engine, name: string | undefined, client: string): Promise<Provider> {
  const { providers } = engine;
  const { defaultProvider } = engine.config.settings;
  const wanted = name ?? (defaultProvider === 'auto' ? undefined : defaultProvider);
  if (wanted !== undefined) return knownProvider(providers, wanted);
  const ready = await engine.readyProviders();
  const candidates = providers.filter((provider) => ready.includes(provider.name) && provider.vendor !== 'sidejob');
  const now = Date.now();
  const free = candidates.filter(
    ({ name: each }) => limitedUntil(engine.store, each, engine.loginKeyOf(each), now) === undefined,
  );
  const able = free.length > 0 ? free : candidates;
  const other = able.find((provider) => !provider.clients.some((prefix) => client.startsWith(prefix)));
  const chosen = other ?? able[0];
  if (chosen) return chosen;
  throw new SidejobError(
    'not_installed',
    'no LLM CLI is installed and logged in.',
    'llm_providers says what is missing; provider "demo" works without any. Nothing was started.',
  );
}

/**
 * The provider of that name, in whatever case.
 * @throws SidejobError `unknown_provider`, naming the nearest one
 */
export function knownProvider(providers: readonly Provider[], name: string): Provider {
  const wanted = name.trim().toLowerCase();
  const provider = providers.find((each) => each.name === wanted);
  if (provider) return provider;
  const names = providers.map((each) => each.name);
  const near = nearest(wanted, names);
  throw new SidejobError(
    'unknown_provider',
    `no provider "${oneLine(name, 60)}".`,
    `${near ? `${near}? ` : ''}There are ${names.join(', ')}. Nothing was started.`,
  );
}
