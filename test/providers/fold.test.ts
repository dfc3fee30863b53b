// What the reducer must bear, whatever the CLI.
import { expect, test } from 'vitest';
import { ANSWER_MAX_CHARS, emptyFold, foldLine } from '../../src/providers/fold.js';
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
