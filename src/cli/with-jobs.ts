// Opens the job manager for one command, and lets go of it afterwards.
import { resolvePaths } from '../config/paths.js';
import type { Engine, Log } from '../jobs/engine.js';
import { openJobManager } from '../jobs/manager.js';
import { createPlainLog } from '../log.js';
import { Secrets } from '../output/secrets/secrets.js';
import { PROVIDERS } from '../providers/registry.js';
import type { CommandContext } from './context.js';

/**
 * @param attends for a command that stays with jobs: while it does, it looks after those whose server has died, as a
 * server would. Without it, none is taken over.
 */
export async function withJobs<T>(
  { env, stderr }: CommandContext,
  action: (engine: Engine) => Promise<T>,
  { attends = false }: { attends?: boolean } = {},
): Promise<T> {
  const paths = resolvePaths(env);
  const secrets = new Secrets(env, true);
  const log = createPlainLog(env, secrets, stderr);
  let left = false;
  // What is under way when the store is closed fails, and is nothing to tell: the next one takes it up.
  const until =
    (tell: Log['warn']): Log['warn'] =>
    (details, message) =>
      left ? undefined : tell(details, message);
  const talking = { warn: until(log.warn), error: until(log.error), debug: until(log.debug) };
  const manager = await openJobManager({ paths, env, providers: PROVIDERS, log: talking, secrets, passive: !attends });
  try {
    const result = await action(manager.engine);
    if (attends) {
      const { supervision } = manager.engine;
      // What is being started is not let go of half way; and a later server may be long in coming.
      await Promise.all([manager.engine.schedule(), supervision.tidy()]);
    }
    return result;
  } finally {
    left = true;
    manager.close();
  }
}
