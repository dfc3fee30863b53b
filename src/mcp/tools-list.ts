// `tools/list`: the tools that the policy does not hide.
import type { PolicyFile } from '../policy/load.js';
import { isHidden } from '../policy/policy.js';
import { LISTED_TOOLS } from './listed-tools.js';

export async function listTools(file: PolicyFile) {
  const { policy } = await file.current();
  return { tools: LISTED_TOOLS.filter(({ name }) => !isHidden(policy, name)) };
}
