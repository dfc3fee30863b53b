// The words of errors that no recording holds: seen in the CLIs' own strings, their issue threads and the APIs' docs.
import { describe, expect, test } from 'vitest';
import { failure } from '../../src/providers/classify.js';

describe('kinds', () => {
  test.each([
    // Claude Code
    ["You've hit your limit · resets 7pm (America/Los_Angeles)", 429, 'quota_exhausted'],
    ["You've hit your 5-hour limit · resets 2:51pm (UTC)", 429, 'quota_exhausted'],
    ['Claude AI usage limit reached|1762952400', undefined, 'quota_exhausted'],
    ['Credit balance is too low', 400, 'quota_exhausted'],
    ['Prompt is too long', 400, 'context_too_long'],
    ['OAuth token has expired. Please obtain a new token or refresh your existing token.', 401, 'auth_required'],
    ['Invalid API key · Fix external API key', undefined, 'auth_required'],
    [
      'API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy',
      undefined,
      'refused',
    ],
    // Codex
    ["You've hit your usage limit. Upgrade to Plus to continue using Codex", undefined, 'quota_exhausted'],
    ["Codex ran out of room in the model's context window. Start a new thread.", undefined, 'context_too_long'],
    [
      'unexpected status 400 Bad Request: {"detail":"The \'gpt-9\' model is not supported when using Codex with a ChatGPT account."}, url: https://chatgpt.com/backend-api/codex/responses',
      undefined,
      'model_not_found',
    ],
    [
      'Your authentication session could not be refreshed automatically. Please log out and sign in again.',
      undefined,
      'auth_required',
    ],
    [
      'stream disconnected before completion: Incomplete response returned, reason: content_filter',
      undefined,
      'refused',
    ],
    ['stream disconnected before completion: Connection refused (os error 111)', undefined, 'network'],
    ['Selected model is at capacity. Please try a different model.', undefined, 'provider_error'],
    // Gemini CLI
    [
      '[API Error: {"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]',
      undefined,
      'auth_required',
    ],
    [
      '[API Error: models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.]',
      undefined,
      'model_not_found',
    ],
    ['[API Error: You exceeded your current quota, please check your plan.]', undefined, 'quota_exhausted'],
    [
      '[API Error: fake error 429]\nPlease wait. To increase your limits, request a quota increase',
      undefined,
      'rate_limited',
    ],
    [
      '[API Error: The model is overloaded. Please try again later. (Status: UNAVAILABLE)]',
      undefined,
      'provider_error',
    ],
    ['[API Error: exception TypeError: fetch failed sending request]', undefined, 'network'],
    // The status that the API's own error body holds
    ['{"error":{"code":429,"message":"Slow down."}}', undefined, 'rate_limited'],
    // None of the caller's doing, whatever it says.
    ['upstream authentication service not found', 503, 'provider_error'],
    // A number alone is no status.
    ['The prompt is too long: 404 pages', undefined, 'context_too_long'],
  ])('%s (%s) is %s', (text, status, kind) => {
    expect(failure(text, status).kind).toBe(kind);
  });

  test.each([
    [400, 'provider_error', false],
    [401, 'auth_required', true],
    [402, 'quota_exhausted', false],
    [403, 'auth_required', true],
    [404, 'model_not_found', true],
    [413, 'context_too_long', false],
    [429, 'rate_limited', false],
    [500, 'provider_error', false],
  ])('HTTP status %i alone is %s', (status, kind, fatal) => {
    expect(failure('', status)).toEqual({ kind, message: `HTTP status ${status}.`, fatal });
  });
});

