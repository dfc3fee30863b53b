import { expect, test } from 'vitest';
import { runUsage } from '../../src/jobs/usage.js';

test('what counts the conversation is made to count the run', () => {
  const before = { inputTokens: 11, outputTokens: 7, costUsd: 0.25 };
  const reported = { inputTokens: 33, outputTokens: 7, costUsd: 0.75 };
  expect(runUsage(reported, ['inputTokens', 'costUsd'], before, true)).toEqual({
    ...{ inputTokens: 22, outputTokens: 7, costUsd: 0.5 },
  });
  expect(runUsage(reported, ['inputTokens'], undefined, false)).toEqual(reported);
  // Begun by somebody else: nobody knows how much of it is this run's.
  expect(runUsage(reported, ['inputTokens'], undefined, true)).toEqual({ outputTokens: 7, costUsd: 0.75 });
  expect(runUsage({ inputTokens: 5 }, ['inputTokens'], before, true)).toEqual({ inputTokens: 5 });
});
