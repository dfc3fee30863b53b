// Conditions that can never hold and names that Sidejob does not have: errors where they are surely mistakes, warnings
// where a file may be written for another server, too.
import { nearest } from '../config/nearest.js';
import { ACCESS_LEVELS } from '../providers/provider.js';
import type { Scalar } from './dialect.js';
import type { Condition, Policy } from './policy.js';
import { FACT_TYPES, type FactName, isFactName } from './request.js';
import { TOOL_ARGUMENTS } from './tools.js';

/** Why a condition on a fact could never hold, or never fail; undefined if it makes sense. */
export function impossible(fact: FactName, { op, value }: Pick<Condition, 'op' | 'value'>): string | undefined {
  if (op === 'exists') return undefined;
  const type = FACT_TYPES[fact];
  const needed =
    op === 'regex' || op === 'contains' ? 'string' : ['lt', 'lte', 'gt', 'gte'].includes(op) ? 'number' : type;
  const named = { string: 'a text', number: 'a number', boolean: 'true or false' };
  if (type !== needed) return `${fact} is ${named[type]}, which "${op}" cannot look at`;
  if (op === 'regex' || op === 'contains') return undefined;
  const values: readonly Scalar[] = typeof value === 'object' ? value : [value];
  const wrong = values.find((each) => typeof each !== type);
  if (wrong !== undefined) return `${fact} is ${named[type]}, never ${JSON.stringify(wrong)}`;
  const level = fact === 'access' ? values.find((each) => !ACCESS_LEVELS.some((known) => known === each)) : undefined;
  if (level === undefined) return undefined;
  const near = nearest(String(level), ACCESS_LEVELS);
  return `access is never ${JSON.stringify(level)}; ${near ? `${near}?` : `there are ${ACCESS_LEVELS.join(', ')}`}`;
}

/** What is no mistake in the file, but will not do what it seems to say. One sentence each. */
export function warningsOf({ hide, tools }: Pick<Policy, 'hide' | 'tools'>): string[] {
  const named = [...[...hide].map((name) => ['hide', name]), ...[...tools.keys()].map((name) => ['tools', name])];
  const known = [...TOOL_ARGUMENTS.keys()];
  const strangers = named
    .filter(([, name = '']) => name !== '*' && !known.includes(name))
    .map(([where, name = '']) => `${where}: Sidejob has no tool "${name}"${ending(nearest(name, known))}`);
  return [
    ...strangers,
    ...[...tools].flatMap(([tool, { require, denyIf }]) =>
      [...require, ...denyIf].flatMap((each) => strange(tool, each)),
    ),
  ];
}

/** Of conditions on what is sent. A misspelt argument in `deny_if` would deny nothing. */
function strange(tool: string, condition: Condition): string[] {
  const [root, name = ''] = condition.path;
  if (root !== 'args') return [];
  const wrong = condition.path.length === 2 && isFactName(name) ? impossible(name, condition) : undefined;
  if (wrong) return [`${condition.rule}: ${wrong}${wrong.endsWith('?') ? '' : '.'}`];
  const takers = tool === '*' ? [...TOOL_ARGUMENTS.values()].flat() : TOOL_ARGUMENTS.get(tool);
  if (!takers || takers.includes(name) || isFactName(name)) return [];
  const who = tool === '*' ? 'no tool takes' : `${tool} does not take`;
  return [`${condition.rule}: ${who} "${name}"${ending(nearest(name, takers))}`];
}

const ending = (near?: string) => (near ? `; ${near}?` : '.');
