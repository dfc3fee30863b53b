// Whatever the engine says to assistants can be said to a person: no tool, no argument, no bare ID.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forPerson } from '../../src/cli/for-person.js';
import { hintFor, limitHint } from '../../src/jobs/hints.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import type { Reason } from '../../src/store/record.js';

const JOBS = join(import.meta.dirname, '../../src/jobs');
/** Arguments of tools; a setting may have the same name, but no hint means it. */
const ARGUMENTS = /\b(continueJob|idleTimeoutSec|timeoutSec|outputSchema|systemPrompt|dedupeKey|retryOf|jobIds?)\b/;

const REASONS: Record<Reason, true> = {
  ...{
    exit_code: true,
    killed: true,
    interrupted: true,
    provider_error: true,
    auth_required: true,
    rate_limited: true,
  },
  ...{ quota_exhausted: true, model_not_found: true, context_too_long: true, refused: true, network: true },
  ...{ empty_answer: true, invalid_output: true, timeout: true, idle_timeout: true, output_limit: true },
  ...{ spawn_failed: true, too_few_answers: true },
};

function check(theirs: string): void {
  const ours = forPerson(theirs, 'claude-7f3k9m2q');
  expect.soft(ours, theirs).not.toMatch(/llm_\w+/);
  expect.soft(ours, theirs).not.toMatch(ARGUMENTS);
  expect.soft(ours, theirs).not.toMatch(/the person/i);
  expect.soft(ours, theirs).not.toMatch(/sidejob \w+ ID\b/);
}

test('every hint for a failure', () => {
  for (const provider of [undefined, ...PROVIDERS]) {
    for (const reason of Object.keys(REASONS) as Reason[]) check(hintFor(reason, provider) ?? '');
  }
  for (const resetsAt of [1, 3]) check(limitHint(resetsAt, 2));
});

test('every sentence in the errors of the engine', async () => {
  const files = (await readdir(JOBS)).filter((file) => file.endsWith('.ts'));
  const sentences = (await Promise.all(files.map((file) => readFile(join(JOBS, file), 'utf8')))).flatMap(sentencesIn);
  expect(sentences.length).toBeGreaterThan(100);
  expect(sentences).toContain('llm_job_list shows the jobs there are.');
  for (const sentence of sentences) check(sentence);
});

/** The texts in a source that have several words; what is put into them stands as `…`. */
function sentencesIn(source: string): string[] {
  const code = source.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
  const texts = code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g);
  return [...texts]
    .map(([, plain, template = '']) => plain ?? template.replaceAll(/\$\{[^}]*\}/g, '…'))
    .filter((text) => text.trim().includes(' '));
}

test('a hint names the job, and what to type', () => {
  expect(forPerson('See llm_job_result with view "stderr".', 'pi-1')).toBe('See "sidejob logs pi-1 --stderr".');
  expect(forPerson('Go on with continueJob, or submit it again with a larger timeoutSec.', 'pi-1')).toBe(
    'Go on with "sidejob continue pi-1", or start another with a larger --timeout.',
  );
  expect(forPerson('That limit is over by now; submit it again if wanted.', 'pi-1')).toBe(
    'That limit is over by now; "sidejob retry pi-1" runs it again if wanted.',
  );
  expect(forPerson('a\u001b[2Jb')).toBe('a\\u{1b}[2Jb');
});