describe('how long a limit lasts', () => {
  test.each([
    // Gemini: the words, the field, the field in a JSON text within a JSON text, and Code Assist's
    ['Quota exceeded for metric: x, limit: 4000000\nPlease retry in 47.434392449s.', 47.434392449],
    ['{"error":{"code":429,"message":"Slow.","details":[{"@type":"…RetryInfo","retryDelay":"38s"}]}}', 38],
    [JSON.stringify({ error: { message: '{"error":{"code":429,"details":[{"retryDelay": "38s"}]}}', code: 429 } }), 38],
    ['You have exhausted your capacity on this model. Your quota will reset after 12h34m16s.', 45_256],
    ['{"error":{"code":429,"message":"Slow.","metadata":{"quotaResetDelay":"373.801628ms"}}}', 0.373801628],
    // OpenAI and Codex
    ['Rate limit reached for o4-mini on requests per day (RPD). Please try again in 7m12s. Visit https://x', 432],
    ['Rate limit reached for o4-mini on tokens per min (TPM). Please try again in 564ms.', 0.564],
    ['Rate limit reached. Please try again in 1m2.3s.', 62.3],
    [
      "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 5 days 22 hours 11 minutes.",
      511_860,
    ],
    ['{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","resets_in_seconds":9}}', 9],
    // Copilot, and others
    ['Sorry, your request was rate-limited. Please wait 10 hours 58 minutes before trying again.', 39_480],
    ['Too many requests, retry after 30 seconds', 30],
    ['Too many requests, retry after 2 minutes', 120],
    ['429 too many requests; retry-after: 30', 30],
    // Nothing said, or nothing that can be told without a clock
    ["You've hit your limit · resets 7pm (America/Los_Angeles)", undefined],
    ['Rate limit reached. Please try again later.', undefined],
    ['Rate limit: 500 in 5 minutes', undefined],
  ])('%s', (text, seconds) => {
    const { retryAfterSec } = failure(text);
    if (seconds === undefined) expect(retryAfterSec).toBeUndefined();
    else expect(retryAfterSec).toBeCloseTo(seconds, 6);
  });

  // Codex 0.169; the reset of the recording was at 14:51:04.
  test.each([
    ['or try again at 2:51 PM.', new Date(2026, 10, 20, 14, 51, 30)],
    ['or try again at 12:05 AM.', undefined],
    ['or try again at Nov 21st, 2026 12:05 AM.', new Date(2026, 10, 21, 0, 5, 30)],
    ['or try again at Dec 3rd, 2026 8:22 AM.', new Date(2026, 11, 3, 8, 22, 30)],
    ['or try again at Nov 19th, 2026 8:22 AM.', undefined],
    ['or try again at Foo 99th, 2026 8:22 AM.', undefined],
    ['or try again at 25:99 PM.', undefined],
  ])('%s', (words, at) => {
    const now = new Date(2026, 10, 20, 13, 21).getTime();
    const { kind, retryAfterSec } = failure(
      `You’ve hit your usage limit. Upgrade to Pro (https://x), ${words}`,
      undefined,
      now,
    );
    expect(kind).toBe('quota_exhausted');
    expect(retryAfterSec).toBe(at && (at.getTime() - now) / 1000);
  });

  test('only of limits', () => {
    expect(failure('Connection refused, try again in 5 seconds')).not.toHaveProperty('retryAfterSec');
  });
});

describe('messages', () => {
  test.each([
    [
      'nested twice',
      '[API Error: {"error":{"message":"{\\n \\"error\\": {\\"message\\": \\"Too much.\\"}}"}}]',
      'Too much.',
    ],
    ['several lines', '[API Error: You exceeded it. \n* limit: 4\nPlease retry in 9s.]\nWait.', 'You exceeded it.'],
    ['an error that is a string', '{"error":"Nope."}', 'Nope.'],
    [
      'pretty-printed JSON after words',
      'Error running task: {\n  "error": {\n    "message": "Too long."\n  }\n}',
      'Too long.',
    ],
    ['broken JSON', 'got {"error": {"mess', 'got {"error": {"mess'],
    ['a stack trace', 'Error: boom\n    at run (file:///x.js:1:2)', 'Error: boom'],
    ['terminal codes', '\u001b[31mRed\u001b[0m', 'Red'],
    ['nothing', ' \n ', 'The CLI reported an error without a message.'],
  ])('%s', (_, text, message) => {
    expect(failure(text).message).toBe(message);
  });

  test('no address that could hold a key', () => {
    const { message } = failure('No https://user:secret@host/v1/x?key=secret here, url: https://host/secret, id: 1');
    expect(message).toBe('No https://host/v1/x here');
  });

  test('short, and quickly so, however long the text', () => {
    const begun = performance.now();
    expect(failure(`${'{'.repeat(50_000)}${'model https://@'.repeat(200_000)}`).message).toHaveLength(200);
    expect(performance.now() - begun).toBeLessThan(200);
  });
});
