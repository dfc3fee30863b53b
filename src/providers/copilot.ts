// GitHub Copilot CLI. What is said here of its flags and output was seen with Copilot CLI 1.0.102; recordings are in
// test/fixtures/recordings/copilot.
import { failure, isFatal } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { type Json, number, object, string } from './json.js';
import type { ProviderRequest, ReadFailure, Usage } from './provider.js';
import { type Access, EXTRAS, type Invocation, type Provider, type ProviderEvent } from './provider.js';

/**
 * By kind, because the tools' names change with the model. A denial wins over all that allows: other flags, the
 * user's settings, what an earlier run of the conversation was allowed; subagents inherit it.
 * The shell is denied as a whole: left to Copilot's own rules, commands that it takes for harmless run unasked, and
 * `uniq a b`, `git log --output=b` and `GIT_EXTERNAL_DIFF=any git diff --ext-diff` were among them.
 */
const ACCESS: Record<Access, readonly string[]> = {
  'read-only': ['--deny-tool=write', '--deny-tool=shell'],
  edit: ['--allow-tool=write', '--deny-tool=shell'],
  full: ['--allow-all'],
};

/** It counts the whole conversation, earlier runs included. */
const CUMULATIVE: readonly (keyof Usage)[] = ['inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens'];

function invoke({ access, model, effort, sessionId, resume, extras, reportFile }: ProviderRequest): Invocation {
  // `--flag=value` keeps a value that begins with "-" from being read as a flag, and a list from taking what follows.
  const args = ['--output-format=json', ...ACCESS[access], `--usage-output-file=${reportFile}`];
  // Not `--session-id` for both: it begins a new conversation where it knows none.
  if (sessionId) args.push(`--${resume ? 'resume' : 'session-id'}=${sessionId}`);
  if (model) args.push(`--model=${model}`);
  if (effort) args.push(`--reasoning-effort=${effort}`);
  for (const folder of extras.addDirs ?? []) args.push(`--add-dir=${folder}`);
  for (const tool of extras.allowTools ?? []) args.push(`--allow-tool=${tool}`);
  for (const tool of extras.denyTools ?? []) args.push(`--deny-tool=${tool}`);
  if (extras.mcpConfig) args.push(`--additional-mcp-config=@${extras.mcpConfig}`);
  // Set by the user to a true value, it allows every MCP tool, and at "true" the programs that a folder's hooks name.
  return { args: [...args, ...(extras.args ?? [])], env: { COPILOT_ALLOW_ALL: 'false' } };
}

function read(record: Json): ProviderEvent[] {
  const data = object(record, 'data');
  // What a subagent writes is no part of the answer; what it does is.
  const own = record.agentId === undefined;
  switch (record.type) {
    case 'assistant.reasoning_delta':
      return [{ type: 'thinking', text: string(data, 'deltaContent') ?? '' }];
    case 'assistant.message_start':
      // Begins anew after a broken stream, whose pieces would stay in front otherwise.
      return own ? [{ type: 'text', text: '' }] : [];
    case 'assistant.message_delta':
      return own ? [{ type: 'text', text: string(data, 'deltaContent') ?? '', delta: true }] : [];
    case 'assistant.message': {
      const text = string(data, 'content');
      return own && text ? [{ type: 'text', text }] : [];
    }
    case 'tool.execution_start':
      return [toolEvent(string(data, 'toolName') ?? 'tool', object(data, 'arguments'))];
    case 'model.call_failure':
      return [readCallFailure(data)];
    case 'session.error':
      return own ? [{ type: 'error', ...readError(data) }] : [];
    case 'result':
      return readResult(record);
    default:
      return [];
  }
}

/** Each call that fails, also the last one; whether it tries again shows only when it does. */
function readCallFailure(data: Json): ProviderEvent {
  const before = number(data, 'retryAttempt') ?? 0;
  const found = failure(string(data, 'errorMessage') ?? '', number(data, 'statusCode'));
  const kind = data.failureKind === 'transport' ? 'network' : found.kind;
  // A refused login is given up after three tries, within 3 s, with words that help. Only what goes on is ended.
  return { type: 'retry', attempt: before + 1, ...found, kind, fatal: isFatal(kind) && before > 2 };
}

const NO_CONNECTION = /^Could not connect to |Failed native model HTTP request: /;

/** Not fatal, because the run is over with it, within milliseconds. */
function readError(data: Json): ReadFailure {
  const message = string(data, 'message') ?? '';
  // As an error body, because its type ("authentication", "rate_limit", "quota") says more than the message at times.
  const body = JSON.stringify({ message, type: string(data, 'errorType'), code: string(data, 'errorCode') });
  const found = failure(body, number(data, 'statusCode'));
  return { ...found, kind: NO_CONNECTION.test(message) ? 'network' : found.kind, fatal: false };
}

