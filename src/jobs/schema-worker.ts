// A thread that checks one answer against a JSON Schema: both are a stranger's, and a pattern can take for ever. See
// structured.ts, which ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { Validator } from '@cfworker/json-schema';
import { isObject } from '../providers/json.js';
import { valueIn } from './value-in.js';

export interface SchemaCheck {
  schema: string;
  answer: string;
  knownOnly: boolean;
}

/**
 * The answer as plain JSON, or what is wrong with it.
 * @param knownOnly whether keys that the schema does not name are dropped first
 */
function check({ schema, answer, knownOnly }: SchemaCheck): { answer?: string; misfit?: string } {
  const found = valueIn(answer);
  if ('misfit' in found) return found;
  const wanted = JSON.parse(schema);
  const value = knownOnly ? known(wanted, found.value) : found.value;
  const { valid, errors } = new Validator(wanted, '2020-12').validate(value);
  if (valid) return { answer: JSON.stringify(value) };
  // The last one is the deepest: those before it only say that something below them is wrong.
  const worst = errors.at(-1);
  const place = worst?.instanceLocation.replace(/^#\/?/, '') || 'the object';
  // What "additionalProperties": false says of a key.
  const why = worst?.error === 'False boolean schema.' ? 'not in the schema.' : worst?.error;
  return { misfit: `${place}: ${why ?? 'wrong'}` };
}

/** What of a value the schema names, all the way down. */
function known(schema: unknown, value: unknown): unknown {
  if (!isObject(schema)) return value;
  if (Array.isArray(value)) return value.map((each) => known(schema.items, each));
  const { properties } = schema;
  if (!isObject(value) || !isObject(properties)) return value;
  const named = Object.entries(properties).filter(([key]) => Object.hasOwn(value, key));
  return Object.fromEntries(named.map(([key, inner]) => [key, known(inner, value[key])]));
}

parentPort?.postMessage(check(workerData as SchemaCheck));
