// GitHub Copilot CLI 1.0.102: what its output means.
import { describe, expect, test } from 'vitest';
import { copilot } from '../../src/providers/copilot.js';
import { foldEvents } from '../../src/providers/fold.js';
import { foldLines, foldRecording, hasNeedle, recording } from './recordings.js';
import { PLAIN } from './request.js';

const usageOf = (file: string) => copilot.readReport?.(recording(copilot, file));

test('a success; its tokens are in the report', () => {
  const state = foldRecording(copilot, 'success.jsonl');
  expect(state).toEqual({
    sessionId: 'd931e349-8446-41cc-a6fc-678eac6c06dc',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: false,
    cumulative: [],
    activity: 'writing',
    end: 'ok',
  });
  expect(foldEvents(state, usageOf('success.report') ?? [])).toMatchObject({
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 5, reasoningTokens: 3 },
    cumulative: ['inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens'],
    end: 'ok',
  });
});

test('a conversation gone on with: same session, and the tokens of both runs', () => {
  expect(foldRecording(copilot, 'resume.jsonl')).toMatchObject({
    sessionId: 'd931e349-8446-41cc-a6fc-678eac6c06dc',
    answer: 'Fake reply to turn 2.',
    end: 'ok',
  });
  expect(usageOf('resume.report')).toMatchObject([{ usage: { inputTokens: 22, outputTokens: 14, cachedTokens: 0 } }]);
});

describe('the report', () => {
  test('of a run without an answer says nothing', () => {
    expect(usageOf('error-400.report')).toEqual([]);
  });

  test('adds up all models', () => {
    const usage = { inputTokens: 10, outputTokens: 2, cacheReadTokens: 4 };
    const modelMetrics = { 'gpt-5.4': { usage }, 'claude-haiku-4.5': { usage: { ...usage, reasoningTokens: 1 } } };
    expect(copilot.readReport?.(JSON.stringify({ modelMetrics }))).toMatchObject([
      { usage: { inputTokens: 20, outputTokens: 4, cachedTokens: 8, reasoningTokens: 1 } },
    ]);
  });

  test.each(['', '{"modelMetr', 'null', '[]', '{"modelMetrics":[7,null]}'])('never throws: %s', (text) => {
    expect(Array.isArray(copilot.readReport?.(text))).toBe(true);
  });
});

describe('what it may do', () => {
  test.each([
    ['read-only', ['--deny-tool=write', '--deny-tool=shell']],
    ['edit', ['--allow-tool=write', '--deny-tool=shell']],
    ['full', ['--allow-all']],
  ] as const)('%s', (access, flags) => {
    expect(copilot.invoke({ ...PLAIN, access })).toEqual({
      args: ['--output-format=json', ...flags, '--usage-output-file=/jobs/1/report'],
      // A true value would widen the first two.
      env: { COPILOT_ALLOW_ALL: 'false' },
    });
  });

  test('the folder is never trusted on its behalf: then it would run the programs that its hooks name', () => {
    expect(copilot.invoke(PLAIN)).toEqual(copilot.invoke({ ...PLAIN, trusted: false }));
  });

  test("the owner's extras, none of which takes the argument after it", () => {
    const extras = {
      addDirs: ['/data', '/more'],
      allowTools: ['docs(search)'],
      denyTools: ['url'],
      mcpConfig: '/etc/mcp.json',
      args: ['--no-custom-instructions'],
    };
    expect(copilot.invoke({ ...PLAIN, extras }).args.slice(4)).toEqual([
      '--add-dir=/data',
      '--add-dir=/more',
      '--allow-tool=docs(search)',
      '--deny-tool=url',
      '--additional-mcp-config=@/etc/mcp.json',
      '--no-custom-instructions',
    ]);
  });
});

describe('tools', () => {
  test('a call, while it runs', () => {
    const lines = recording(copilot, 'tool-allowed.jsonl').split('\n');
    const count = lines.findIndex((line) => line.includes('"tool.execution_start"')) + 1;
    expect(foldRecording(copilot, 'tool-allowed.jsonl', count)).toMatchObject({
      activity: 'running touch touched.txt',
      answer: '',
    });
  });

  test.each(['tool-allowed.jsonl', 'tool-denied.jsonl'])('%s ends well', (file) => {
    expect(foldRecording(copilot, file)).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
  });

  test('what a tool printed is skipped', () => {
    const lines = recording(copilot, 'tool-allowed.jsonl').split('\n');
    const printed = lines.filter((line) => line.startsWith('{"type":"tool.execution_complete"'));
    expect(printed.map((line) => hasNeedle(copilot, line))).toEqual([false]);
  });

  test('a subagent: what it does is shown, what it writes is no answer', () => {
    const lines = recording(copilot, 'subagent-denied.jsonl').split('\n');
    const before = lines.findIndex((line) => line.startsWith('{"type":"subagent.completed"'));
    expect(foldLines(copilot, lines.slice(0, before))).toMatchObject({
      answer: '',
      activity: expect.stringMatching(/^running printf w > /),
    });
    expect(foldLines(copilot, lines)).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
  });
});

