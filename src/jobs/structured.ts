// Answers that must fit a JSON Schema: asked for, where the CLI has no flag for it, and checked in every case.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { messageOf, SidejobError } from '../errors.js';
import { isObject, object, oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import { VERDICT_SCHEMA } from './judge/schema.js';
import { FINDINGS_SCHEMA } from './review/finding.js';
import type { SchemaCheck } from './schema-worker.js';

/** A schema travels in the command line of some CLIs, where an argument holds at most 128 KiB. */
const SCHEMA_MAX_BYTES = 64 * 1024;
const CHECK_MS = 5000;
const DEPTH_MAX = 100;
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];
/** Keywords whose values are values, not schemas. */
const VALUES = ['const', 'default', 'enum', 'examples'];
/** Of ours, a key too many does no harm: whoever reads the answer takes those that are known. A user's holds as it is. */
const OURS = [FINDINGS_SCHEMA, VERDICT_SCHEMA].map((schema) => JSON.stringify(schema));
/** How a misfit begins that says nothing of the answer. */
const UNCHECKED = 'it could not be checked';
/** Beside the built program; see scripts/build.mjs. */
const WORKER = new URL('./schema-worker.js', import.meta.url);

/**
 * The schema as text.
 * @throws SidejobError `bad_argument` for one that is none
 */
export async function schemaText(schema: Record<string, unknown>): Promise<string> {
  const text = JSON.stringify(schema);
  const bad = (why: string) => new SidejobError('bad_argument', `outputSchema ${why}.`, 'Nothing was started.');
  if (Buffer.byteLength(text) > SCHEMA_MAX_BYTES) throw bad(`has more than ${SCHEMA_MAX_BYTES} bytes`);
  // Both vendors that take a schema of their own want an object at its top.
  if (schema.type !== 'object') throw bad('must be a JSON Schema with "type": "object"');
  const wrong = wrongIn(schema, schema);
  if (wrong) throw bad(wrong);
  // What it makes of the least of objects shows whether it can be used at all, and in what time.
  const { misfit = '' } = await check(text, '{}');
  if (misfit.startsWith(UNCHECKED)) throw bad(`cannot be used: ${misfit}`);
  return text;
}

/** The same without what `withSchema` has added, if it has. */
export function withoutSchema(prompt: string, schema: string | null): string {
  const added = schema === null ? '' : withSchema('', schema);
  return added !== '' && prompt.endsWith(added) ? prompt.slice(0, -added.length) : prompt;
}

/** The prompt for all of these CLIs: with the schema in it, if one of them has no flag for it. */
export function promptWith(
  prompt: string,
  schema: string | null,
  providers: readonly (Pick<Provider, 'structured'> | undefined)[],
): string {
  const instructed = schema !== null && providers.some((provider) => provider?.structured !== 'native');
  return instructed ? withSchema(prompt, schema) : prompt;
}

/** The prompt for a CLI that has no flag for a schema. */
export function withSchema(prompt: string, schema: string): string {
  return (
    `${prompt}\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else: no words before or ` +
    `after it, no code fence.\n${schema}`
  );
}

/** What no validator would take, in words; undefined where nothing is found. `$ref`s are followed within the schema only. */
function wrongIn(schema: unknown, root: Record<string, unknown>, depth = 0): string | undefined {
  if (depth > DEPTH_MAX) return `is nested more than ${DEPTH_MAX} levels deep`;
  if (Array.isArray(schema)) return first(schema, (each) => wrongIn(each, root, depth + 1));
  if (!isObject(schema)) return undefined;
  const { $ref: ref, type, pattern } = schema;
  if (typeof ref === 'string' && !resolves(ref, root)) return `has a $ref to nothing: ${oneLine(ref, 60)}`;
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === 'string');
  const unknown = types.find((each) => !TYPES.includes(each));
  if (unknown !== undefined) return `has an unknown type "${oneLine(unknown, 30)}"`;
  const patterns = [pattern, ...Object.keys(object(schema, 'patternProperties'))];
  const broken = patterns.find((each) => typeof each === 'string' && !isPattern(each));
  if (broken !== undefined) return `has a pattern that is none: ${oneLine(String(broken), 60)}`;
  const within = Object.entries(schema).filter(([key]) => !VALUES.includes(key));
  return first(within, ([, each]) => wrongIn(each, root, depth + 1));
}

function first<T, U>(values: readonly T[], look: (value: T) => U | undefined): U | undefined {
  for (const value of values) {
    const found = look(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A JSON pointer within the schema (`#/$defs/name`), or an anchor, which is not looked up. */
function resolves(ref: string, root: Record<string, unknown>): boolean {
  if (!ref.startsWith('#/')) return ref.startsWith('#');
  const steps = ref.slice(2).split('/');
  const end = steps.reduce<unknown>((value, step) => {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[name] : undefined;
  }, root);
  return end !== undefined;
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

/**
 * The answer as plain JSON, without the words around it, or what is wrong with it. Without a schema, every answer is right as it is. Checked in a
 * thread of its own: a large answer or a slow pattern must not hold up the server. Never rejects.
 */
export async function structuredAnswer(
  schema: string | null,
  answer: string,
): Promise<{ answer: string; misfit?: string }> {
  if (schema === null || answer.trim() === '') return { answer };
  return { answer, ...(await check(schema, answer)) };
}

async function check(schema: string, answer: string): Promise<{ answer?: string; misfit?: string }> {
  const worker = new Worker(WORKER, {
    workerData: { schema, answer, knownOnly: OURS.includes(schema) } satisfies SchemaCheck,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const timer = setTimeout(() => void worker.terminate(), CHECK_MS);
  try {
    const [found] = await Promise.race([
      once(worker, 'message'),
      once(worker, 'exit').then(() => [{ misfit: `${UNCHECKED} within ${CHECK_MS / 1000} s.` }]),
    ]);
    return found;
  } catch (error) {
    return { misfit: `${UNCHECKED}: ${oneLine(messageOf(error)).replace(/\.+$/, '')}.` };
  } finally {
    clearTimeout(timer);
    void worker.terminate();
  }
}
