// What one run used, where the CLI counts the whole conversation.
import type { Usage } from '../providers/provider.js';

/**
 * The usage of one run.
 * @param reported as the CLI says it
 * @param cumulative the fields that count the conversation until now
 * @param before what the CLI had reported after the run before, if there was one
 */
export function runUsage(reported: Usage, cumulative: readonly (keyof Usage)[], before: Usage | undefined): Usage {
  const usage = { ...reported };
  for (const field of cumulative) {
    const total = reported[field];
    const earlier = before?.[field];
    // A total below the one before is a count that began anew.
    if (total !== undefined && earlier !== undefined && total >= earlier) usage[field] = total - earlier;
  }
  return usage;
}
