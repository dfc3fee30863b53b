// Claude Code 2.1.328: what its output means.
import { describe, expect, test } from 'vitest';
import { claude } from '../../src/providers/claude.js';
import type { FoldState } from '../../src/providers/fold.js';
import { foldLines, foldRecording, recording } from './recordings.js';
import { PLAIN } from './request.js';

/** What an API error leaves behind: a final event, no answer, no tokens. */
function apiError(kind: string, message: string, fatal: boolean): Partial<FoldState> {
  const error = { kind, message, fatal } as FoldState['error'];
  return { answer: '', answerIsFinal: false, end: 'error', activity: message, error };
}

test('a success', () => {
  expect(foldRecording(claude, 'success.jsonl')).toEqual({
    sessionId: '948b5512-8e30-4382-8dae-cb64001236fa',
    model: 'claude-sonnet-4-5',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: true,
    usage: { inputTokens: 11, outputTokens: 7, cachedTokens: 0, reasoningTokens: 0, costUsd: 0.000138 },
    cumulative: ['costUsd'],
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same session, tokens of this run, cost of both', () => {
  const state = foldRecording(claude, 'resume.jsonl');
  expect(state.sessionId).toBe('948b5512-8e30-4382-8dae-cb64001236fa');
  expect(state.answer).toBe('Fake reply to turn 2.');
  expect(state.usage).toMatchObject({ inputTokens: 11, outputTokens: 7, costUsd: 0.000276 });
  expect(state.cumulative).toEqual(['costUsd']);
});

describe('limits of the account', () => {
  const limit = (info: object) => ({ type: 'rate_limit_event', rate_limit_info: info, uuid: 'u', session_id: 's' });

  test('one that is reached ends at a time, in seconds', () => {
    const message = "You've hit your 5-hour limit · resets 2:51pm (UTC)";
    expect(foldRecording(claude, 'limit-reached.stdout')).toMatchObject({
      ...apiError('quota_exhausted', message, false),
      resetsAt: 1795186264_000,
    });
  });

  test.each([
    [{ status: 'allowed', resetsAt: 1784079000, rateLimitType: 'five_hour' }],
    [{ status: 'allowed_warning', resetsAt: 1784079000, utilization: 0.9 }],
    [{ status: 'rejected' }],
    [{}],
  ])('%j says nothing', (info) => {
    expect(claude.read(limit(info))).toEqual([]);
  });
});

describe('tools', () => {
  test('the activity is the call while it runs', () => {
    expect(foldRecording(claude, 'tool-allowed.jsonl', 2)).toMatchObject({
      activity: 'running touch touched.txt',
      answer: '',
    });
  });

  test('a call that was allowed', () => {
    expect(foldRecording(claude, 'tool-allowed.jsonl')).toMatchObject({
      answer: 'Fake reply to turn 1.',
      usage: { inputTokens: 22, outputTokens: 14, costUsd: 0.000276 },
      end: 'ok',
    });
  });

  test('a call that was denied is no error of the run', () => {
    const state = foldRecording(claude, 'tool-denied.jsonl');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });
});

describe('errors of the API', () => {
  test.each([
    ['error-400.stdout', apiError('provider_error', '400 fake error 400', false)],
    ['error-401.stdout', apiError('auth_required', 'Failed to authenticate. API Error: 401 fake error 401', true)],
    ['not-logged-in.stdout', apiError('auth_required', 'Not logged in · Please run /login', true)],
    [
      'error-404.stdout',
      apiError(
        'model_not_found',
        "There's an issue with the selected model (claude-sonnet-4-5). It may not exist or you may not have access to it. Run --model to pick a different model.",
        true,
      ),
    ],
    ['error-429.stdout', apiError('rate_limited', 'Request rejected (429) · fake error 429', false)],
    [
      'error-529.stdout',
      apiError(
        'provider_error',
        '529 fake error 529. This is a server-side issue, usually temporary — try again in a moment. If it persists, check your inference gateway (127.0.0.1:<PORT>).',
        false,
      ),
    ],
    [
      'error-refused.stdout',
      apiError('network', 'Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)', false),
    ],
  ])('%s', (file, expected) => {
    expect(foldRecording(claude, file)).toMatchObject(expected);
  });

  test('an error text is an error before the final event, too, and never an answer', () => {
    const state = foldRecording(claude, 'error-400.stdout', 2);
    expect(state).toMatchObject({ answer: '', error: { kind: 'provider_error', message: '400 fake error 400' } });
    expect(state.end).toBeUndefined();
  });
});

describe('retries', () => {
  test.each([
    ['error-429.stdout', 4, 'retry 3 of 10: 429 rate limit', 'rate_limited'],
    ['error-529.stdout', 11, 'retry 10 of 10: 529 overloaded', 'provider_error'],
    ['error-500.stdout', undefined, 'retry 10 of 10: 500 server error', 'provider_error'],
    ['error-refused.stdout', 3, 'retry 2 of 2: no answer from the API', 'network'],
  ])('%s is tried again', (file, lines, activity, kind) => {
    const state = foldRecording(claude, file, lines);
    expect(state).toMatchObject({ activity, error: { kind, fatal: false } });
    expect(state.end).toBeUndefined();
  });

  test('a refused login is fatal from the second try on: the first may renew it', () => {
    expect(foldRecording(claude, 'error-401.stdout', 2)).toMatchObject({
      activity: 'retry 1 of 10: 401 authentication failed',
      error: { kind: 'auth_required', fatal: false },
    });
    expect(foldRecording(claude, 'error-401.stdout', 3)).toMatchObject({
      activity: 'retry 2 of 10: 401 authentication failed',
      error: { kind: 'auth_required', fatal: true },
    });
  });

  test.each(['error-401-once.stdout', 'error-429-retry-after.stdout', 'error-cut.stdout'])('%s is got over', (file) => {
    const state = foldRecording(claude, file);
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  test('a tool call shows that an error was got over', () => {
    const retry = recording(claude, 'error-401.stdout').split('\n').slice(0, 3);
    const call = recording(claude, 'tool-allowed.jsonl').split('\n').slice(1, 2);
    expect(foldLines(claude, retry).error).toBeDefined();
    expect(foldLines(claude, [...retry, ...call]).error).toBeUndefined();
  });
});

describe('runs that did not end by themselves', () => {
  test('INT: the text so far stays, and the final event says error', () => {
    expect(foldRecording(claude, 'sigint.stdout')).toMatchObject({
      answer: 'word0 word1 word2 word3 word4 word5',
      error: { kind: 'provider_error', message: 'aborted streaming', fatal: false },
      end: 'error',
    });
  });

  test('TERM: no final event, but the session is known', () => {
    const state = foldRecording(claude, 'sigterm.stdout');
    expect(state).toMatchObject({ sessionId: 'de85b112-39b7-4c57-aeab-2696f55d779a', answer: '' });
    expect(state.end).toBeUndefined();
  });

  test('an unknown session', () => {
    const message = 'No conversation found with session ID: 00000000-0000-4000-8000-000000000000';
    const state = foldRecording(claude, 'resume-unknown.stdout');
    expect(state).toMatchObject({ answer: '', error: { kind: 'provider_error', message, fatal: false }, end: 'error' });
    expect(state.sessionId).toBeUndefined();
  });

  test.each([
    ['session-taken.stderr', 'Session ID b70351ce-821b-4eb9-a372-08f31c7e2370 is already in use.'],
    [
      'bypass-as-root.stderr',
      '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons',
    ],
  ])('%s', (file, message) => {
    expect(claude.readStderr?.(recording(claude, file))).toEqual({ kind: 'provider_error', message });
  });

  test('an empty stderr says nothing', () => {
    expect(claude.readStderr?.('\n')).toBeUndefined();
  });
});

// Shapes that the fake API cannot bring about, as Claude Code documents them.
describe('messages', () => {
  const assistant = (content: unknown[], more: object = {}) =>
    claude.read({ type: 'assistant', message: { content }, ...more });

  test('thinking', () => {
    expect(assistant([{ type: 'thinking', thinking: 'Hm.' }])).toEqual([{ type: 'thinking', text: 'Hm.' }]);
  });

  test('a subagent: what it does is shown, what it writes is no answer', () => {
    const content = [
      { type: 'text', text: 'Not yours.' },
      { type: 'tool_use', name: 'Grep', input: { pattern: 'TODO', path: 'src' } },
    ];
    expect(assistant(content, { parent_tool_use_id: 'toolu_1' })).toEqual([
      { type: 'tool', name: 'Grep', summary: 'searching for TODO' },
    ]);
  });

  test.each([
    [{ name: 'Edit', input: { file_path: 'src/a.ts', old_string: 'a' } }, 'editing src/a.ts'],
    [{ name: 'Bash', input: { command: 'npm test\nnpm run lint', description: 'Tests' } }, 'running npm test'],
    [{ name: 'TodoWrite', input: { todos: [] } }, 'TodoWrite'],
    [{ name: 'Task', input: { description: 'Look around', prompt: 'Long.' } }, 'Task: Look around'],
  ])('%o in one line', (call, summary) => {
    expect(assistant([{ type: 'tool_use', ...call }])).toEqual([{ type: 'tool', name: call.name, summary }]);
  });

  test('the parts of the input that came from or went to the cache count as input', () => {
    const usage = { input_tokens: 3, cache_read_input_tokens: 900, cache_creation_input_tokens: 90, output_tokens: 5 };
    const [event] = claude.read({ type: 'result', subtype: 'success', result: 'Yes.', usage });
    expect(event).toMatchObject({ usage: { inputTokens: 993, cachedTokens: 900, outputTokens: 5 } });
    expect(event).not.toHaveProperty('usage.costUsd');
  });

  test('an empty result leaves the text that was gathered', () => {
    const state = foldLines(claude, [
      JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'Done.' }] } }),
      JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: '' }),
    ]);
    expect(state).toMatchObject({ answer: 'Done.', end: 'ok' });
  });

  test('a limit of its own', () => {
    const events = claude.read({ type: 'result', subtype: 'error_max_turns', is_error: false, num_turns: 3 });
    expect(events.slice(1)).toEqual([
      { type: 'error', kind: 'provider_error', message: 'error max turns', fatal: false },
      { type: 'end', ok: false },
    ]);
  });
});

