// Answers that must fit a JSON Schema: asked for, where the CLI has no flag for it, and checked in every case.
import { type Schema, Validator } from '@cfworker/json-schema';
import { messageOf, SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';

/** A schema travels in the command line of some CLIs, where an argument holds at most 128 KiB. */
const SCHEMA_MAX_BYTES = 64 * 1024;

/**
 * The schema as text.
 * @throws SidejobError `bad_argument` for one that is none
 */
export function schemaText(schema: Record<string, unknown>): string {
  const text = JSON.stringify(schema);
  const bad = (why: string) => new SidejobError('bad_argument', `outputSchema ${why}.`, 'Nothing was started.');
  if (Buffer.byteLength(text) > SCHEMA_MAX_BYTES) throw bad(`has more than ${SCHEMA_MAX_BYTES} bytes`);
  // Both vendors that take a schema of their own want an object at its top.
  if (schema.type !== 'object') throw bad('must be a JSON Schema with "type": "object"');
  try {
    validator(text).validate({});
  } catch (error) {
    throw bad(`is no JSON Schema: ${oneLine(messageOf(error))}`);
  }
  return text;
}

/** The prompt for a CLI that has no flag for a schema. */
export function withSchema(prompt: string, schema: string): string {
  return (
    `${prompt}\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else: no words before or ` +
    `after it, no code fence.\n${schema}`
  );
}

/** The answer as plain JSON, or what is wrong with it. Without a schema, every answer is right as it is. */
export function structuredAnswer(schema: string | null, answer: string): { answer: string; misfit?: string } {
  if (schema === null || answer.trim() === '') return { answer };
  let value: unknown;
  try {
    value = JSON.parse(unfenced(answer));
  } catch {
    return { answer, misfit: 'it is not JSON.' };
  }
  const { valid, errors } = validator(schema).validate(value);
  if (valid) return { answer: JSON.stringify(value) };
  // The last one is the deepest: those before it only say that something below them is wrong.
  const worst = errors.at(-1);
  const place = worst?.instanceLocation.replace(/^#\/?/, '') || 'the object';
  return { answer, misfit: `${place}: ${worst?.error ?? 'wrong'}` };
}

function validator(schema: string): Validator {
  return new Validator(JSON.parse(schema) as Schema, '2020-12');
}

/** Models like to put JSON into a code fence, whatever they were told. */
function unfenced(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}
