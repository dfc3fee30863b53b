// The limits on running jobs, as configured.
import type { Limits } from '../store/queue.js';
import type { Engine } from './engine.js';

/** The limits in force: in all, and for each provider. */
export function limitsOf({ config, providerNamed }: Pick<Engine, 'config' | 'providerNamed'>): Limits {
  const { maxRunning, maxRunningPerProvider } = config.settings;
  return {
    maxRunning,
    perProvider: (name) => config.providers[name]?.maxRunning ?? maxRunningPerProvider,
    startGapMs: (name) => providerNamed(name)?.startGapMs ?? 0,
  };
}
