// Qwen Code. What is said here of its flags and output was seen with Qwen Code 0.24.4; recordings are in
// test/fixtures/recordings/qwen.
import { type Failure, failure } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { array, isObject, type Json, number, object, string } from './json.js';
import {
  EXTRAS,
  type Invocation,
  type Provider,
  type ProviderEvent,
  type ProviderRequest,
  type ReadFailure,
  type Usage,
  type UserFile,
} from './provider.js';

/**
 * Denied for `read-only`. `agent` has Claude Code and Codex among its subagents, with rules of their own; what the
 * tools of MCP servers do is not known.
 */
const WRITING_TOOLS = [
  ...['edit', 'write_file', 'notebook_edit', 'run_shell_command', 'monitor'],
  ...['agent', 'enter_worktree', 'exit_worktree', 'mcp__*'],
];

function invoke(request: ProviderRequest): Invocation {
  const { model, systemPrompt, sessionId, resume, outputSchema, extras } = request;
  const args = ['-o', 'stream-json', ...accessArgs(request)];
  // `--flag=value` keeps a value that begins with "-" from being read as a flag, and a list from taking what follows.
  if (sessionId) args.push(`--${resume ? 'resume' : 'session-id'}=${sessionId}`);
  if (model) args.push(`--model=${model}`);
  // It holds for one run: a conversation gone on with has forgotten it.
  if (systemPrompt) args.push(`--append-system-prompt=${systemPrompt}`);
  if (outputSchema) args.push(`--json-schema=@${outputSchema.file}`);
  for (const folder of extras.addDirs ?? []) args.push(`--add-dir=${folder}`);
  if (extras.mcpConfig) args.push(`--mcp-config=${extras.mcpConfig}`);
  // It saves a process, which would not pass signals on.
  return { args: [...args, ...(extras.args ?? [])], env: { QWEN_CODE_NO_RELAUNCH: 'true' } };
}

function accessArgs({ access, cwd, files, extras }: ProviderRequest): string[] {
  const list = (flag: string, tools: string[]) => (tools.length > 0 ? [`--${flag}=${tools.join(',')}`] : []);
  const { addDirs = [], allowTools = [], denyTools = [] } = extras;
  if (access === 'full')
    return [
      '--approval-mode=yolo',
      ...list('allowed-tools', [...allowTools]),
      ...list('exclude-tools', [...denyTools]),
    ];
  const writable = access === 'edit' ? [cwd, ...addDirs].map(pathPattern) : [];
  const allowed = writable.flatMap((below) => [`edit(${below})`, `write_file(${below})`, `notebook_edit(${below})`]);
  const denied = [...(access === 'read-only' ? WRITING_TOOLS : []), ...Object.values(files).flatMap(deniedBy)];
  return [
    // The settings of the user and of the folder allow tools and start programs: hooks, MCP servers.
    '--safe-mode',
    // Not `auto-edit`, which lets files be written anywhere. `default` denies what is not allowed, as nobody is there
    // to ask; the shell is not even offered.
    '--approval-mode=default',
    ...list('allowed-tools', [...allowed, ...allowTools]),
    ...list('exclude-tools', [...denied, ...denyTools]),
  ];
}

const SETTINGS: readonly UserFile[] = [
  {
    name: 'user',
    below: 'home',
    file: '.qwen/settings.json',
    movedBy: { env: 'QWEN_HOME', file: 'settings.json' },
  },
  { name: 'folder', below: 'cwd', file: '.qwen/settings.json' },
];

/**
 * What settings deny stays denied.
 * @throws Error for settings that are not JSON: what they deny would be lost
 */
function deniedBy(settings: string): string[] {
  const all = parsed(settings);
  const rules = [...array(object(all, 'permissions'), 'deny'), ...array(object(all, 'tools'), 'exclude')];
  const texts = rules.filter((rule): rule is string => typeof rule === 'string');
  const split = texts.find((rule) => rule.includes(','));
  if (split) throw new Error(`Qwen Code would take the comma in the rule "${split}" for the end of it.`);
  return texts;
}

function parsed(settings: string): unknown {
  try {
    return JSON.parse(settings || '{}');
  } catch {
    throw new Error('.qwen/settings.json is not plain JSON, so what it denies cannot be kept.');
  }
}

/** A rule's pattern for everything below an absolute path: a glob, in a list that is split at commas. */
function pathPattern(folder: string): string {
  if (/[*?[\](){}!+@|,\\]/.test(folder)) {
    throw new Error(`Qwen Code would read the name of ${folder} as a pattern, and edit more than that folder.`);
  }
  return `/${folder}/**`;
}

function read(record: Json): ProviderEvent[] {
  switch (record.type) {
    case 'system':
      return readSystem(record);
    case 'assistant':
      return readAssistant(record);
    case 'result':
      return readResult(record);
    default:
      return [];
  }
}

function readSystem(record: Json): ProviderEvent[] {
  const sessionId = string(record, 'session_id');
  if (record.subtype === 'init' && sessionId) return [{ type: 'session', sessionId, model: string(record, 'model') }];
  if (record.subtype !== 'retry') return [];
  const data = object(record, 'data');
  const counts = { attempt: number(data, 'attempt'), maxAttempts: number(data, 'maxRetries') };
  // Why it tries again stands on stderr alone.
  return [{ type: 'retry', ...counts, kind: 'provider_error', message: 'the API failed' }];
}