test('thinking shows while it lasts', () => {
  const lines = recording(copilot, 'thinking.jsonl').split('\n');
  const first = lines.findIndex((line) => line.includes('"assistant.reasoning_delta"'));
  expect(foldLines(copilot, lines.slice(0, first + 1)).activity).toBe('thinking');
  expect(foldLines(copilot, lines)).toMatchObject({ answer: 'Fake reply to turn 1.', activity: 'writing', end: 'ok' });
});

describe('errors', () => {
  const RETRIED = 'Failed to get response from the AI model; retried 5 times (total retry wait time: ';
  test.each([
    ['error-400.stdout', 'provider_error', '400 ****** error 400'],
    ['error-401.stdout', 'auth_required', 'Authentication failed with provider at http://127.0.0.1:<PORT>/with/status'],
    ['error-404.stdout', 'model_not_found', "Model 'gpt-5.4' not found on provider at http://127.0.0.1:<PORT>/with/"],
    ['error-429.stdout', 'rate_limited', `${RETRIED}56.82 seconds) Last error: 429 ****** error 429`],
    ['error-500.stdout', 'provider_error', `${RETRIED}17.82 seconds) Last error: 500 ****** error 500`],
    ['error-cut.stdout', 'network', `${RETRIED}5.00 seconds) Last error: Failed native model HTTP request: error `],
    ['error-refused.stdout', 'network', 'Could not connect to local model provider at http://127.0.0.1:9/v1.'],
  ])('%s', (file, kind, message) => {
    expect(foldRecording(copilot, file)).toMatchObject({
      error: { kind, message: expect.stringContaining(message), fatal: false },
      end: 'error',
    });
  });

  test('a stream that breaks each time leaves one beginning, not six', () => {
    expect(foldRecording(copilot, 'error-cut.stdout').answer).toBe('Fake re');
  });

  test('a try that healed leaves no trace', () => {
    const state = foldRecording(copilot, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  test.each([
    ['error-429.stdout', 3, 'retry 3: ****** error 429', 'rate_limited'],
    ['error-500.stdout', 2, 'retry 2: ****** error 500', 'provider_error'],
    ['error-401.stdout', 2, 'retry 2: ****** error 401', 'auth_required'],
    ['error-refused.stdout', 1, 'retry 1: "Failed native model HTTP request: error sending request', 'network'],
  ])('%s while it tries again', (file, tries, activity, kind) => {
    const failed = recording(copilot, file)
      .split('\n')
      .filter((line) => line.includes('"type":"model.call_failure"'));
    const state = foldLines(copilot, failed.slice(0, tries));
    expect(state).toMatchObject({ activity: expect.stringContaining(activity), error: { kind, fatal: false } });
    expect(state.end).toBeUndefined();
  });

  test('a refused login that is tried more often than was ever seen cannot heal', () => {
    const [event] = copilot.read({ type: 'model.call_failure', data: { statusCode: 401, retryAttempt: 3 } });
    expect(event).toMatchObject({ type: 'retry', attempt: 4, kind: 'auth_required', fatal: true });
  });

  // From its schema: types that a server of the user's own does not bring about.
  test.each([
    ['quota', 402, 'quota_exhausted'],
    ['rate_limit', undefined, 'rate_limited'],
    ['authorization', 403, 'auth_required'],
    ['context_limit', 400, 'context_too_long'],
  ])('of type %s', (errorType, statusCode, kind) => {
    const events = copilot.read({ type: 'session.error', data: { errorType, statusCode, message: 'No.' } });
    expect(events).toEqual([{ type: 'error', kind, message: 'No.', fatal: false }]);
  });
});

describe('runs that never began', () => {
  test.each([
    ['not-logged-in.stderr', 'auth_required', 'No authentication information found.'],
    ['login-unchecked.stderr', 'network', 'Failed to fetch OAuth user login: network fetch failed: request failed: '],
    [
      'resume-unknown.stderr',
      'provider_error',
      "No session, task, or name matched '00000000-0000-4000-8000-000000000000'.",
    ],
    ['bad-flag.stderr', 'provider_error', "unexpected argument '--nope' found"],
  ])('%s', (file, kind, message) => {
    const said = copilot.readStderr?.(recording(copilot, file));
    expect(said).toEqual({ kind, message: expect.stringContaining(message) });
  });

  test.each(['', recording(copilot, 'sigterm.stderr')])('%j says nothing', (text) => {
    expect(copilot.readStderr?.(text)).toBeUndefined();
  });
});

test.each(['sigint.stdout', 'sigterm.stdout'])('%s: no final event; the text so far stays', (file) => {
  const state = foldRecording(copilot, file);
  expect(state.answer).toMatch(/^word0 word1 word2 /);
  expect(state.end).toBeUndefined();
});
