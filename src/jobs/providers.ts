// What can be said of each provider without running it.
import type { Provider } from '../providers/provider.js';
import { usageSince } from '../store/jobs.js';
import { placesTaken } from '../store/queue.js';
import { loginSign, type Readiness, readinessOf } from './clis.js';
import type { Engine } from './engine.js';

export interface ProviderView {
  name: string;
  title: string;
  status: Readiness;
  path?: string;
  /** Where it was found: PATH, the login shell's PATH, or the configuration. */
  foundOn?: string;
  /** What shows that somebody is logged in: a variable's name or a file. */
  login?: string;
  models?: readonly string[];
  access: readonly string[];
  running?: number;
  jobsToday?: number;
  tokensToday?: number;
  remedy?: string;
}

export async function describeProviders(engine: Engine, providers: readonly Provider[]): Promise<ProviderView[]> {
  const { byProvider } = placesTaken(engine.store, engine.server.host);
  const midnight = new Date().setHours(0, 0, 0, 0);
  return Promise.all(
    providers.map(async (provider) => {
      const [status, found, login] = await Promise.all([
        readinessOf(engine, provider),
        engine.findCli(provider),
        loginSign(provider, engine.envOf(provider)),
      ]);
      const { jobs, tokens } = usageSince(engine.store, provider.name, midnight);
      const remedy =
        status === 'not_installed'
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
        ...(login && { login }),
        ...(provider.models.length > 0 && { models: provider.models }),
        access: provider.accessLevels,
        ...(running && { running }),
        ...(jobs && { jobsToday: jobs }),
        ...(tokens && { tokensToday: tokens }),
        ...(remedy && { remedy }),
      };
    }),
  );
}
