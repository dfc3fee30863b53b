// Claude Code. What is said here of its flags and output was seen with Claude Code 2.1.328; recordings are in
// test/fixtures/recordings/claude.

import { type Failure, failure, isFatal } from './classify.js';
import { folderDenials, keptSettings, SETTINGS_FILES } from './claude-settings.js';
import { toolEvent, usageEvent } from './events.js';
import { array, isObject, type Json, number, object, string } from './json.js';
import {
  type Access,
  EXTRAS,
  type Invocation,
  type Provider,
  type ProviderEvent,
  type ProviderRequest,
} from './provider.js';

const MODE: Record<Access, string> = { 'read-only': 'manual', edit: 'acceptEdits', full: 'bypassPermissions' };
const EDITING_TOOLS = ['Edit', 'Write', 'NotebookEdit'];
/** All that a `read-only` job may call. Of Bash, what changes nothing passes (`git log`); the rest is refused. */
const READING_TOOLS = ['Bash', 'Read', 'Grep', 'Glob', 'WebFetch', 'WebSearch', 'Agent', 'Skill'];

/** Whose settings apply. */
function settingsArgs({ access, trusted, cwd, extras, files }: ProviderRequest): Invocation {
  const mcp = extras.mcpConfig ? [`--mcp-config=${extras.mcpConfig}`, '--strict-mcp-config'] : [];
  // Without a folder's settings its CLAUDE.md is not read either; this brings back that alone.
  const memory = { CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD: '1' };
  if (access === 'read-only') {
    const { settings, env } = keptSettings(files);
    const args = ['--restricted', `--tools=${READING_TOOLS.join(',')}`, `--settings=${JSON.stringify(settings)}`];
    return {
      args: [...args, `--add-dir=${cwd}`, ...(mcp.length > 0 ? mcp : ['--strict-mcp-config'])],
      env: { ...env, ...memory },
    };
  }
  // A folder that only a model has named: its hooks and allow rules are nobody's wish.
  if (access === 'edit' && !trusted) {
    const denials = `--settings=${JSON.stringify(folderDenials(files))}`;
    return { args: ['--setting-sources=user', denials, `--add-dir=${cwd}`, ...mcp], env: memory };
  }
  return { args: mcp, env: {} };
}

function invoke(request: ProviderRequest): Invocation {
  const { access, model, effort, systemPrompt, sessionId, resume, outputSchema, extras } = request;
  const { args: settings, env } = settingsArgs(request);
  // `--flag=value` keeps a value that begins with "-" from being read as a flag, and a list from taking what follows.
  const args = ['-p', '--output-format', 'stream-json', '--verbose', '--permission-mode', MODE[access], ...settings];
  const denied = [...(access === 'read-only' ? EDITING_TOOLS : []), ...(extras.denyTools ?? [])];
  if (denied.length > 0) args.push(`--disallowedTools=${denied.join(',')}`);
  if (sessionId) args.push(`--${resume ? 'resume' : 'session-id'}=${sessionId}`);
  if (model) args.push(`--model=${model}`);
  if (effort) args.push(`--effort=${effort}`);
  // A conversation keeps the system prompt it began with: on --resume the flag is accepted and ignored.
  if (systemPrompt && !resume) args.push(`--append-system-prompt=${systemPrompt}`);
  if (outputSchema) args.push(`--json-schema=${outputSchema.json}`);
  if (extras.allowTools?.length) args.push(`--allowedTools=${extras.allowTools.join(',')}`);
  for (const folder of extras.addDirs ?? []) args.push(`--add-dir=${folder}`);
  return { args: [...args, ...(extras.args ?? [])], env };
}

function read(record: Json): ProviderEvent[] {
  switch (record.type) {
    case 'system':
      return readSystem(record);
    case 'assistant':
      return readAssistant(record);
    case 'result':
      return readResult(record);
    case 'rate_limit_event':
      return readLimit(object(record, 'rate_limit_info'));
    default:
      return [];
  }
}

