// Policies and requests for tests, with what does not matter filled in.
import { parsePolicy } from '../../src/policy/parse.js';
import type { Policy } from '../../src/policy/policy.js';
import type { Facts, PolicyRequest } from '../../src/policy/request.js';

export function policyOf(content: object): Promise<Policy> {
  return parsePolicy(JSON.stringify({ version: '1', default: 'deny', ...content }), '/p/policy.json');
}

/** A call of one CLI. */
export function call(tool: string, args: Record<string, unknown> = {}, ...facts: Facts[]): PolicyRequest {
  return { tool, args, facts: facts.length > 0 ? facts : [{}] };
}

/** The facts of a job that reads in a person's project. */
export const READS: Facts = {
  ...{ provider: 'claude', model: 'opus', access: 'read-only', cwd: '/home/me/work', depth: 1 },
  ...{ promptLength: 20, structured: false, isolate: false, continueJob: 'a-b' },
};
