// pi, the coding agent of Earendil Works, with models of many vendors. What is said here of its flags and output was
// seen with pi 0.74.2; recordings are in test/fixtures/recordings/pi.
import { failure } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { array, isObject, type Json, number, object, string } from './json.js';
import type { Invocation, Provider, ProviderEvent, ProviderRequest, ReadFailure } from './provider.js';

/**
 * pi asks for no permission, ever: what a model may do is what tools it has. This list is obeyed for the tools of
 * extensions, too. There is no `edit`: the tools that write files write any file.
 */
const READING_TOOLS = 'read,grep,find,ls';

function invoke({ access, model, effort, sessionId, resume, trusted, extras }: ProviderRequest): Invocation {
  // Templates are what a prompt that begins with "/" would name; a line end before it is trimmed off.
  const args = ['--mode', 'json', '--no-prompt-templates'];
  if (access === 'read-only') args.push('--tools', READING_TOOLS);
  // A folder's `.pi` can hold extensions, and its settings name packages and the program that installs them; pi runs
  // all of that without a question. Packages are installed despite the first flag, but not offline.
  if (!trusted) args.push('--no-extensions', '--offline');
  // Two arguments each: it takes the one that follows whatever it is, and ignores `--model=…`.
  if (resume && sessionId) args.push('--session', sessionId);
  if (model) args.push('--model', model);
  if (effort) args.push('--thinking', effort);
  return { args: [...args, ...(extras.args ?? [])], env: {} };
}

function read(record: Json): ProviderEvent[] {
  switch (record.type) {
    case 'session': {
      const sessionId = string(record, 'id');
      return sessionId ? [{ type: 'session', sessionId }] : [];
    }
    case 'message_update': {
      const thinks = object(record, 'assistantMessageEvent').type === 'thinking_start';
      return thinks ? [{ type: 'thinking', text: '' }] : [];
    }
    case 'message_end':
      return readMessage(object(record, 'message'));
    case 'tool_execution_start':
      return [toolEvent(string(record, 'toolName') ?? 'tool', object(record, 'args'))];
    case 'auto_retry_start': {
      const [attempt, maxAttempts] = [number(record, 'attempt'), number(record, 'maxAttempts')];
      return [{ type: 'retry', attempt, maxAttempts, ...apiFailure(string(record, 'errorMessage')) }];
    }
    case 'agent_end':
      return readUsage(array(record, 'messages'));
    default:
      return [];
  }
}

/**
 * A message of the model's, complete. One that calls no tools ends the run: `agent_end` follows, but with the whole
 * run in one line, however long. After an error that is tried again, another message has the last word; the exit
 * status is 0 in any case.
 */
function readMessage(message: Json): ProviderEvent[] {
  if (message.role !== 'assistant') return [];
  const blocks = array(message, 'content').filter(isObject);
  const text = blocks.map((block) => (block.type === 'text' ? (string(block, 'text') ?? '') : '')).join('');
  const said: ProviderEvent[] = text ? [{ type: 'text', text }] : [];
  const { stopReason } = message;
  if (stopReason === 'error' || stopReason === 'aborted') {
    const words = string(message, 'errorMessage') ?? `Request ${stopReason}`;
    return [...said, { type: 'error', ...apiFailure(words) }, { type: 'end', ok: false }];
  }
  return stopReason === 'toolUse' ? said : [...said, { type: 'end', ok: true }];
}

/** "401 Incorrect API key provided", "429 {"type":"error",…}", or no status: "Connection error.", "terminated". */
function apiFailure(words = ''): ReadFailure {
  const [, status, rest] = /^([45]\d\d) (.*)/s.exec(words) ?? [];
  return failure(rest ?? words, status === undefined ? undefined : Number(status));
}

/** Each message has its own; added up here, since the last time pi tried again. Failed messages count nothing. */
function readUsage(messages: readonly unknown[]): ProviderEvent[] {
  const usages = messages.filter((message) => isObject(message) && message.role === 'assistant');
  const sum = (count: (usage: Json) => number | undefined) =>
    usages.reduce((total: number, message) => total + (count(object(message, 'usage')) ?? 0), 0);
  const [input, outputTokens, cachedTokens, written] = ['input', 'output', 'cacheRead', 'cacheWrite'].map((field) =>
    sum((usage) => number(usage, field)),
  ) as [number, number, number, number];
  const inputTokens = input + cachedTokens + written;
  // It knows no price for a model of the user's own, and says 0.
  const costUsd = sum((usage) => number(object(usage, 'cost'), 'total')) || undefined;
  return inputTokens + outputTokens > 0 ? [usageEvent({ inputTokens, outputTokens, cachedTokens, costUsd })] : [];
}