function readSystem(record: Json): ProviderEvent[] {
  if (record.subtype === 'api_retry') return [readRetry(record)];
  const sessionId = string(record, 'session_id');
  if (record.subtype !== 'init' || !sessionId) return [];
  return [{ type: 'session', sessionId, model: string(record, 'model') }];
}

/**
 * Comes with every change of the account's limits, mostly "allowed" or "allowed_warning". `resetsAt` is in seconds.
 * Seen with a subscription's token; with an API key there are none.
 */
function readLimit(info: Json): ProviderEvent[] {
  const resetsAt = number(info, 'resetsAt');
  return info.status === 'rejected' && resetsAt !== undefined ? [{ type: 'limit', resetsAt: resetsAt * 1000 }] : [];
}

function readRetry(record: Json): ProviderEvent {
  const status = number(record, 'error_status');
  const attempt = number(record, 'attempt');
  const maxAttempts = number(record, 'max_retries');
  // No status means no answer: seen with a refused and with a cut connection, both times with "unknown".
  if (status === undefined)
    return { type: 'retry', attempt, maxAttempts, kind: 'network', message: 'no answer from the API' };
  const words = (string(record, 'error') ?? 'error').replaceAll('_', ' ');
  const { kind } = failure(words, status);
  // The first 401 may heal: it makes Claude Code renew its login (an OAuth token, an apiKeyHelper's key).
  const fatal = isFatal(kind) && (attempt ?? 1) > 1;
  return { type: 'retry', attempt, maxAttempts, kind, message: `${status} ${words}`, fatal };
}

function readAssistant(record: Json): ProviderEvent[] {
  const blocks = array(object(record, 'message'), 'content').filter(isObject);
  if (record.is_api_error_message === true) {
    const text = blocks.map((block) => string(block, 'text') ?? '').join(' ');
    return [{ type: 'error', ...apiFailure(text, record) }];
  }
  // What a subagent writes is no part of the answer; what it does is.
  const own = !record.parent_tool_use_id;
  return blocks.flatMap((block): ProviderEvent[] => {
    const text = string(block, 'text') ?? string(block, 'thinking') ?? '';
    if (block.type === 'tool_use') return [toolEvent(string(block, 'name') ?? 'tool', object(block, 'input'))];
    if (block.type === 'thinking') return [{ type: 'thinking', text }];
    return block.type === 'text' && own ? [{ type: 'text', text }] : [];
  });
}

/** The last line of a run. An API error has `subtype: "success"` together with `is_error: true`. */
function readResult(record: Json): ProviderEvent[] {
  const usage = readUsage(record);
  if (record.is_error === true || record.subtype !== 'success') {
    return [usage, { type: 'error', ...apiFailure(resultError(record), record) }, { type: 'end', ok: false }];
  }
  // With --json-schema, the answer is here; `result` is what was said beside it.
  const { structured_output: structured } = record;
  const text = structured === undefined ? string(record, 'result') : JSON.stringify(structured);
  return [usage, ...(text ? [{ type: 'answer', text } as const] : []), { type: 'end', ok: true }];
}

/** `usage` is of this run; since some version after 2.1.197 the cost counts the whole conversation. */
function readUsage(record: Json): ProviderEvent {
  const usage = object(record, 'usage');
  const cachedTokens = number(usage, 'cache_read_input_tokens');
  const uncached = number(usage, 'input_tokens');
  const inputTokens =
    uncached === undefined
      ? undefined
      : uncached + (cachedTokens ?? 0) + (number(usage, 'cache_creation_input_tokens') ?? 0);
  const outputTokens = number(usage, 'output_tokens');
  const reasoningTokens = number(object(usage, 'output_tokens_details'), 'thinking_tokens');
  const costUsd = number(record, 'total_cost_usd');
  return usageEvent({ inputTokens, outputTokens, cachedTokens, reasoningTokens, costUsd }, ['costUsd']);
}

