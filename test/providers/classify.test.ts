// The words of errors that no recording holds: seen in the CLIs' own strings, their issue threads and the APIs' docs.
import { describe, expect, test } from 'vitest';
import { failure } from '../../src/providers/classify.js';

describe('kinds', () => {
  test.each([
    // Claude Code
    ["You've hit your limit · resets 7pm (America/Los_Angeles)", 429, 'quota_exhausted'],
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

describe('messages', () => {
  test.each([
    [
      'nested twice',
      '[API Error: {"error":{"message":"{\\n \\"error\\": {\\"message\\": \\"Too much.\\"}}"}}]',
      'Too much.',
    ],
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
