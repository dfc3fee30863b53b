// Whether a condition holds for a request. Pure; what a condition may look like is dialect.ts's.
import type { Operator, Scalar } from './dialect.js';
import type { Condition } from './policy.js';
import { type Facts, isFactName, type PolicyRequest } from './request.js';

/** `undefined`: it cannot be told, because a text is too long for a regular expression. */
export type Holds = boolean | undefined;

type Compare = (actual: unknown, condition: Condition) => Holds;

/** What each operator asks of a value that is there. Values of another type are not equal, not less and no match. */
const COMPARE: Record<Exclude<Operator, 'exists'>, Compare> = {
  eq: (actual, { value }) => actual === value,
  neq: (actual, { value }) => actual !== value,
  in: (actual, { value }) => listOf(value).includes(actual as Scalar),
  not_in: (actual, { value }) => !listOf(value).includes(actual as Scalar),
  lt: (actual, { value }) => typeof actual === 'number' && actual < Number(value),
  lte: (actual, { value }) => typeof actual === 'number' && actual <= Number(value),
  gt: (actual, { value }) => typeof actual === 'number' && actual > Number(value),
  gte: (actual, { value }) => typeof actual === 'number' && actual >= Number(value),
  regex: (actual, { matches }) => (typeof actual === 'string' ? matches?.(actual) : false),
  contains: (actual, { value }) =>
    Array.isArray(actual) ? actual.includes(value) : typeof actual === 'string' && actual.includes(String(value)),
};

/** Whether the condition holds for every value that its path stands for: what `require` asks. */
export function holdsForAll(condition: Condition, request: PolicyRequest, facts: Facts): Holds {
  return worst(false, each(condition, request, facts));
}

/** Whether it holds for any of them: what `deny_if` asks. */
export function holdsForAny(condition: Condition, request: PolicyRequest, facts: Facts): Holds {
  return worst(true, each(condition, request, facts));
}

/** `wanted` if that is among them, else unknown if that is, else the other. */
function worst(wanted: boolean, all: readonly Holds[]): Holds {
  if (all.includes(wanted)) return wanted;
  return all.includes(undefined) ? undefined : !wanted;
}

function each(condition: Condition, { args }: PolicyRequest, facts: Facts): readonly Holds[] {
  const { path, op } = condition;
  if (op === 'exists') return [(sentOrFact(path, args, facts) !== undefined) === condition.value];
  const values = valuesOf(path, args, facts);
  if (values.length === 0) return [op === 'neq' || op === 'not_in'];
  // What is asked of one value is asked of each in a list: `attach`, `providers`, `jobIds`.
  const each =
    op === 'contains'
      ? values
      : values.flatMap((value) => (Array.isArray(value) && value.length > 0 ? value : [value]));
  return each.map((actual) => COMPARE[op](actual, condition));
}

/**
 * What a path stands for. Of an argument that is also a fact both count, or a folder that is written in another way
 * (`/tmp/../etc`) slips past; where nothing was sent, the fact is what the caller would have had to send.
 */
function valuesOf(path: readonly string[], args: PolicyRequest['args'], facts: Facts): unknown[] {
  const [root, name] = path;
  const fact = root === 'args' && path.length === 2 && isFactName(name) ? dig(facts, [name]) : undefined;
  return [sentOrFact(path, args, facts), fact].filter((value) => value !== undefined);
}

/** Under `args` what was sent, else the fact of that name. */
function sentOrFact(path: readonly string[], args: PolicyRequest['args'], facts: Facts): unknown {
  return path[0] === 'args' ? dig(args, path.slice(1)) : dig(facts, path);
}

/** Own properties alone: `args.__proto__` and `args.constructor` are not there unless they were sent. */
function dig(from: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    from,
  );
}

function listOf(value: Condition['value']): readonly Scalar[] {
  return typeof value === 'object' ? value : [value];
}
