// Answers that must fit a JSON Schema: asked for, where the CLI has no flag for it, and checked in every case.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Validator } from '@cfworker/json-schema';
import { messageOf, SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';

/** A schema travels in the command line of some CLIs, where an argument holds at most 128 KiB. */
const SCHEMA_MAX_BYTES = 64 * 1024;
const CHECK_MS = 5000;
/** Beside the built program; see scripts/build.mjs. */
const WORKER = new URL('./schema-worker.js', import.meta.url);

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
    new Validator(JSON.parse(text), '2020-12').validate({});
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

/**
 * The answer as plain JSON, or what is wrong with it. Without a schema, every answer is right as it is. Checked in a
 * thread of its own: a large answer or a slow pattern must not hold up the server.
 */
export async function structuredAnswer(
  schema: string | null,
  answer: string,
): Promise<{ answer: string; misfit?: string }> {
  if (schema === null || answer.trim() === '') return { answer };
  const worker = new Worker(WORKER, {
    workerData: { schema, answer },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const timer = setTimeout(() => void worker.terminate(), CHECK_MS);
  try {
    const [found] = await Promise.race([
      once(worker, 'message'),
      once(worker, 'exit').then(() => [{ misfit: `it could not be checked within ${CHECK_MS / 1000} s.` }]),
    ]);
    return { answer, ...found };
  } catch (error) {
    return { answer, misfit: `it could not be checked: ${messageOf(error)}` };
  } finally {
    clearTimeout(timer);
    void worker.terminate();
  }
}
