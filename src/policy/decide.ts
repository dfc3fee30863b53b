// What a policy says of a call. Pure: nothing is counted here, the decision names the counters that the call takes.
// Deny beats approval, approval beats allow, whatever the order in the file.
import type { SidejobError } from '../errors.js';
import { type Holds, holdsForAll, holdsForAny } from './conditions.js';
import { type Condition, isHidden, type Limit, type Policy, type RateLimit, type Rules, WINDOW_SEC } from './policy.js';
import { TEXT_MAX } from './regex.js';
import type { PolicyRequest } from './request.js';

/** What a call takes if it goes through: all of it, or nothing. */
export interface Counters {
  /** Of this client session; see rate-limits.ts. */
  readonly rateLimits: readonly RateLimit[];
  /** In the store. No two have the same counter and window. */
  readonly limits: readonly Limit[];
}

interface Because {
  /** The rule that decided, as a path into the file: `tools.llm_run.require[0]`, `hide`, `default`. */
  readonly rule: string;
  /** The owner's words. */
  readonly reason?: string;
  /** The rule in words: `requires args.access neq "full"`. */
  readonly detail: string;
}

export type Decision =
  | ({ readonly effect: 'allow' } & Because & Counters)
  | ({ readonly effect: 'approve' } & Because & Counters)
  /** `always`: whatever the call is about. */
  | ({ readonly effect: 'deny'; readonly retryAfterSec?: number; readonly always?: true } & Because);

/** The policy in force: none (everything is allowed), one, or one that is broken (nothing is). */
export interface InForce {
  readonly policy?: Policy;
  readonly broken?: SidejobError;
}

/** What is to be done with a call, whether there is a policy or not. */
export function judge({ policy, broken }: InForce, request: PolicyRequest): Decision {
  if (broken) {
    return { effect: 'deny', always: true, rule: 'file', detail: `the policy cannot be read: ${broken.message}` };
  }
  if (policy) return decide(policy, request);
  return { effect: 'allow', rule: 'none', detail: 'there is no policy', rateLimits: [], limits: [] };
}

/** What the policy says of a call. */
export function decide(policy: Policy, request: PolicyRequest): Decision {
  const { tool } = request;
  if (isHidden(policy, tool)) return { effect: 'deny', always: true, rule: 'hide', detail: `${tool} is hidden` };
  const own = tool === '*' ? undefined : policy.tools.get(tool);
  if (!own && policy.default === 'deny') {
    return { effect: 'deny', always: true, rule: 'default', detail: `${tool} is not listed, and the default is deny` };
  }
  const common = policy.tools.get('*');
  const rules = [own, common].filter((each) => each !== undefined);
  for (const each of rules) {
    const denied = denial(each, request);
    if (denied) return { effect: 'deny', ...denied };
  }
  const counters = countersOf(policy, rules);
  const asks = rules.find(({ action }) => action === 'require_approval');
  if (asks) {
    const because = { rule: `${asks.rule}.action`, reason: asks.reason, detail: 'a person has to approve it' };
    return { effect: 'approve', ...because, ...counters };
  }
  return own
    ? { effect: 'allow', rule: own.rule, detail: `${tool} is listed`, ...counters }
    : { effect: 'allow', rule: 'default', detail: `${tool} is not listed, and the default is allow`, ...counters };
}

function denial(rules: Rules, request: PolicyRequest): (Because & { always?: true }) | undefined {
  const { reason } = rules;
  if (rules.action === 'deny')
    return { always: true, rule: `${rules.rule}.action`, reason, detail: 'the action is deny' };
  // A tool that starts nothing has no facts; it is looked at all the same.
  for (const facts of request.facts.length > 0 ? request.facts : [{}]) {
    for (const each of rules.denyIf) {
      const holds = holdsForAny(each, request, facts);
      if (holds !== false) return { rule: each.rule, reason, detail: `denied if ${inWords(each, holds)}` };
    }
    for (const each of rules.require) {
      const holds = holdsForAll(each, request, facts);
      if (holds !== true) return { rule: each.rule, reason, detail: `requires ${inWords(each, holds)}` };
    }
  }
  return undefined;
}

/** A condition as a person reads it: `args.access neq "full"`. */
function inWords({ path, op, value }: Condition, holds: Holds): string {
  const unknown = holds === undefined ? `, which looks at ${TEXT_MAX.toLocaleString('en-US')} characters at most` : '';
  return `${path.join('.')} ${op} ${JSON.stringify(value)}${unknown}`;
}

function countersOf(policy: Policy, rules: readonly Rules[]): Counters {
  const all = [...policy.limits, ...rules.flatMap(({ limits }) => limits)];
  const ofSession = strictest(all.filter(({ scope }) => scope === 'session')).map(
    ({ rule, counter, window, max, reason }): RateLimit => ({
      ...{ rule, key: `${counter} ${window}` },
      ...{ max, windowSec: WINDOW_SEC[window], reason },
    }),
  );
  const rates = rules.flatMap(({ rateLimit }) => rateLimit ?? []);
  return { rateLimits: [...rates, ...ofSession], limits: strictest(all.filter(({ scope }) => scope === 'global')) };
}

/** A call is counted once on a counter, however many rules name it; the smallest of their bounds holds. */
function strictest(limits: readonly Limit[]): Limit[] {
  const found = new Map<string, Limit>();
  for (const limit of limits) {
    const key = `${limit.counter} ${limit.window}`;
    const other = found.get(key);
    if (!other || limit.max < other.max) found.set(key, limit);
  }
  return [...found.values()];
}