describe('settings files, of which a read-only job keeps what it must', () => {
  const settings = (files: Record<string, string>) => {
    const { args, env } = claude.invoke({ ...PLAIN, files });
    const given = args.find((arg) => arg.startsWith('--settings='))?.slice('--settings='.length) ?? '';
    return { settings: JSON.parse(given), env, args };
  };

  test('the login and what denies, not what allows or runs', () => {
    const user = {
      model: 'opus',
      apiKeyHelper: '/bin/key',
      env: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:1', BAD: 7 },
      permissions: { allow: ['Bash'], deny: ['Read(.env)'], defaultMode: 'bypassPermissions' },
      hooks: { SessionStart: [] },
    };
    const project = {
      env: { BASH_ENV: 'x.sh' },
      apiKeyHelper: 'x.sh',
      permissions: { allow: ['Bash'], ask: ['WebFetch'] },
    };
    const kept = settings({ user: JSON.stringify(user), project: JSON.stringify(project), local: '' });
    expect(kept.settings).toEqual({
      model: 'opus',
      apiKeyHelper: '/bin/key',
      permissions: { deny: ['Read(.env)'], ask: ['WebFetch'] },
    });
    // A command line is for everybody to see, so variables go through the environment.
    expect(kept.env).toEqual({
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
      CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD: '1',
    });
    expect(kept.args.join(' ')).not.toContain('127.0.0.1');
  });

  test('one that cannot be read stops the job: its denials would be lost', () => {
    expect(() => settings({ project: '{ "permissions": ' })).toThrow(
      '.claude/settings.json is not valid JSON, so what it denies cannot be kept.',
    );
  });

  test('a Claude Code that is too old for this says so', () => {
    expect(claude.readStderr?.("error: unknown option '--restricted'\n")).toEqual({
      kind: 'provider_error',
      message: "unknown option '--restricted': update Claude Code; 2.1.328 is known to work.",
    });
  });
});
