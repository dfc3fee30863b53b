// The configuration with all that is checked of it: the file's form, and what only the providers can tell.
import { type Config, loadConfig } from '../config/config.js';
import type { Provider } from '../providers/provider.js';
import { checkProviderNames, withCustomProviders } from './custom-providers.js';
import { checkPanels } from './panels.js';

/** @throws SidejobError `bad_config` */
export async function checkedConfig(
  file: string,
  env: NodeJS.ProcessEnv,
  known: readonly Provider[],
): Promise<{ config: Config; providers: Provider[] }> {
  const config = await loadConfig(file, env);
  const providers = withCustomProviders(known, config);
  checkProviderNames(config, providers);
  checkPanels(config, providers);
  return { config, providers };
}
