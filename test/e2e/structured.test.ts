// outputSchema: the answer is JSON that fits, or the job has failed and shows what it was.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { asks, echoIn } from '../support/steps.js';

const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
  additionalProperties: false,
};

test('an answer that fits is returned as data, without its fence', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const say = 'Sure:\n```json\n{"name": "Ada", "age": 36}\n```';
  const jobId = await assistant.submit(asks({ say: say.slice(6) }), { provider: 'gemini', outputSchema: SCHEMA });
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed', structured: { name: 'Ada', age: 36 } });
  const { text } = await assistant.call('llm_job_wait', { jobId });
  expect(text.split('\n').at(-1)).toBe('{"name":"Ada","age":36}');
});

test('words around the one object of an answer do no harm', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const say = 'Here she is:\n```json\n{"name": "Ada", "age": 36}\n```\nShall I look up more?';
  const jobId = await assistant.submit(asks({ say }), { provider: 'gemini', outputSchema: SCHEMA });
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed', structured: { name: 'Ada', age: 36 } });
  // Where the answer could not be kept, it is the same once more.
  await rm(join(sandbox.home, 'jobs', jobId, 'answer'));
  expect(await assistant.job(jobId)).toMatchObject({ structured: { name: 'Ada', age: 36 } });
});

test.for([
  ['{"name": "Ada", "age": 36, "born": 1815}', /does not fit outputSchema: born: not in the schema/],
  ['{"name": "Ada", "age": 36} or {"name": "Ida", "age": 3}', /outputSchema: more than one JSON object stands in it\./],
  ['{"name": "Ada"}', /does not fit outputSchema: the object: .*"age"/],
  ['{"name": "Ada", "age": -1}', /does not fit outputSchema: age: /],
  ['Ada, 36', /does not fit outputSchema: it is not JSON\./],
] as const)('a miss is a failure that shows the text: %s', async ([say, words], { sandbox }) => {
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ say }), { outputSchema: SCHEMA });
  const { text } = await assistant.call('llm_job_wait', { jobId });
  expect(text).toMatch(/^claude-\w{8} failed \(invalid_output\)/);
  expect(text).toMatch(words);
  expect(text.split('\n').at(-1)).toBe(say);
});

test('a CLI with a flag for it gets the schema, the others are asked in the prompt', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const echo = async (provider: string) => {
    const jobId = await assistant.submit(asks({ echo: true }), { provider, outputSchema: SCHEMA });
    return echoIn((await assistant.call('llm_job_wait', { jobId })).text);
  };
  const [claude, codex, gemini] = [await echo('claude'), await echo('codex'), await echo('gemini')];
  expect(claude.argv).toContain(`--json-schema=${JSON.stringify(SCHEMA)}`);
  expect(codex.argv).toContainEqual(expect.stringMatching(/^--output-schema=.*\/schema\.json$/));
  expect(gemini.argv.join(' ')).not.toContain('schema');
  expect(gemini.bytes).toBeGreaterThan(claude.bytes + JSON.stringify(SCHEMA).length);
});

test('what is no schema for an object is refused', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  for (const [outputSchema, words] of [
    [{ type: 'string' }, /^bad_argument: outputSchema must be a JSON Schema with "type": "object"/],
    ['{}', /^bad_argument: outputSchema = "\{\}": /],
    [{ type: 'object', $ref: '#/nowhere' }, /^bad_argument: outputSchema has a \$ref to nothing: #\/nowhere\./],
    [
      { type: 'object', properties: { a: { type: 'strng' } } },
      /^bad_argument: outputSchema has an unknown type "strng"\./,
    ],
    [
      { type: 'object', properties: { a: { pattern: '(' } } },
      /^bad_argument: outputSchema has a pattern that is none: \(\./,
    ],
    [doubling(40), /^bad_argument: outputSchema cannot be used: it could not be checked within 5 s\./],
    [{ type: 'object', description: 'x'.repeat(70_000) }, /^bad_argument: outputSchema has more than 65536 bytes/],
  ] as const) {
    const reply = await assistant.call('llm_job_submit', { prompt: 'hi', outputSchema });
    expect(reply.text).toMatch(words);
    expect(reply.isError).toBe(true);
  }
});

test('a pattern that takes for ever does not hold up the server, nor end it', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const outputSchema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
  const say = JSON.stringify({ a: `${'a'.repeat(40)}!` });
  const jobId = await assistant.submit(asks({ say }), { outputSchema });
  const waiting = assistant.call('llm_job_wait', { jobId });
  // The check takes five seconds; other jobs come and go meanwhile.
  const other = await assistant.call('llm_run', { prompt: asks({ say: 'quick' }), provider: 'codex' });
  expect(other.text).toMatch(/completed, [\d.]+ s\nquick$/);
  expect((await waiting).text).toMatch(/failed \(invalid_output\).*it could not be checked within 5 s/);
});

test('values in a schema are no schemas', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const outputSchema = {
    type: 'object',
    properties: { a: { enum: [{ type: 'circle' }], default: { type: 'square' } } },
  };
  const jobId = await assistant.submit(asks({ say: '{"a": {"type": "circle"}}' }), { outputSchema });
  expect(await assistant.ended(jobId)).toMatchObject({ status: 'completed' });
});

test('a schema that fails only once there is an answer ends the job, and nothing else', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const outputSchema = { type: 'object', properties: { a: { $ref: '#/properties/a' } } };
  const jobId = await assistant.submit(asks({ say: '{"a": 1}' }), { outputSchema });
  expect((await assistant.call('llm_job_wait', { jobId })).text).toMatch(
    /failed \(invalid_output\).*could not be checked/,
  );
});

/** A schema that takes twice as long with each definition. */
function doubling(levels: number): object {
  const names = Array.from({ length: levels }, (_, level) => `d${level}`);
  const $defs = Object.fromEntries(
    names.map((name, level) => {
      const $ref = `#/$defs/${names[level + 1]}`;
      return [name, level + 1 < levels ? { allOf: [{ $ref }, { $ref }] } : {}];
    }),
  );
  return { type: 'object', $defs, $ref: '#/$defs/d0' };
}
