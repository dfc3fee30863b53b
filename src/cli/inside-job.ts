// Commands that an assistant inside a job might take for a way around its policy.
import { checkPerson } from '../jobs/checks.js';
import type { Engine } from '../jobs/engine.js';
import { PolicyFile, policyPlace } from '../policy/load.js';

/**
 * A policy does not govern a person. Inside a job the command line is an assistant's: where a policy is in force, what it
 * decides on is not to be had here. As `checkPerson`, it keeps nobody from it who sets out to.
 * @throws SidejobError `access_denied`
 */
export async function checkUngoverned(engine: Engine, what: string): Promise<void> {
  const { policy, broken } = await new PolicyFile(policyPlace(engine.env, engine.paths.home)).current();
  if (policy || broken) await checkPerson(engine, `"${what}", with a policy in force,`);
}