/** Runs that never began. With an unknown model of a known vendor it warns, and lets the API refuse it. */
function readStderr(text: string): ReadFailure | undefined {
  const line = text.split('\n').find((said) => said.trim() !== '' && !said.includes('Warning: '));
  if (line === undefined) return undefined;
  const { fatal: _, ...rest } = failure(line.replace(/^Error: /, ''));
  return /^No (?:API key|models)/.test(rest.message) ? { ...rest, kind: 'auth_required' } : rest;
}

/** A table: provider, model, and what the model can do. */
function readModels(text: string): string[] {
  const rows = text.split('\n').map((line) => line.trim().split(/ {2,}/));
  return rows.filter((row) => row.length >= 6 && row[0] !== 'provider').map(([vendor, model]) => `${vendor}/${model}`);
}

/** From its docs/providers.md and env-api-keys.js; which one is used depends on the model. */
const KEYS = [
  ...['ANTHROPIC', 'OPENAI', 'AZURE_OPENAI', 'DEEPSEEK', 'GEMINI', 'GROQ', 'CEREBRAS', 'XAI', 'FIREWORKS', 'TOGETHER'],
  ...['OPENROUTER', 'AI_GATEWAY', 'ZAI', 'MISTRAL', 'MINIMAX', 'MINIMAX_CN', 'MOONSHOT', 'OPENCODE', 'KIMI'],
  ...['CLOUDFLARE', 'GOOGLE_CLOUD', 'XIAOMI', 'XIAOMI_TOKEN_PLAN_CN', 'XIAOMI_TOKEN_PLAN_AMS', 'XIAOMI_TOKEN_PLAN_SGP'],
].map((name) => `${name}_API_KEY`);
const CLOUD = ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_BEARER_TOKEN_BEDROCK'];
const AUTH_FILE = { file: '.pi/agent/auth.json', movedBy: { env: 'PI_CODING_AGENT_DIR', file: 'auth.json' } } as const;

export const pi: Provider = {
  name: 'pi',
  title: 'pi',
  vendor: 'pi',
  version: '0.74.2',
  clients: [],
  command: 'pi',
  install: 'npm install -g @earendil-works/pi-coding-agent',
  login: 'pi (and type /login)',
  // In this order by its docs/providers.md. It makes an empty auth.json by itself.
  logins: [
    { kind: 'subscription', ...AUTH_FILE, contains: '"oauth"' },
    { kind: 'api key', ...AUTH_FILE, contains: '"api_key"' },
    { kind: 'subscription', env: 'ANTHROPIC_OAUTH_TOKEN' },
    ...KEYS.map((env) => ({ kind: 'api key', env }) as const),
    ...CLOUD.map((env) => ({ kind: 'cloud', env }) as const),
    {
      kind: 'api key',
      file: '.pi/agent/models.json',
      contains: '"apiKey"',
      movedBy: { env: 'PI_CODING_AGENT_DIR', file: 'models.json' },
    },
  ],
  loginEnv: [
    ...['PI_CODING_AGENT_DIR', 'PI_CODING_AGENT_SESSION_DIR', 'ANTHROPIC_OAUTH_TOKEN', ...KEYS, 'HF_TOKEN', ...CLOUD],
    ...[
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_REGION',
      'AZURE_OPENAI_BASE_URL',
      'AZURE_OPENAI_RESOURCE_NAME',
    ],
    ...[
      'CLOUDFLARE_ACCOUNT_ID',
      'CLOUDFLARE_GATEWAY_ID',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'GOOGLE_CLOUD_PROJECT',
      'GOOGLE_CLOUD_LOCATION',
    ],
  ],
  dropEnv: [],
  accessLevels: ['read-only', 'full'],
  effortLevels: ['low', 'medium', 'high'],
  // It has a flag for one, but keeps it for one run only, and a conversation keeps its system prompt.
  systemPrompt: false,
  sessionId: 'reported',
  extras: ['args'],
  models: [],
  listModels: { args: ['--list-models', '--offline'], read: readModels },
  // Not "message_update", which repeats the message so far with every word of it, nor the results of tools.
  needles: [
    '"type":"session"',
    '"type":"thinking_start"',
    '"type":"message_end","message":{"role":"assistant"',
    '"type":"tool_execution_start"',
    '"type":"auto_retry_start"',
    '"type":"agent_end"',
  ],
  tailHoldsAnswer: true,
  invoke,
  interactive: (sessionId) => ['--session', sessionId],
  read,
  readStderr,
};
