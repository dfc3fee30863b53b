// Codex 0.169.0: what its output means.
import { describe, expect, test } from 'vitest';
import { codex } from '../../src/providers/codex.js';
import { foldRecording, recording } from './recordings.js';

const CUMULATIVE = ['inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens'];

test('a success', () => {
  expect(foldRecording(codex, 'success.jsonl')).toEqual({
    sessionId: '01a1f816-54d8-7f83-a739-93dd60480997',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: false,
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 0, reasoningTokens: 0 },
    cumulative: CUMULATIVE,
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same thread, and tokens of both runs', () => {
  expect(foldRecording(codex, 'resume.jsonl')).toMatchObject({
    sessionId: '01a1f816-54d8-7f83-a739-93dd60480997',
    answer: 'Fake reply to turn 2.',
    usage: { inputTokens: 22, outputTokens: 14 },
    cumulative: CUMULATIVE,
    end: 'ok',
  });
});

describe('tools', () => {
  test('a command, while it runs', () => {
    const state = foldRecording(codex, 'tool-workspace-write.jsonl', 3);
    expect(state).toMatchObject({ activity: 'running touch touched.txt', answer: '' });
    expect(state.end).toBeUndefined();
  });

  test('a change of files, while it is made', () => {
    expect(foldRecording(codex, 'file-change.jsonl', 4)).toMatchObject({ activity: 'editing <CWD>/a.txt' });
  });

  test.each(['tool-workspace-write.jsonl', 'tool-read-only.jsonl', 'file-change.jsonl'])('%s ends well', (file) => {
    expect(foldRecording(codex, file)).toMatchObject({
      answer: 'Fake reply to turn 1.',
      usage: { inputTokens: 22, outputTokens: 14 },
      end: 'ok',
    });
  });

  test.each([
    ['/bin/bash -lc ls', 'running ls'],
    ['/bin/zsh -lc \'rg -n "TODO" src\'', 'running rg -n "TODO" src'],
    ['bash -c "npm test"', 'running npm test'],
    ['git status', 'running git status'],
  ])('%s', (command, summary) => {
    const item = { type: 'command_execution', command };
    expect(codex.read({ type: 'item.started', item })).toEqual([{ type: 'tool', name: 'shell', summary }]);
  });

  // Shapes that the fake API cannot bring about.
  test.each([
    [
      { type: 'mcp_tool_call', server: 'docs', tool: 'search', arguments: { query: 'sqlite wal' } },
      'docs.search: sqlite wal',
    ],
    [{ type: 'web_search', query: 'node 26' }, 'searching the web for node 26'],
  ])('%o', (item, summary) => {
    expect(codex.read({ type: 'item.started', item })).toMatchObject([{ type: 'tool', summary }]);
  });
});

describe('errors', () => {
  test.each([
    ['error-400.stdout', 'provider_error', 'fake error 400', false],
    ['error-401.stdout', 'auth_required', 'unexpected status 401 Unauthorized: fake error 401', true],
    ['error-404.stdout', 'model_not_found', 'unexpected status 404 Not Found: fake error 404', true],
    ['error-429.stdout', 'rate_limited', 'exceeded retry limit, last status: 429 Too Many Requests', false],
    [
      'error-500.stdout',
      'provider_error',
      'We’re currently experiencing high demand, which may cause temporary errors.',
      false,
    ],
    ['error-529.stdout', 'provider_error', 'unexpected status 529 <unknown status code>: fake error 529', false],
    [
      'error-cut.stdout',
      'network',
      'stream disconnected before completion: Transport error: network error: error decoding response body',
      false,
    ],
  ])('%s', (file, kind, message, fatal) => {
    const state = foldRecording(codex, file);
    expect(state).toMatchObject({ answer: '', error: { kind, message, fatal }, activity: message, end: 'error' });
    expect(state.usage).toBeUndefined();
  });

  test('warnings are no errors', () => {
    expect(foldRecording(codex, 'file-change.jsonl', 2).error).toBeUndefined();
  });
});

describe('retries', () => {
  test.each([
    ['error-401.stdout', 3, 'retry 1 of 5: unexpected status 401 Unauthorized: fake error 401', 'auth_required', true],
    ['error-404.stdout', 4, 'retry 2 of 5: unexpected status 404 Not Found: fake error 404', 'model_not_found', true],
    [
      'error-429-retry-after.stdout',
      3,
      'retry 1 of 5: exceeded retry limit, last status: 429 Too Many Requests',
      'rate_limited',
      false,
    ],
    [
      'error-500.stdout',
      7,
      'retry 5 of 5: We’re currently experiencing high demand, which may cause temporary errors.',
      'provider_error',
      false,
    ],
    [
      'error-refused.stdout',
      7,
      'retry 5 of 5: stream disconnected before completion: Connection refused (os error 111)',
      'network',
      false,
    ],
    // Without a network it waits for ever.
    ['error-refused.stdout', undefined, 'retry: Connection failed: error sending request', 'network', false],
  ])('%s after %s lines', (file, lines, activity, kind, fatal) => {
    const state = foldRecording(codex, file, lines);
    expect(state).toMatchObject({ activity, error: { kind, fatal } });
    expect(state.end).toBeUndefined();
  });

  test('an error that was got over is forgotten', () => {
    const state = foldRecording(codex, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });
});

describe('runs that did not end by themselves', () => {
  test.each([
    ['sigint.stdout', '01a1f7f1-2aad-7e10-b15d-5654bcb071e9'],
    ['sigterm.stdout', '01a1f7f1-1880-7512-93a3-c721614b95f4'],
  ])('%s: the thread is known', (file, sessionId) => {
    expect(foldRecording(codex, file)).toEqual({ sessionId, answer: '', answerIsFinal: false, cumulative: [] });
  });

  test.each([
    [
      'resume-unknown.stderr',
      'thread/resume: thread/resume failed: no rollout found for thread id 00000000-0000-4000-8000-000000000000 (code -32600)',
    ],
    ['bad-flag.stderr', "unexpected argument '--nonsense' found"],
  ])('%s', (file, message) => {
    expect(codex.readStderr?.(recording(codex, file))).toEqual({ kind: 'provider_error', message });
  });

  test('the log lines on stderr say nothing', () => {
    expect(codex.readStderr?.(recording(codex, 'error-401.stderr'))).toBeUndefined();
  });
});

test('reasoning is thinking', () => {
  const item = { type: 'reasoning', text: '**Reading**' };
  expect(codex.read({ type: 'item.completed', item })).toEqual([{ type: 'thinking', text: '**Reading**' }]);
});
