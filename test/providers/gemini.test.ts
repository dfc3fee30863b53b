// Gemini CLI 0.61.0: what its output means.
import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/providers/gemini.js';
import { foldLines, foldRecording, recording } from './recordings.js';
import { PLAIN } from './request.js';

test('a success', () => {
  expect(foldRecording(gemini, 'success.jsonl')).toEqual({
    sessionId: '554a9506-4fff-4976-9851-c4d66978c438',
    model: 'gemini-2.5-pro',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: false,
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 0 },
    cumulative: [],
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same session, and tokens of this run', () => {
  expect(foldRecording(gemini, 'resume.jsonl')).toMatchObject({
    sessionId: '554a9506-4fff-4976-9851-c4d66978c438',
    answer: 'Fake reply to turn 2.',
    usage: { inputTokens: 11, outputTokens: 7 },
    cumulative: [],
    end: 'ok',
  });
});

test('it runs in one process; only in a trusted folder is its own guard switched off', () => {
  const envOf = (trusted: boolean) => gemini.invoke({ ...PLAIN, trusted }).env;
  expect(envOf(true)).toEqual({ GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_CLI_NO_RELAUNCH: 'true' });
  expect(envOf(false)).toEqual({ GEMINI_CLI_NO_RELAUNCH: 'true' });
});

describe('tools', () => {
  test('a call, while it runs', () => {
    expect(foldRecording(gemini, 'tool-yolo.jsonl', 3)).toMatchObject({
      activity: 'running touch touched.txt',
      answer: '',
    });
  });

  test.each([
    ['tool-yolo.jsonl', 22],
    ['tool-default.jsonl', 11],
  ])('%s ends well', (file, inputTokens) => {
    expect(foldRecording(gemini, file)).toMatchObject({
      answer: 'Fake reply to turn 1.',
      usage: { inputTokens },
      end: 'ok',
    });
  });

  test('the answer is what came after the last call; without any, what came before it', () => {
    const says = (content: string) => JSON.stringify({ type: 'message', role: 'assistant', content, delta: true });
    const call = JSON.stringify({ type: 'tool_use', tool_name: 'read_file', parameters: { file_path: 'a.ts' } });
    const before = [says('Let me '), says('look.'), call];
    expect(foldLines(gemini, before).answer).toBe('Let me look.');
    expect(foldLines(gemini, [...before, says('It is '), says('fine.')]).answer).toBe('It is fine.');
  });
});

describe('errors with a final event', () => {
  test.each([
    ['error-400.stdout', 'provider_error', 'fake error 400', false],
    ['error-401.stdout', 'auth_required', 'fake error 401', true],
    ['error-404.stdout', 'model_not_found', 'fake error 404', true],
    ['error-429-max-attempts-2.stdout', 'rate_limited', 'fake error 429', false],
    ['error-503-max-attempts-2.stdout', 'provider_error', 'fake error 503', false],
    ['error-529-max-attempts-2.stdout', 'provider_error', 'fake error 529', false],
  ])('%s', (file, kind, message, fatal) => {
    const state = foldRecording(gemini, file);
    expect(state).toMatchObject({ answer: '', error: { kind, message, fatal }, activity: message, end: 'error' });
  });

  test('a cut connection: the text so far stays', () => {
    expect(foldRecording(gemini, 'error-cut.stdout')).toMatchObject({
      answer: 'Fake re',
      error: { kind: 'network', message: 'terminated', fatal: false },
      end: 'error',
    });
  });

  test('a try that healed leaves no trace on stdout', () => {
    const state = foldRecording(gemini, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  // From its source: a broken stream is an event, and the result that follows has no error of its own.
  test('an error event counts, a warning does not', () => {
    const event = (severity: string) =>
      JSON.stringify({ type: 'error', severity, message: 'Maximum session turns exceeded' });
    const result = JSON.stringify({ type: 'result', status: 'error', stats: {} });
    expect(foldLines(gemini, [event('warning')]).error).toBeUndefined();
    expect(foldLines(gemini, [event('error'), result])).toMatchObject({
      error: { kind: 'provider_error', message: 'Maximum session turns exceeded' },
      end: 'error',
    });
  });
});

describe('errors that only stderr tells, while it goes on trying', () => {
  test.each([
    ['error-429.stdout', 'error-429.stderr', 'rate_limited', 'attempt 8 failed: fake error 429'],
    ['error-500.stdout', 'error-500.stderr', 'provider_error', 'attempt 8 failed: fake error 500'],
    ['error-529.stdout', 'error-529.stderr', 'provider_error', 'attempt 8 failed: fake error 529'],
    [
      'error-refused.stdout',
      'error-refused.stderr',
      'network',
      'attempt 9 failed: exception TypeError: fetch failed sending request',
    ],
  ])('%s', (stdout, stderr, kind, message) => {
    const state = foldRecording(gemini, stdout);
    expect(state.end).toBeUndefined();
    expect(state.error).toBeUndefined();
    expect(gemini.readStderr?.(recording(gemini, stderr))).toEqual({ kind, message });
  });
});

describe('the report on stderr of an error that ended it', () => {
  test.each([
    ['error-400.stderr', 'provider_error', 'fake error 400'],
    ['error-401.stderr', 'auth_required', 'fake error 401'],
    ['error-404.stderr', 'model_not_found', 'ModelNotFoundError: fake error 404'],
    ['error-429-max-attempts-2.stderr', 'rate_limited', 'fake error 429'],
    ['error-cut.stderr', 'network', 'terminated'],
  ])('%s', (file, kind, message) => {
    expect(gemini.readStderr?.(recording(gemini, file))).toEqual({ kind, message });
  });

  test('the noise of a success says nothing', () => {
    expect(gemini.readStderr?.(recording(gemini, 'success.jsonl.stderr'))).toBeUndefined();
  });
});

test.each([
  [41, 'auth_required'],
  [42, 'provider_error'],
  [55, 'provider_error'],
  [401 % 256, 'auth_required'],
  [403 % 256, 'auth_required'],
  [404 % 256, 'model_not_found'],
  [429 % 256, 'rate_limited'],
  [503 % 256, 'provider_error'],
  [529 % 256, 'provider_error'],
])('exit status %i is %s', (status, kind) => {
  expect(gemini.exitCodes?.[status]?.kind).toBe(kind);
});

test.each(['sigint.stdout', 'sigterm.stdout'])('%s: exit 0 without a final event; the text so far stays', (file) => {
  const state = foldRecording(gemini, file);
  expect(state.answer).toBe('word0 word1 word2 word3 word4 word5');
  expect(state.end).toBeUndefined();
});
