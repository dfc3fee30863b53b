// What can be said of each provider without running it.
import type { Provider } from '../providers/provider.js';
import { placesTaken } from '../store/queue.js';
import { acceptedOn, dayOf, limitedUntil, usedOn } from '../store/usage.js';
import { isModelAllowed, isProviderAllowed } from './allowed.js';
import { loginSign, type Readiness, readinessOf } from './clis.js';
import type { Engine } from './engine.js';

export interface ProviderView {
  name: string;
  title: string;
  status: Readiness | 'not_allowed';
  path?: string;
  /** Where it was found: PATH, the login shell's PATH, or the configuration. */
  foundOn?: string;
  /** What shows that somebody is logged in: a variable's name or a file. */
  login?: string;
  models?: readonly string[];
  access?: readonly string[];
  running?: number;
  /** Jobs accepted since midnight, and what those that have ended since then used, as far as CLIs report it. */
  today?: { jobs: number; inputTokens?: number; outputTokens?: number; costUsd?: number };
  /** When a limit of the account is over that the CLI has told of; ISO 8601. */
  limitedUntil?: string;
  remedy?: string;
}

export async function describeProviders(engine: Engine, providers: readonly Provider[]): Promise<ProviderView[]> {
  const { byProvider } = placesTaken(engine.store, engine.server.host);
  const now = Date.now();
  return Promise.all(
    providers.map(async (provider) => {
      const allowed = isProviderAllowed(engine, provider.name);
      const [readiness, found, login] = await Promise.all([
        readinessOf(engine, provider),
        engine.findCli(provider),
        loginSign(provider, engine.envOf(provider)),
      ]);
      const today = usedToday(engine, provider.name, now);
      const until = limitedUntil(engine.store, provider.name, engine.loginKeyOf(provider.name), now);
      const status = allowed ? readiness : 'not_allowed';
      const models = provider.models.filter((model) => isModelAllowed(engine, model));
      const remedy = !allowed
        ? `the person would have to add it to allowedProviders (${engine.config.origins.allowedProviders})`
        : status === 'not_installed'
          ? provider.install
          : status === 'not_logged_in'
            ? `no sign of a login; if it is not logged in: ${provider.login}`
            : undefined;
      const running = byProvider.get(provider.name);
      return {
        name: provider.name,
        title: provider.title,
        status,
        ...(found && { path: found.path, foundOn: found.via }),
        ...(found && login && { login }),
        // Of one that is not there, these are of no use to anybody.
        ...(found && models.length > 0 && { models }),
        ...(found && { access: provider.accessLevels }),
        ...(running && { running }),
        ...(today && { today }),
        ...(until !== undefined && { limitedUntil: new Date(until).toISOString() }),
        ...(remedy && { remedy }),
      };
    }),
  );
}

/** Undefined for a day without a trace of the provider. */
function usedToday({ store }: Engine, provider: string, now: number): ProviderView['today'] {
  const day = dayOf(now);
  const jobs = acceptedOn(store, day, provider);
  const { inputTokens, outputTokens, costUsd } = usedOn(store, day, provider);
  const figures = Object.entries({ inputTokens, outputTokens, costUsd }).filter(([, value]) => value !== null);
  return jobs > 0 || figures.length > 0 ? { jobs, ...Object.fromEntries(figures) } : undefined;
}
