// A thread that checks one answer against a JSON Schema: both are a stranger's, and a pattern can take for ever. See
// structured.ts, which ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { Validator } from '@cfworker/json-schema';

/** The answer as plain JSON, or what is wrong with it. */
function check(schema: string, answer: string): { answer?: string; misfit?: string } {
  let value: unknown;
  try {
    value = JSON.parse(unfenced(answer));
  } catch {
    return { misfit: 'it is not JSON.' };
  }
  const { valid, errors } = new Validator(JSON.parse(schema), '2020-12').validate(value);
  if (valid) return { answer: JSON.stringify(value) };
  // The last one is the deepest: those before it only say that something below them is wrong.
  const worst = errors.at(-1);
  const place = worst?.instanceLocation.replace(/^#\/?/, '') || 'the object';
  // What "additionalProperties": false says of a key.
  const why = worst?.error === 'False boolean schema.' ? 'not in the schema.' : worst?.error;
  return { misfit: `${place}: ${why ?? 'wrong'}` };
}

/** Models like to put JSON into a code fence, whatever they were told. */
function unfenced(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}

const { schema, answer } = workerData as { schema: string; answer: string };
parentPort?.postMessage(check(schema, answer));