/** An API error is text, too; after a broken stream it follows the text of every attempt. */
const API_ERROR = /\[API Error: (?:([45]\d\d) )?/;

function readAssistant(record: Json): ProviderEvent[] {
  // What a subagent writes is no part of the answer; what it does is.
  const own = !record.parent_tool_use_id;
  const blocks = array(object(record, 'message'), 'content').filter(isObject);
  return blocks.flatMap((block): ProviderEvent[] => {
    if (block.type === 'tool_use') return [toolEvent(string(block, 'name') ?? 'tool', object(block, 'input'))];
    if (block.type === 'thinking') return [{ type: 'thinking', text: string(block, 'thinking') ?? '' }];
    // Cut, and made whole again by the result if it was no error.
    const text = (string(block, 'text') ?? '').replace(/\[API Error: .*/s, '');
    return block.type === 'text' && own && text ? [{ type: 'text', text }] : [];
  });
}

/** Qwen Code counts the whole conversation, earlier runs included. */
const CUMULATIVE: readonly (keyof Usage)[] = ['inputTokens', 'outputTokens', 'cachedTokens'];

function readResult(record: Json): ProviderEvent[] {
  const tokens = object(record, 'usage');
  const usage = usageEvent(
    {
      inputTokens: number(tokens, 'input_tokens'),
      outputTokens: number(tokens, 'output_tokens'),
      cachedTokens: number(tokens, 'cache_read_input_tokens'),
    },
    CUMULATIVE,
  );
  if (record.is_error === true || record.subtype !== 'success') {
    return [usage, { type: 'error', ...runFailure(record) }, { type: 'end', ok: false }];
  }
  // With --json-schema, this is the JSON.
  const text = string(record, 'result');
  return [usage, ...(text ? [{ type: 'answer', text } as const] : []), { type: 'end', ok: true }];
}

function runFailure(record: Json): Failure {
  const text = string(object(record, 'error'), 'message') ?? '';
  if (/^No auth type is selected/.test(text)) return { kind: 'auth_required', message: text, fatal: true };
  return apiFailure(text);
}

/** "[API Error: 429 Too many requests]", and perhaps advice on more lines. */
function apiFailure(text: string): Failure {
  const status = API_ERROR.exec(text)?.[1];
  return failure(text.replace(API_ERROR, '[API Error: '), status === undefined ? undefined : Number(status));
}

/** While it waits, for a minute and more, stdout says no more than that it does. */
const RETRYING = /^Retrying in \S+ \(attempt (\d+)\/\d+\): (.*)/;

function readStderr(text: string): ReadFailure | undefined {
  const line = text.split('\n').findLast((said) => RETRYING.test(said)) ?? '';
  const [, attempt, why] = RETRYING.exec(line) ?? [];
  if (why === undefined) return undefined;
  const { kind, message } = apiFailure(why);
  return { kind, message: `attempt ${attempt} failed: ${message}` };
}

export const qwen: Provider = {
  name: 'qwen',
  title: 'Qwen Code',
  vendor: 'alibaba',
  version: '0.24.4',
  clients: ['qwen-cli-mcp-client'],
  command: 'qwen',
  install: 'npm install -g @qwen-code/qwen-code',
  login: 'qwen (and choose with /auth)',
  // A key alone is none: without a chosen kind of login, it wants key, address and model in the environment.
  logins: [
    {
      kind: 'subscription',
      file: '.qwen/settings.json',
      contains: '"qwen-oauth"',
      movedBy: { env: 'QWEN_HOME', file: 'settings.json' },
    },
    {
      kind: 'api key',
      file: '.qwen/settings.json',
      contains: '"selectedType"',
      movedBy: { env: 'QWEN_HOME', file: 'settings.json' },
    },
    { kind: 'api key', env: 'OPENAI_MODEL' },
  ],
  loginEnv: [
    'OPENAI_API_KEY',
    'OPENAI_BASE_URL',
    'OPENAI_MODEL',
    'QWEN_HOME',
    'QWEN_MODEL',
    'QWEN_OAUTH',
    'QWEN_RUNTIME_DIR',
  ],
  // What ties a process to the session that started it.
  dropEnv: ['QWEN_CODE', 'QWEN_CODE_SESSION_ID'],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: [],
  systemPrompt: true,
  sessionId: 'chosen',
  slashCommands: true,
  userFiles: SETTINGS,
  structured: 'native',
  extras: EXTRAS,
  models: [],
  exitCodes: {
    53: { kind: 'provider_error', message: 'The limit of turns in its settings was reached.' },
    55: { kind: 'provider_error', message: 'The limit of time or tool calls in its settings was reached.' },
  },
  // Not "type":"user": those lines are tool results, the bulk of the output.
  needles: ['"type":"assistant"', '"type":"result"', '"subtype":"init"', '"subtype":"retry"'],
  tailHoldsAnswer: true,
  invoke,
  interactive: (sessionId) => ['--resume', sessionId],
  read,
  readStderr,
};
