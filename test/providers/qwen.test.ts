// Qwen Code 0.24.4: what its output means.
import { describe, expect, test } from 'vitest';
import type { ProviderRequest } from '../../src/providers/provider.js';
import { qwen } from '../../src/providers/qwen.js';
import { foldLines, foldRecording, recording } from './recordings.js';
import { PLAIN } from './request.js';

test('a success', () => {
  expect(foldRecording(qwen, 'success.jsonl')).toEqual({
    sessionId: 'e6f48147-60e7-46ef-ad56-ae51df1243d9',
    model: 'fake-model',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: true,
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 0 },
    cumulative: ['inputTokens', 'outputTokens', 'cachedTokens'],
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same session, and tokens of all of it', () => {
  expect(foldRecording(qwen, 'resume.jsonl')).toMatchObject({
    sessionId: 'e6f48147-60e7-46ef-ad56-ae51df1243d9',
    answer: 'Fake reply to turn 2.',
    usage: { inputTokens: 22, outputTokens: 14 },
    cumulative: ['inputTokens', 'outputTokens', 'cachedTokens'],
    end: 'ok',
  });
});

test('an answer that fits a schema is its JSON', () => {
  expect(foldRecording(qwen, 'structured.jsonl')).toMatchObject({ answer: '{"a":"x"}', end: 'ok' });
});

describe('command lines', () => {
  const argsOf = (request: Partial<ProviderRequest>) => qwen.invoke({ ...PLAIN, ...request }).args;

  test('read-only denies what writes, whatever the settings allow', () => {
    expect(argsOf({})).toEqual([
      ...['-o', 'stream-json', '--safe-mode', '--approval-mode=default'],
      '--exclude-tools=edit,write_file,notebook_edit,run_shell_command,monitor,agent,enter_worktree,exit_worktree,mcp__*',
    ]);
  });

  test('edit allows files below the folder and those of the owner, and no others', () => {
    const extras = { addDirs: ['/srv/a b'] };
    expect(argsOf({ access: 'edit', extras })).toEqual([
      ...['-o', 'stream-json', '--safe-mode', '--approval-mode=default'],
      [
        '--allowed-tools=edit(//home/ada/project/**),write_file(//home/ada/project/**)',
        'notebook_edit(//home/ada/project/**),edit(//srv/a b/**),write_file(//srv/a b/**)',
        'notebook_edit(//srv/a b/**)',
      ].join(','),
      '--add-dir=/srv/a b',
    ]);
    // Its rules are patterns: one of three "?" would fit every name of three letters.
    for (const cwd of ['/srv/a,b', '/srv/*', '/srv/+++', '/srv/a (b)']) {
      expect(() => argsOf({ access: 'edit', cwd })).toThrow(`Qwen Code would read the name of ${cwd} as a pattern`);
    }
  });

  test('full', () => {
    expect(argsOf({ access: 'full' })).toEqual(['-o', 'stream-json', '--approval-mode=yolo']);
  });

  test('what the owner configured', () => {
    const extras = { allowTools: ['web_fetch'], denyTools: ['agent'], mcpConfig: '/etc/mcp.json', args: ['--debug'] };
    expect(argsOf({ access: 'full', extras }).slice(3)).toEqual([
      ...['--allowed-tools=web_fetch', '--exclude-tools=agent', '--mcp-config=/etc/mcp.json', '--debug'],
    ]);
  });

  test('a schema, by its file', () => {
    expect(argsOf({ outputSchema: { json: '{}', file: '/jobs/1/schema' } })).toContain('--json-schema=@/jobs/1/schema');
  });

  test('what settings deny stays denied, though nothing else in them is obeyed', () => {
    const settings = { permissions: { allow: ['edit'], deny: ['read_file(.env)'] }, tools: { exclude: ['web_fetch'] } };
    const files = { user: JSON.stringify(settings), folder: '{"permissions":{"deny":["glob"]}}' };
    expect(argsOf({ access: 'edit', files }).at(-1)).toBe('--exclude-tools=read_file(.env),web_fetch,glob');
    expect(argsOf({ access: 'full', files })).toEqual(argsOf({ access: 'full' }));
    expect(() => argsOf({ files: { user: '{ // mine' } })).toThrow();
  });
});

describe('tools', () => {
  test('a call, while it runs', () => {
    expect(foldRecording(qwen, 'tool-yolo.jsonl', 3)).toMatchObject({
      activity: 'running touch touched.txt',
      answer: '',
    });
  });

  test.each(['tool-yolo.jsonl', 'tool-edit-denied.jsonl'])('%s ends well', (file) => {
    expect(foldRecording(qwen, file)).toMatchObject({
      answer: 'Fake reply to turn 1.',
      usage: { inputTokens: 22, outputTokens: 14 },
      end: 'ok',
    });
  });

  test('what a subagent writes is no part of the answer; what it does is told', () => {
    const says = (parent: string | null, content: object) =>
      JSON.stringify({ type: 'assistant', parent_tool_use_id: parent, message: { content: [content] } });
    const state = foldLines(qwen, [
      says(null, { type: 'text', text: 'Mine.' }),
      says('call_1', { type: 'text', text: 'Not mine.' }),
      says('call_1', { type: 'tool_use', name: 'read_file', input: { file_path: 'a.ts' } }),
    ]);
    expect(state).toMatchObject({ answer: 'Mine.', activity: 'reading a.ts' });
  });
});

describe('errors', () => {
  test.each([
    ['error-400.stdout', 'provider_error', 'fake error 400', false],
    ['error-401.stdout', 'auth_required', 'fake error 401', true],
    ['error-404.stdout', 'model_not_found', 'fake error 404', true],
    ['error-429-max-retries-0.stdout', 'rate_limited', 'fake error 429', false],
    ['error-500.stdout', 'provider_error', 'fake error 500', false],
    ['error-529.stdout', 'provider_error', 'fake error 529', false],
    ['error-refused.stdout', 'network', 'Connection error. (cause: fetch failed)', false],
  ])('%s: the error, and no answer', (file, kind, message, fatal) => {
    const state = foldRecording(qwen, file);
    expect(state).toMatchObject({ answer: '', error: { kind, message, fatal }, activity: message, end: 'error' });
  });

  test('a cut connection: the text of every attempt stays', () => {
    const message = 'terminated (cause: UND_ERR_SOCKET: other side closed)';
    expect(foldRecording(qwen, 'error-cut.stdout')).toMatchObject({
      answer: 'Fake reFake reFake reFake re',
      error: { message },
      end: 'error',
    });
  });

  test('not logged in', () => {
    expect(foldRecording(qwen, 'not-logged-in.stdout')).toMatchObject({
      error: { kind: 'auth_required', fatal: true },
      end: 'error',
    });
  });

  test('an answer that speaks of API errors is kept whole', () => {
    const text = 'It prints "[API Error: 401 …]" then.';
    const lines = [
      { type: 'assistant', message: { content: [{ type: 'text', text }] } },
      { type: 'result', subtype: 'success', is_error: false, result: text },
    ];
    const state = foldLines(
      qwen,
      lines.map((line) => JSON.stringify(line)),
    );
    expect(state).toMatchObject({ answer: text, end: 'ok' });
  });

  test('a try that healed leaves no error', () => {
    const state = foldRecording(qwen, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });
});

describe('while it tries again', () => {
  test('stdout says that it does, stderr why', () => {
    const state = foldRecording(qwen, 'error-429.stdout', 3);
    expect(state).toMatchObject({ activity: 'retry 1 of 10: the API failed', error: { fatal: false } });
    expect(state.end).toBeUndefined();
    expect(qwen.readStderr?.(recording(qwen, 'error-429.stderr'))).toEqual({
      kind: 'rate_limited',
      message: 'attempt 1 failed: fake error 429',
    });
  });

  test.each(['success.jsonl.stderr', 'error-cut.stderr', 'resume-unknown.stderr'])('%s says nothing of it', (file) => {
    expect(qwen.readStderr?.(recording(qwen, file))).toBeUndefined();
  });
});

test.each([
  ['sigint.stdout', ''],
  ['sigterm.stdout', ''],
  ['sigterm-group.stdout', 'word0 word1 word2 word3 word4 word5'],
])('%s: no final event; what was printed of the text stays', (file, answer) => {
  const state = foldRecording(qwen, file);
  expect(state.answer).toBe(answer);
  expect(state.end).toBeUndefined();
});
