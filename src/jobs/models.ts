// Which models a CLI has, in its own words.
import { messageOf } from '../errors.js';
import { capture } from '../process/capture.js';
import type { Provider } from '../providers/provider.js';
import type { Engine } from './engine.js';

/** More would cost the reader more than they tell. */
const MODELS_MAX = 100;

/** The models that the CLI itself lists, where it can be asked; else the aliases that it documents. Runs the CLI. */
export async function modelsOf(engine: Engine, provider: Provider): Promise<readonly string[]> {
  const { listModels } = provider;
  const found = listModels && (await engine.findCli(provider));
  if (!listModels || !found) return provider.models;
  try {
    const guards = Object.fromEntries(engine.nestingGuards.map((name) => [name, undefined]));
    const env = { ...engine.envOf(provider), ...guards, PATH: found.searchPath };
    const listed = listModels.read(await capture(found.path, listModels.args, env, engine.paths.home));
    return listed.length > 0 ? listed.slice(0, MODELS_MAX) : provider.models;
  } catch (error) {
    engine.log.warn({ provider: provider.name, error: messageOf(error) }, 'the models could not be listed');
    return provider.models;
  }
}
