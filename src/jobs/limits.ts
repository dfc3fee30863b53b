// The limits on running jobs, as configured.
import type { Limits } from '../store/queue.js';
import type { Engine } from './engine.js';

/** The limits in force: in all, and for each provider. */
export function limitsOf({ config, providerNamed }: Pick<Engine, 'config' | 'providerNamed'>): Limits {
  const { maxRunning, maxRunningPerProvider } = config.settings;
  return {
    maxRunning,
    // What would harm the CLI's own files is not to be configured.
    perProvider: (name) =>
      Math.min(
        config.providers[name]?.maxRunning ?? maxRunningPerProvider,
        providerNamed(name)?.maxRunning ?? Number.POSITIVE_INFINITY,
      ),
    startGapMs: (name) => providerNamed(name)?.startGapMs ?? 0,
  };
}
