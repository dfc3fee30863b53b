// pi 0.74.2: what its output means.
import { describe, expect, test } from 'vitest';
import { pi } from '../../src/providers/pi.js';
import { foldLines, foldRecording, hasNeedle, recording } from './recordings.js';
import { PLAIN } from './request.js';

test('a success', () => {
  expect(foldRecording(pi, 'success.jsonl')).toEqual({
    sessionId: '01a1f817-6343-7386-8c19-2258c0ae206c',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: false,
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 0 },
    cumulative: [],
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same session, and tokens of this run', () => {
  expect(foldRecording(pi, 'resume.jsonl')).toMatchObject({
    sessionId: '01a1f817-6343-7386-8c19-2258c0ae206c',
    answer: 'Fake reply to turn 2.',
    usage: { inputTokens: 11, outputTokens: 7 },
    cumulative: [],
    end: 'ok',
  });
});

describe('command lines', () => {
  test('read-only: the tools that read, and no others', () => {
    expect(pi.invoke(PLAIN)).toEqual({
      args: ['--mode', 'json', '--no-prompt-templates', '--tools', 'read,grep,find,ls'],
      env: {},
    });
  });

  test('full', () => {
    expect(pi.invoke({ ...PLAIN, access: 'full' }).args).toEqual(['--mode', 'json', '--no-prompt-templates']);
  });

  test("a folder that is not the client's own: its extensions are not loaded, its packages not installed", () => {
    const { args } = pi.invoke({ ...PLAIN, access: 'full', trusted: false });
    expect(args).toEqual(['--mode', 'json', '--no-prompt-templates', '--no-extensions', '--offline']);
  });

  // `--model=x` would be ignored; what follows `--model` is its value, whatever it is.
  test('each value is the argument after its flag', () => {
    const request = {
      ...PLAIN,
      model: '--yolo',
      effort: 'high',
      sessionId: 'id',
      extras: { args: ['-nc'] },
    } as const;
    expect(pi.invoke({ ...request, resume: true }).args.slice(5)).toEqual([
      '--session',
      'id',
      '--model',
      '--yolo',
      '--thinking',
      'high',
      '-nc',
    ]);
    expect(pi.invoke(request).args).not.toContain('--session');
  });
});

describe('tools', () => {
  test('a call, while it runs', () => {
    const lines = recording(pi, 'tool-full.jsonl').split('\n');
    const count = lines.findIndex((line) => line.startsWith('{"type":"tool_execution_start"')) + 1;
    expect(foldLines(pi, lines.slice(0, count))).toMatchObject({ activity: 'running touch touched.txt', answer: '' });
  });

  test.each([
    ['tool-full.jsonl', { inputTokens: 22, outputTokens: 14 }],
    ['tool-ls.jsonl', { inputTokens: 22, outputTokens: 14 }],
    // The shell was asked for, but not on offer.
    ['tool-read-only.jsonl', { inputTokens: 11, outputTokens: 7 }],
  ])('%s ends well, with the tokens of all its messages', (file, usage) => {
    expect(foldRecording(pi, file)).toMatchObject({ answer: 'Fake reply to turn 1.', usage, end: 'ok' });
  });

  test('what a tool printed is skipped, and so are the repetitions of the answer', () => {
    const lines = recording(pi, 'tool-ls.jsonl').split('\n').filter(Boolean);
    const read = lines.filter((line) => hasNeedle(pi, line)).map((line) => JSON.parse(line));
    expect(read.map(({ type, message }) => message?.role ?? type)).toEqual([
      'session',
      'assistant',
      'tool_execution_start',
      'assistant',
      'agent_end',
    ]);
  });
});

test('thinking shows while it lasts; cached tokens are input, and a known price is the cost', () => {
  const lines = recording(pi, 'thinking.jsonl').split('\n');
  const first = lines.findIndex((line) => line.includes('"thinking_start"'));
  expect(foldLines(pi, lines.slice(0, first + 1)).activity).toBe('thinking');
  const { usage, answer } = foldLines(pi, lines);
  expect(answer).toBe('Fake reply to turn 1.');
  expect(usage).toEqual({
    inputTokens: 11,
    outputTokens: 7,
    cachedTokens: 5,
    costUsd: expect.closeTo(0.0000205, 10),
  });
});

describe('errors, all with exit status 0', () => {
  test.each([
    ['error-400.stdout', 'provider_error', 'fake error 400', false],
    ['error-401.stdout', 'auth_required', 'fake error 401', true],
    ['error-404.stdout', 'model_not_found', 'fake error 404', true],
    ['error-429.stdout', 'rate_limited', 'fake error 429', false],
    ['error-500.stdout', 'provider_error', 'fake error 500', false],
    ['error-refused.stdout', 'network', 'Connection error.', false],
  ])('%s', (file, kind, message, fatal) => {
    const state = foldRecording(pi, file);
    expect(state).toMatchObject({ answer: '', error: { kind, message, fatal }, end: 'error' });
    expect(state.usage).toBeUndefined();
  });

  test('a cut connection: the text so far stays', () => {
    expect(foldRecording(pi, 'error-cut.stdout')).toMatchObject({
      answer: 'Fake re',
      error: { kind: 'network', message: 'terminated', fatal: false },
      end: 'error',
    });
  });

  test('while it tries again', () => {
    const lines = recording(pi, 'error-429.stdout').split('\n');
    const second = lines.findIndex((line) => line.startsWith('{"type":"auto_retry_start","attempt":2'));
    expect(foldLines(pi, lines.slice(0, second + 1))).toMatchObject({
      activity: 'retry 2 of 3: fake error 429',
      error: { kind: 'rate_limited', fatal: false },
    });
  });

  test('a try that heals has the last word, and nothing of the first stays', () => {
    const failed = recording(pi, 'error-cut.stdout').split('\n').slice(0, 12);
    const state = foldLines(pi, [...failed, ...recording(pi, 'success.jsonl').split('\n')]);
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  test('a try that healed within the vendor library leaves no trace', () => {
    const state = foldRecording(pi, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  test.each([
    ['401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}', 'auth_required'],
    ['404 The model `gpt-9` does not exist', 'model_not_found'],
    ['Request aborted', 'provider_error'],
  ])('%s', (errorMessage, kind) => {
    const message = { role: 'assistant', content: [], stopReason: 'error', errorMessage };
    expect(pi.read({ type: 'message_end', message })).toMatchObject([
      { type: 'error', kind },
      { type: 'end', ok: false },
    ]);
  });
});

describe('runs that never began', () => {
  test.each([
    ['not-logged-in.stderr', 'auth_required', 'No API key found for google.'],
    [
      'model-unknown.stderr',
      'model_not_found',
      'Model "nope/none" not found. Use --list-models to see available models.',
    ],
    ['resume-unknown.stderr', 'provider_error', "No session found matching '01a1f7f0-943c-7ce5-9f13-6562fd8b0b9e'"],
  ])('%s', (file, kind, message) => {
    expect(pi.readStderr?.(recording(pi, file))).toEqual({ kind, message });
  });

  test('a warning says nothing', () => {
    expect(pi.readStderr?.('Warning: Model "x" not found for provider "y". Using custom model id.\n')).toBeUndefined();
  });
});

test.each(['sigint.stdout', 'sigterm.stdout'])('%s: no final event, but the session is known', (file) => {
  const state = foldRecording(pi, file);
  expect(state).toMatchObject({ sessionId: expect.stringMatching(/^01a1f7f5-/), answer: '' });
  expect(state.end).toBeUndefined();
});

test('the models it lists, as --model takes them', () => {
  expect(pi.listModels?.read(recording(pi, 'list-models.stderr'))).toEqual(['fake/fake-model']);
  expect(pi.listModels?.read('No API key found.\n\nUse /login to log in.\n')).toEqual([]);
});
