// What the reducer must bear, whatever the CLI.
import { expect, test } from 'vitest';
import { ANSWER_MAX_CHARS, emptyFold, foldEvents, foldLine } from '../../src/providers/fold.js';
import { gemini } from '../../src/providers/gemini.js';

test('a model that never stops does not stop us: the end of its answer is kept, at a steady cost', () => {
  const content = 'x'.repeat(100_000);
  const line = JSON.stringify({ type: 'message', role: 'assistant', content, delta: true });
  let state = emptyFold();
  const begun = performance.now();
  for (let count = 0; count < 300; count += 1) state = foldLine(gemini, state, line);
  expect(state.answer.length).toBeGreaterThanOrEqual(ANSWER_MAX_CHARS);
  expect(state.answer.length).toBeLessThanOrEqual(2 * ANSWER_MAX_CHARS);
  expect(performance.now() - begun).toBeLessThan(5000);
});

test('usage is the last one told, or the sum of those that are to be added', () => {
  const usage = { inputTokens: 10, costUsd: 0.5 };
  const first = foldEvents(emptyFold(), [{ type: 'usage', usage, add: true }]);
  expect(first.usage).toEqual(usage);
  const added = foldEvents(first, [{ type: 'usage', usage: { inputTokens: 1, outputTokens: 2 }, add: true }]);
  expect(added.usage).toEqual({ inputTokens: 11, outputTokens: 2, costUsd: 0.5 });
  expect(foldEvents(added, [{ type: 'usage', usage: { inputTokens: 7 } }]).usage).toMatchObject({ inputTokens: 7 });
});
