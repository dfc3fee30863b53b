// What one run used, where the CLI counts the whole conversation.
import type { Usage } from '../providers/provider.js';

/**
 * The usage of one run.
 * @param reported as the CLI says it
 * @param cumulative the fields that count the conversation until now
 * @param before what the CLI had reported after the run before, if there was one of ours
 * @param resumed whether the conversation had begun before this run
 */
export function runUsage(
  reported: Usage,
  cumulative: readonly (keyof Usage)[],
  before: Usage | undefined,
  resumed: boolean,
): Usage {
  const usage = { ...reported };
  for (const field of cumulative) {
    // Of a conversation that somebody else has begun, nobody knows how much of it is this run's.
    if (resumed && !before) delete usage[field];
    const total = usage[field];
    const earlier = before?.[field];
    // A total below the one before is a count that began anew.
    if (total !== undefined && earlier !== undefined && total >= earlier) usage[field] = total - earlier;
  }
  return usage;
}
