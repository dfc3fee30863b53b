// OpenCode 1.18.33: what its output means.
import { describe, expect, test } from 'vitest';
import { opencode } from '../../src/providers/opencode.js';
import type { ProviderRequest } from '../../src/providers/provider.js';
import { foldLines, foldRecording, recording } from './recordings.js';
import { PLAIN } from './request.js';

const ONE_STEP = { inputTokens: 11, outputTokens: 7, cachedTokens: 0, reasoningTokens: 0 };

test('a success', () => {
  expect(foldRecording(opencode, 'success.jsonl')).toEqual({
    sessionId: 'ses_e07e9046affe8pZsMidMGxFiZy',
    answer: 'Fake reply to turn 1.',
    answerIsFinal: false,
    usage: ONE_STEP,
    cumulative: [],
    activity: 'writing',
    end: 'ok',
  });
});

test('a conversation gone on with: same session, and tokens of this run', () => {
  expect(foldRecording(opencode, 'resume.jsonl')).toMatchObject({
    sessionId: 'ses_e07e9046affe8pZsMidMGxFiZy',
    answer: 'Fake reply to turn 2.',
    usage: ONE_STEP,
    end: 'ok',
  });
});

describe('command lines', () => {
  const invoke = (request: Partial<ProviderRequest>) => opencode.invoke({ ...PLAIN, ...request });
  const configOf = (request: Partial<ProviderRequest>) =>
    JSON.parse(invoke(request).env.OPENCODE_CONFIG_CONTENT ?? '') as {
      agent: Record<string, { permission: Record<string, unknown> }>;
    };
  const rulesOf = (request: Partial<ProviderRequest>, access = 'edit') =>
    configOf(request).agent[`sidejob-${access}`]?.permission;

  test('read-only allows what reads; edit also allows edits; full asks for nothing', () => {
    const reading = rulesOf({}, 'read-only');
    expect(Object.entries(reading ?? {})[0]).toEqual(['*', 'deny']);
    expect(Object.keys(reading ?? {})).toEqual(['*', 'read', 'glob', 'grep', 'list', 'lsp', 'skill', 'todowrite']);
    expect(rulesOf({}, 'edit')).toEqual({ ...reading, edit: 'allow' });
    expect(rulesOf({}, 'full')).toEqual({});
    expect(invoke({ access: 'full' }).args).toContain('--auto');
    expect(invoke({ access: 'edit' }).args).not.toContain('--auto');
  });

  test('below the root of a Git working tree, edits are kept to the folder', () => {
    const cwd = '/home/ada/repo/packages/app';
    const head = 'ref: refs/heads/main\n';
    expect(rulesOf({ cwd, files: { 'git-2': head } })).toMatchObject({
      edit: { '*': 'deny', 'packages/app/*': 'allow' },
    });
    expect(rulesOf({ cwd, files: { 'git-0': head, 'git-2': head } })).toMatchObject({ edit: 'allow' });
    const extras = { addDirs: ['/home/ada/repo/docs', '/srv/data'] };
    expect(rulesOf({ cwd, files: { 'git-2': head }, extras })).toMatchObject({
      edit: { '*': 'deny', 'packages/app/*': 'allow', 'docs/*': 'allow', '../../../srv/data/*': 'allow' },
      external_directory: { '/home/ada/repo/docs/*': 'allow', '/srv/data/*': 'allow' },
    });
  });

  test('what the owner configured', () => {
    const extras = {
      allowTools: ['db_query'],
      denyTools: ['webfetch'],
      mcpConfig: '/etc/opencode.json',
      args: ['--pure'],
    };
    expect(rulesOf({ extras }, 'read-only')).toMatchObject({ db_query: 'allow', webfetch: 'deny' });
    expect(rulesOf({ extras }, 'full')).toEqual({ db_query: 'allow', webfetch: 'deny' });
    const { args, env } = invoke({ extras });
    expect(args.at(-1)).toBe('--pure');
    expect(env.OPENCODE_CONFIG).toBe('/etc/opencode.json');
  });

  test('the user’s configuration in the environment stays, but for our agents', () => {
    const given = { model: 'a/b', agent: { mine: {}, 'sidejob-read-only': { permission: { edit: 'allow' } } } };
    const config = configOf({ env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(given) } });
    expect(config).toMatchObject({ model: 'a/b', agent: { mine: {} } });
    expect(config.agent['sidejob-read-only']?.permission).not.toHaveProperty('edit');
    expect(() => configOf({ env: { OPENCODE_CONFIG_CONTENT: '{ // mine' } })).toThrow();
  });

  test('a folder’s configuration is not obeyed read-only, nor where only a model has named it; its AGENTS.md is', () => {
    const obeys = (request: Partial<ProviderRequest>) => !invoke(request).env.OPENCODE_DISABLE_PROJECT_CONFIG;
    expect(obeys({})).toBe(false);
    expect(obeys({ access: 'edit' })).toBe(true);
    expect(obeys({ access: 'edit', trusted: false })).toBe(false);
    expect(configOf({})).toMatchObject({ instructions: ['/home/ada/project/AGENTS.md'] });
    expect(configOf({ access: 'edit' })).not.toHaveProperty('instructions');
  });
});