function resultError(record: Json): string {
  const errors = array(record, 'errors').filter((error): error is string => typeof error === 'string');
  // "[ede_diagnostic] …" is for Claude Code's own developers.
  const said = string(record, 'result') ?? errors.find((error) => !error.startsWith('[ede_diagnostic]'));
  return said ?? (string(record, 'terminal_reason') ?? string(record, 'subtype') ?? '').replaceAll('_', ' ');
}

function apiFailure(text: string, record: Json): Failure {
  return failure(text, number(record, 'api_error_status'));
}

export const claude: Provider = {
  name: 'claude',
  title: 'Claude Code',
  vendor: 'anthropic',
  version: '2.1.328',
  clients: ['claude-code', 'claude-ai', 'claude-desktop'],
  command: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code',
  login: 'claude auth login',
  // On macOS the credentials are in the keychain, and only .claude.json shows that somebody has been here.
  // .claude.json is there after any start, and after Sidejob was entered in it; a login leaves an account in it.
  logins: [
    { kind: 'cloud', env: 'CLAUDE_CODE_USE_BEDROCK' },
    { kind: 'cloud', env: 'CLAUDE_CODE_USE_VERTEX' },
    { kind: 'api key', env: 'ANTHROPIC_AUTH_TOKEN' },
    { kind: 'api key', env: 'ANTHROPIC_API_KEY' },
    { kind: 'subscription', env: 'CLAUDE_CODE_OAUTH_TOKEN' },
    {
      kind: 'subscription',
      file: '.claude/.credentials.json',
      movedBy: { env: 'CLAUDE_CONFIG_DIR', file: '.credentials.json' },
    },
    {
      kind: 'subscription',
      file: '.claude.json',
      contains: '"oauthAccount"',
      movedBy: { env: 'CLAUDE_CONFIG_DIR', file: '.claude.json' },
    },
  ],
  loginEnv: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'ANTHROPIC_BASE_URL',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CODE_USE_BEDROCK',
    'CLAUDE_CODE_USE_VERTEX',
    'CLAUDE_CONFIG_DIR',
  ],
  // The first three are nesting guards. The rest ties a process to the session that started it: Claude Code
  // hands them to its MCP servers, so they reach us, and a job is no part of that session.
  dropEnv: [
    'CLAUDECODE',
    'CLAUDE_CODE_ENTRYPOINT',
    'CLAUDE_CODE_SSE_PORT',
    'CLAUDE_CODE_CHILD_NOTES_DIR',
    'CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS',
    'CLAUDE_CODE_MESSAGING_SOCKET',
    'CLAUDE_CODE_MESSAGING_TOKEN',
    'CLAUDE_CODE_SESSION_ID',
  ],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: ['low', 'medium', 'high'],
  systemPrompt: true,
  sessionId: 'chosen',
  slashCommands: true,
  userFiles: SETTINGS_FILES,
  structured: 'native',
  extras: EXTRAS,
  // The aliases that `claude --help` names.
  models: ['fable', 'opus', 'sonnet'],
  // Not "type":"user": those lines are tool results, the bulk of the output. Quotes inside a JSON string are
  // escaped, so what a tool printed cannot look like a needle.
  needles: [
    '"type":"assistant"',
    '"type":"result"',
    '"type":"rate_limit_event"',
    '"subtype":"init"',
    '"subtype":"api_retry"',
  ],
  tailHoldsAnswer: true,
  invoke,
  interactive: (sessionId) => ['--resume', sessionId],
  read,
  // Its stderr is empty unless it refuses to start: "Session ID … is already in use", or bypass as root.
  readStderr(text) {
    if (text.trim() === '') return undefined;
    const { kind, message } = failure(text.trim().replace(/^error: /i, ''));
    const isOld = message.startsWith('unknown option');
    return { kind, message: isOld ? `${message}: update Claude Code; 2.1.328 is known to work.` : message };
  },
};