/** The last line of a run, and the only one with the id of the conversation. */
function readResult(record: Json): ProviderEvent[] {
  const sessionId = string(record, 'sessionId');
  const session: ProviderEvent[] = sessionId ? [{ type: 'session', sessionId }] : [];
  return [...session, { type: 'end', ok: record.exitCode === 0 }];
}

/** Tokens are in no line of the output, but in this file. Its costs are in Copilot's own units. */
function readReport(text: string): ProviderEvent[] {
  const models = Object.values(object(parse(text), 'modelMetrics')).map((model) => object(model, 'usage'));
  if (models.length === 0) return [];
  const sum = (field: string) => {
    const counts = models.map((usage) => number(usage, field)).filter((count) => count !== undefined);
    return counts.length > 0 ? counts.reduce((total, count) => total + count) : undefined;
  };
  const [inputTokens, outputTokens] = [sum('inputTokens'), sum('outputTokens')];
  const [cachedTokens, reasoningTokens] = [sum('cacheReadTokens'), sum('reasoningTokens')];
  return [usageEvent({ inputTokens, outputTokens, cachedTokens, reasoningTokens }, CUMULATIVE)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs that never began: an unknown conversation or flag, no login, a login that could not be checked (and why). */
function readStderr(text: string): ReadFailure | undefined {
  const lines = text.split('\n');
  const why = lines.find((line) => /^ +Failed to fetch /.test(line)) ?? lines.find((line) => /^error: /i.test(line));
  if (why === undefined) return undefined;
  const { fatal: _, ...rest } = failure(why.trim().replace(/^error: /i, ''));
  return rest;
}

export const copilot: Provider = {
  name: 'copilot',
  title: 'GitHub Copilot CLI',
  vendor: 'github',
  version: '1.0.102',
  clients: ['copilot-cli'],
  command: 'copilot',
  install: 'npm install -g @github/copilot',
  login: 'copilot login',
  // From `copilot help environment`. A model server of the user's own comes before GitHub, and needs no login there;
  // a login is in the system's keychain or in config.json, which names the account in both cases.
  logins: [
    { kind: 'api key', env: 'COPILOT_PROVIDER_BASE_URL' },
    { kind: 'subscription', env: 'COPILOT_GITHUB_TOKEN' },
    { kind: 'subscription', env: 'GH_TOKEN' },
    { kind: 'subscription', env: 'GITHUB_TOKEN' },
    {
      kind: 'subscription',
      file: '.copilot/config.json',
      contains: '"login"',
      movedBy: { env: 'COPILOT_HOME', file: 'config.json' },
    },
    {
      kind: 'subscription',
      file: '.config/gh/hosts.yml',
      contains: 'user:',
      movedBy: { env: 'GH_CONFIG_DIR', file: 'hosts.yml' },
    },
  ],
  loginEnv: [
    ...['COPILOT_HOME', 'COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'GH_CONFIG_DIR'],
    ...['COPILOT_GH_HOST', 'GH_HOST', 'COPILOT_OFFLINE', 'COPILOT_MODEL'],
    ...['BASE_URL', 'TYPE', 'API_KEY', 'API_KEY_COMMAND', 'BEARER_TOKEN', 'HEADERS'].map(
      (it) => `COPILOT_PROVIDER_${it}`,
    ),
    ...['WIRE_API', 'WIRE_MODEL', 'MODEL_ID', 'TRANSPORT', 'AZURE_API_VERSION'].map((it) => `COPILOT_PROVIDER_${it}`),
  ],
  // They tie a process to the session that started it: Copilot hands them to its MCP servers and its shell.
  dropEnv: [
    'COPILOT_AGENT_SESSION_ID',
    'COPILOT_CLI',
    'COPILOT_CLI_BINARY_VERSION',
    'COPILOT_CLI_RESOLVED_DIST_DIR',
    'COPILOT_LOADER_PID',
  ],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: ['low', 'medium', 'high'],
  systemPrompt: false,
  sessionId: 'chosen',
  extras: EXTRAS,
  models: [],
  // Not "tool.execution_complete", which holds what a tool printed.
  needles: [
    '"type":"assistant.reasoning_delta"',
    '"type":"assistant.message',
    '"type":"tool.execution_start"',
    '"type":"model.call_failure"',
    '"type":"session.error"',
    '"type":"result"',
  ],
  tailHoldsAnswer: true,
  invoke,
  interactive: (sessionId) => [`--resume=${sessionId}`],
  read,
  readStderr,
  readReport,
};
