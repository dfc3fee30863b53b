// OpenCode, with models of many vendors. What is said here of its flags and output was seen with OpenCode 1.18.33;
// recordings are in test/fixtures/recordings/opencode.
import { join, relative, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { failure, isFatal } from './classify.js';
import { toolEvent } from './events.js';
import { array, type Json, number, object, string } from './json.js';
import {
  ACCESS_LEVELS,
  type Access,
  EXTRAS,
  type Invocation,
  type Provider,
  type ProviderErrorKind,
  type ProviderEvent,
  type ProviderRequest,
  type ReadFailure,
  type UserFile,
} from './provider.js';

/** The last rule that fits is obeyed. What is denied whole is not even offered. */
const READING = {
  '*': 'deny',
  // OpenCode's own rules, but for "ask": there is nobody to ask.
  read: { '*': 'allow', '*.env': 'deny', '*.env.*': 'deny', '*.env.example': 'allow' },
  ...{ glob: 'allow', grep: 'allow', list: 'allow', lsp: 'allow', skill: 'allow', todowrite: 'allow' },
};

const agent = (access: Access) => `sidejob-${access}`;

/** OpenCode counts the whole Git working tree as its folder, and tells paths from there. (A `.git` may be a file.) */
const GIT = Array.from({ length: 40 }, (_, up): UserFile => {
  return { name: `git-${up}`, below: 'cwd', file: `${'../'.repeat(up)}.git` };
});
/** What its rules would read as a pattern. */
const PATTERN = /[*?[\](){}!+@|,\\]|^[~$]/;

/** `full` asks for nothing with `--auto`, and leaves what the user denies denied. */
function permission(access: Access, { cwd, files, extras }: ProviderRequest): Json {
  const { addDirs = [], allowTools = [], denyTools = [] } = extras;
  const strange = access === 'edit' && [cwd, ...addDirs].find((folder) => PATTERN.test(folder));
  if (strange)
    throw new Error(`OpenCode would read the name of ${strange} as a pattern, and edit more than that folder.`);
  const up = GIT.findIndex(({ name }) => files[name] !== undefined);
  const root = resolve(cwd, '../'.repeat(Math.max(up, 0)));
  const below = (folders: string[]) => Object.fromEntries(folders.map((folder) => [`${folder}/*`, 'allow']));
  const inside = [cwd, ...addDirs].map((folder) => relative(root, folder));
  const edit = up > 0 ? { '*': 'deny', ...below(inside) } : 'allow';
  return {
    ...(access !== 'full' && READING),
    ...(access === 'edit' && { edit }),
    ...(addDirs.length > 0 && { external_directory: below([...addDirs]) }),
    ...Object.fromEntries(allowTools.map((tool) => [tool, 'allow'])),
    ...Object.fromEntries(denyTools.map((tool) => [tool, 'deny'])),
  };
}

function invoke(request: ProviderRequest): Invocation {
  const { access, model, effort, sessionId, resume, extras } = request;
  // `--title=` takes the prompt's first words; without it, the model is asked for a title. Its logs are the only place
  // where it tells of retries, and of a model that it does not know.
  const args = ['run', '--format', 'json', '--title=', '--print-logs', '--log-level=ERROR', `--agent=${agent(access)}`];
  if (access === 'full') args.push('--auto');
  // `--flag=value` keeps a value that begins with "-" from being read as a flag.
  if (resume && sessionId) args.push(`--session=${sessionId}`);
  if (model) args.push(`--model=${model}`);
  if (effort) args.push(`--variant=${effort}`);
  return {
    args: [...args, ...(extras.args ?? [])],
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify(withAgents(request)),
      ...(extras.mcpConfig && { OPENCODE_CONFIG: extras.mcpConfig }),
      ...(!obeysFolder(request) && { OPENCODE_DISABLE_PROJECT_CONFIG: 'true' }),
    },
  };
}

/** A folder's configuration can name plugins and programs, which would be started. */
function obeysFolder({ access, trusted }: ProviderRequest): boolean {
  return trusted && access !== 'read-only';
}

/**
 * The user's configuration from the environment, and agents of ours: rules that the user or the folder has for one
 * of OpenCode's own override OPENCODE_PERMISSION.
 */
function withAgents(request: ProviderRequest): Json {
  const ours = ACCESS_LEVELS.map((access) => {
    return [agent(access), { mode: 'primary', permission: permission(access, request) }] as const;
  });
  const given = parsed(request.env.OPENCODE_CONFIG_CONTENT || '{}');
  return {
    ...given,
    // Without a folder's configuration this is not read either.
    ...(!obeysFolder(request) && { instructions: [...array(given, 'instructions'), join(request.cwd, 'AGENTS.md')] }),
    agent: { ...object(given, 'agent'), ...Object.fromEntries(ours) },
  };
}

function parsed(config: string): Json {
  try {
    return JSON.parse(config) as Json;
  } catch {
    throw new Error('OPENCODE_CONFIG_CONTENT is set to what is not plain JSON, so that no rules can be added to it.');
  }
}

function read(record: Json): ProviderEvent[] {
  const part = object(record, 'part');
  switch (record.type) {
    case 'step_start':
      return session(record);
    case 'text':
      return [{ type: 'text', text: string(part, 'text') ?? '' }];
    // Printed when the call is done.
    case 'tool_use':
      return [toolEvent(string(part, 'tool') ?? 'tool', object(object(part, 'state'), 'input'))];
    case 'step_finish':
      return [...readUsage(part), ...(goesOn(part) ? [] : [{ type: 'end', ok: true } as const])];
    case 'error':
      return [...session(record), ...readError(object(record, 'error'))];
    default:
      return [];
  }
}