test('the list of its models', () => {
  expect(opencode.listModels?.read('opencode/big-pickle\nfake/fake-model\nopenrouter/a/b:free\n\nNo key.\n')).toEqual([
    ...['opencode/big-pickle', 'fake/fake-model', 'openrouter/a/b:free'],
  ]);
});

describe('tools', () => {
  test('a call, once it is done', () => {
    expect(foldRecording(opencode, 'tool-default.jsonl', 2)).toMatchObject({
      activity: 'running touch touched.txt',
      answer: '',
    });
  });

  test.each(['tool-default.jsonl', 'tool-edit-denied.jsonl'])('%s ends well, with the tokens of both steps', (file) => {
    expect(foldRecording(opencode, file)).toMatchObject({
      answer: 'Fake reply to turn 1.',
      usage: { ...ONE_STEP, inputTokens: 22, outputTokens: 14 },
      end: 'ok',
    });
  });

  test('a run that stopped at a refused call has not ended well', () => {
    const state = foldRecording(opencode, 'tool-ask.jsonl');
    expect(state).toMatchObject({ answer: '', usage: ONE_STEP });
    expect(state.end).toBeUndefined();
  });

  test('what was cached and reasoned counts as input and output', () => {
    const tokens = { input: 10, output: 5, reasoning: 3, cache: { read: 100, write: 1 } };
    const line = JSON.stringify({ type: 'step_finish', part: { reason: 'stop', tokens, cost: 0.5 } });
    expect(foldLines(opencode, [line, line]).usage).toEqual({
      inputTokens: 222,
      outputTokens: 16,
      cachedTokens: 200,
      reasoningTokens: 6,
      costUsd: 1,
    });
  });
});

describe('errors', () => {
  test.each([
    ['error-400.stdout', 'provider_error', 'fake error 400', false],
    ['error-401.stdout', 'auth_required', 'fake error 401', true],
    ['error-404.stdout', 'model_not_found', 'fake error 404', true],
    ['error-429.stdout', 'rate_limited', 'fake error 429', false],
    ['error-500.stdout', 'provider_error', 'fake error 500', false],
    ['error-529.stdout', 'provider_error', 'fake error 529', false],
    ['error-cut.stdout', 'network', 'Connection reset by server', false],
    [
      'error-refused.stdout',
      'network',
      'Cannot connect to API: Unable to connect. Is the computer able to access the url?',
      false,
    ],
  ])('%s', (file, kind, message, fatal) => {
    const state = foldRecording(opencode, file);
    expect(state).toMatchObject({ answer: '', error: { kind, message, fatal }, activity: message, end: 'error' });
    expect(state.sessionId).toMatch(/^ses_/);
  });

  test('a name tells the kind where words and status do not; a limit tells how long', () => {
    const error = (name: string, data: object) =>
      foldLines(opencode, [JSON.stringify({ type: 'error', error: { name, data } })]).error;
    expect(error('ContextOverflowError', { message: 'Oh.' })).toMatchObject({
      kind: 'context_too_long',
      message: 'Oh.',
    });
    expect(error('ProviderAuthError', { message: 'Oh.' })).toMatchObject({ kind: 'auth_required', fatal: true });
    const responseHeaders = { 'retry-after': '30' };
    expect(error('APIError', { message: 'Slow down.', statusCode: 429, responseHeaders })).toMatchObject({
      kind: 'rate_limited',
      retryAfterSec: 30,
    });
  });

  test('a try that healed leaves no trace on stdout', () => {
    const state = foldRecording(opencode, 'error-429-retry-after.stdout');
    expect(state).toMatchObject({ answer: 'Fake reply to turn 1.', end: 'ok' });
    expect(state.error).toBeUndefined();
  });

  test('a model it does not know: stdout only sends one to the log', () => {
    const state = foldRecording(opencode, 'unknown-model.stdout');
    expect(state.sessionId).toMatch(/^ses_/);
    expect(state.error).toBeUndefined();
    expect(state.end).toBeUndefined();
  });
});

test.each([
  ['unknown-model.stderr', 'model_not_found', 'Model not found: fake/nope.'],
  ['error-429.stderr', 'rate_limited', 'fake error 429'],
  ['resume-unknown.stderr', 'provider_error', 'Session not found'],
])('%s says why', (file, kind, message) => {
  expect(opencode.readStderr?.(recording(opencode, file))).toEqual({ kind, message });
});

test('an empty stderr says nothing', () => {
  expect(opencode.readStderr?.('')).toBeUndefined();
});

test.each(['sigint.stdout', 'sigterm.stdout'])('%s: no final event', (file) => {
  const state = foldRecording(opencode, file);
  expect(state.sessionId).toMatch(/^ses_/);
  expect(state.end).toBeUndefined();
});
