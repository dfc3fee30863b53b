// Opens the job manager for one command, and lets go of it afterwards.
import { resolvePaths } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { openJobManager } from '../jobs/manager.js';
import { createLog } from '../log.js';
import { Secrets } from '../output/secrets/secrets.js';
import { PROVIDERS } from '../providers/registry.js';
import type { CommandContext } from './context.js';

export async function withJobs<T>({ env }: CommandContext, action: (engine: Engine) => Promise<T>): Promise<T> {
  const paths = resolvePaths(env);
  const secrets = new Secrets(env, true);
  const log = createLog(env, secrets);
  const manager = await openJobManager({ paths, env, providers: PROVIDERS, log, secrets, passive: true });
  try {
    return await action(manager.engine);
  } finally {
    manager.close();
  }
}