function session(record: Json): ProviderEvent[] {
  const sessionId = string(record, 'sessionID');
  return sessionId ? [{ type: 'session', sessionId }] : [];
}

/** The two reasons after which its own loop takes another step. */
function goesOn(step: Json): boolean {
  return step.reason === 'tool-calls' || step.reason === 'unknown';
}

/** The tokens of one step; what was cached or reasoned is not in `input` and `output`. */
function readUsage(step: Json): ProviderEvent[] {
  const tokens = object(step, 'tokens');
  const cache = object(tokens, 'cache');
  const input = number(tokens, 'input');
  const output = number(tokens, 'output');
  if (input === undefined || output === undefined) return [];
  const cachedTokens = number(cache, 'read') ?? 0;
  const reasoningTokens = number(tokens, 'reasoning') ?? 0;
  const cost = number(step, 'cost') ?? 0;
  const usage = {
    inputTokens: input + cachedTokens + (number(cache, 'write') ?? 0),
    outputTokens: output + reasoningTokens,
    ...{ cachedTokens, reasoningTokens },
    // It says 0 for a model of which it knows no price.
    ...(cost > 0 && { costUsd: cost }),
  };
  return [{ type: 'usage', usage, add: true }];
}

/** Errors whose name tells what their words and status may not. */
const KINDS: Readonly<Record<string, ProviderErrorKind>> = {
  ContentFilterError: 'refused',
  ContextOverflowError: 'context_too_long',
  ProviderAuthError: 'auth_required',
};

function readError(error: Json): ProviderEvent[] {
  const data = object(error, 'data');
  // "Unexpected server error. Check server logs for details.": the log is on stderr.
  if (string(data, 'ref')) return [];
  const name = string(error, 'name') ?? '';
  const said = failure(string(data, 'message') ?? name, number(data, 'statusCode'));
  const kind = KINDS[name] ?? (/^Cannot connect/.test(said.message) ? 'network' : said.kind);
  const wait = Number(string(object(data, 'responseHeaders'), 'retry-after') ?? Number.NaN);
  const retryAfterSec = kind === 'rate_limited' && wait >= 0 ? wait : undefined;
  return [
    { type: 'error', ...said, kind, fatal: isFatal(kind), retryAfterSec },
    { type: 'end', ok: false },
  ];
}

/** `… level=ERROR … error.error="AI_APICallError: Too many requests"`; what it did not begin: `Error: Session not found`. */
const SAID = / level=ERROR .*? error(?:\.error)?="(?:\w+Error: )?((?:[^"\\]|\\.)*)"|^Error: (.+)/;

function readStderr(text: string): ReadFailure | undefined {
  const lines = stripVTControlCharacters(text).split('\n');
  const [, logged, printed] = SAID.exec(lines.findLast((line) => SAID.test(line)) ?? '') ?? [];
  const words = logged?.replaceAll('\\"', '"') ?? printed;
  if (words === undefined) return undefined;
  const { kind, message } = failure(words);
  return { kind, message };
}

const DATA = {
  file: '.local/share/opencode/auth.json',
  movedBy: { env: 'XDG_DATA_HOME', file: 'opencode/auth.json' },
};
const KEYS = ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_API_KEY'];

export const opencode: Provider = {
  name: 'opencode',
  title: 'OpenCode',
  vendor: 'opencode',
  version: '1.18.33',
  clients: ['opencode'],
  command: 'opencode',
  install: 'npm install -g opencode-ai',
  login: 'opencode auth login',
  // Without any it still runs, with free models of its own; that is nothing to fall back on unasked.
  logins: [
    { kind: 'subscription', ...DATA, contains: '"oauth"' },
    { kind: 'api key', ...DATA },
    ...KEYS.map((env) => ({ kind: 'api key', env }) as const),
    ...['opencode.json', 'opencode.jsonc'].map((file) => ({
      kind: 'api key' as const,
      file: `.config/opencode/${file}`,
      contains: '"provider"',
      movedBy: { env: 'XDG_CONFIG_HOME', file: `opencode/${file}` },
    })),
  ],
  loginEnv: [
    ...KEYS,
    ...['OPENCODE_AUTH_CONTENT', 'OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT', 'OPENCODE_CONFIG_DIR', 'OPENCODE_DB'],
    ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME'],
  ],
  // What it tells the processes it starts about itself.
  dropEnv: ['OPENCODE', 'OPENCODE_PID'],
  accessLevels: ['read-only', 'edit', 'full'],
  // Variants of a model, by these names where it has them; any other is passed over.
  effortLevels: ['low', 'medium', 'high'],
  systemPrompt: false,
  sessionId: 'reported',
  extras: EXTRAS,
  models: [],
  listModels: { args: ['models'], read: (stdout) => stdout.split('\n').filter((line) => /^[^\s/]+\/\S+$/.test(line)) },
  userFiles: GIT,
  needles: ['"type":"step_start"', '"type":"text"', '"type":"tool_use"', '"type":"step_finish"', '"type":"error"'],
  // The tokens of all steps are to be added up.
  tailHoldsAnswer: false,
  invoke,
  interactive: (sessionId) => ['--session', sessionId],
  read,
  readStderr,
};
