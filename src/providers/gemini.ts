// Gemini CLI. What is said here of its flags and output was seen with Gemini CLI 0.61.0; recordings are in
// test/fixtures/recordings/gemini.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { isObject, type Json, number, object, string } from './json.js';
import type { Access, Invocation, Provider, ProviderEvent, ProviderRequest, ReadFailure } from './provider.js';

/** Without a person to ask, a mode's unapproved tools are not even offered to the model. */
const APPROVAL: Record<Access, string> = { 'read-only': 'default', edit: 'auto_edit', full: 'yolo' };

/**
 * The modes alone hold nothing back: a user's `tools.allowed` or policies, and the model itself by way of plan mode
 * ("Plan approved. Switching to YOLO mode"), let the shell run. As admin policy ours wins over all of these, but the
 * flag is ignored where the machine has admin policies of its own; so it is given as a user's, too, first among them.
 * `--policy` replaces the user's folder, whose denials must stay.
 */
const POLICY: Partial<Record<Access, string>> = {
  'read-only': fileURLToPath(new URL('./gemini-read-only.toml', import.meta.url)),
  edit: fileURLToPath(new URL('./gemini-edit.toml', import.meta.url)),
};

function policyArgs(policy: string, env: ProviderRequest['env']): string[] {
  const users = join(env.GEMINI_CLI_HOME || env.HOME || homedir(), '.gemini', 'policies');
  // Both flags take lists.
  const split = [policy, users].find((path) => path.includes(','));
  if (split) throw new Error(`Gemini CLI would take the comma in ${split} for the end of a path.`);
  return [`--admin-policy=${policy}`, `--policy=${policy}`, `--policy=${users}`];
}

function invoke({ access, model, sessionId, resume, trusted, extras, env }: ProviderRequest): Invocation {
  const args = ['-o', 'stream-json', '--approval-mode', APPROVAL[access]];
  const policy = POLICY[access];
  if (policy) args.push(...policyArgs(policy, env));
  // `--flag=value`, because it reads "--model --yolo" as two flags.
  if (sessionId) args.push(`--${resume ? 'resume' : 'session-id'}=${sessionId}`);
  if (model) args.push(`--model=${model}`);
  for (const folder of extras.addDirs ?? []) args.push(`--include-directories=${folder}`);
  args.push(...(extras.args ?? []));
  // Without the first it refuses folders it was never asked about (exit 55); the second saves a process, which
  // would not pass signals on.
  // Elsewhere Gemini's own guard stays: a folder's settings can name programs that it would start.
  const trust = trusted ? { GEMINI_CLI_TRUST_WORKSPACE: 'true' } : undefined;
  // A policy file that is missing is ignored without a word.
  return { args, env: { GEMINI_CLI_NO_RELAUNCH: 'true', ...trust }, ...(policy && { needs: [policy] }) };
}

function read(record: Json): ProviderEvent[] {
  switch (record.type) {
    case 'init': {
      const sessionId = string(record, 'session_id');
      return sessionId ? [{ type: 'session', sessionId, model: string(record, 'model') }] : [];
    }
    case 'message':
      if (record.role !== 'assistant') return [];
      return [{ type: 'text', text: string(record, 'content') ?? '', delta: record.delta === true }];
    case 'tool_use':
      return [toolEvent(string(record, 'tool_name') ?? 'tool', object(record, 'parameters'))];
    case 'error':
      // Warnings ("Loop detected, stopping execution") are followed by a result that says how it went.
      return record.severity === 'error' ? [{ type: 'error', ...failure(string(record, 'message') ?? '') }] : [];
    case 'result':
      return readResult(record);
    default:
      return [];
  }
}

function readResult(record: Json): ProviderEvent[] {
  const stats = object(record, 'stats');
  const usage = usageEvent({
    inputTokens: number(stats, 'input_tokens'),
    outputTokens: number(stats, 'output_tokens'),
    cachedTokens: number(stats, 'cached'),
  });
  if (record.status === 'success') return [usage, { type: 'end', ok: true }];
  // Without an `error` of its own, it ends a run whose error was an event before it.
  const { error } = record;
  const said: ProviderEvent[] = isObject(error) ? [{ type: 'error', ...failure(string(error, 'message') ?? '') }] : [];
  return [usage, ...said, { type: 'end', ok: false }];
}

/** Attempts go to stderr alone: while they last, several minutes, stdout is silent. */
const ATTEMPT = /^Attempt (\d+) failed(?: with status (\d+))?.*?(?:backoff\.\.\.|failed:) (.*)/;
const REPORT = /^Error when talking to Gemini API Full report available at: .*?\.json (.*)/;
/** Class names before a message. Left in, "RetryableQuotaError" would speak of a quota where there is none. */
const CLASS_NAME = /^(?:_ApiError|RetryableQuotaError|Error|TypeError): /;

function readStderr(text: string): ReadFailure | undefined {
  const line = text.split('\n').findLast((said) => ATTEMPT.test(said) || REPORT.test(said));
  if (line === undefined) return undefined;
  const [, attempt, status, why] = ATTEMPT.exec(line) ?? [];
  const words = (why ?? REPORT.exec(line)?.[1] ?? '').replace(CLASS_NAME, '');
  const { fatal: _, message, ...rest } = failure(words, status === undefined ? undefined : Number(status));
  return { ...rest, message: attempt === undefined ? message : `attempt ${attempt} failed: ${message}` };
}

function file(name: string) {
  return { file: `.gemini/${name}`, movedBy: { env: 'GEMINI_CLI_HOME', file: `.gemini/${name}` } } as const;
}

export const gemini: Provider = {
  name: 'gemini',
  title: 'Gemini CLI',
  vendor: 'google',
  version: '0.61.0',
  clients: ['gemini-cli-mcp-client'],
  command: 'gemini',
  install: 'npm install -g @google/gemini-cli',
  login: 'gemini (and choose a sign-in)',
  loginEnv: [
    'GEMINI_API_KEY',
    'GEMINI_CLI_HOME',
    'GOOGLE_API_KEY',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'GOOGLE_CLOUD_LOCATION',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_GEMINI_BASE_URL',
    'GOOGLE_GENAI_USE_GCA',
    'GOOGLE_GENAI_USE_VERTEXAI',
  ],
  // The kind that its settings choose wins over the variables.
  logins: [
    { kind: 'api key', ...file('settings.json'), contains: '"gemini-api-key"' },
    { kind: 'cloud', ...file('settings.json'), contains: '"vertex-ai"' },
    { kind: 'subscription', ...file('settings.json'), contains: '"oauth-personal"' },
    { kind: 'subscription', env: 'GOOGLE_GENAI_USE_GCA' },
    { kind: 'cloud', env: 'GOOGLE_GENAI_USE_VERTEXAI' },
    { kind: 'api key', env: 'GEMINI_API_KEY' },
    { kind: 'subscription', ...file('oauth_creds.json') },
    { kind: 'subscription', ...file('google_accounts.json') },
  ],
  dropEnv: [],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: [],
  systemPrompt: false,
  sessionId: 'chosen',
  slashCommands: true,
  extras: ['addDirs', 'args'],
  models: [],
  // Its own statuses, and the HTTP status modulo 256.
  exitCodes: {
    17: { kind: 'provider_error', message: 'The model is overloaded (HTTP status 529).' },
    41: { kind: 'auth_required', message: 'Gemini CLI is not logged in.' },
    42: { kind: 'provider_error', message: 'The session is not known in this folder, or its id is taken.' },
    52: { kind: 'provider_error', message: 'Gemini CLI cannot read its settings.json.' },
    53: { kind: 'provider_error', message: 'The limit of turns in its settings was reached.' },
    55: {
      kind: 'provider_error',
      message: 'Gemini CLI does not trust this folder: trust it by running gemini in it once, or work in the project.',
    },
    145: { kind: 'auth_required', message: 'The API refused the login (HTTP status 401).' },
    147: { kind: 'auth_required', message: 'The API refused the login (HTTP status 403).' },
    148: { kind: 'model_not_found', message: 'The API does not know the model (HTTP status 404).' },
    173: { kind: 'rate_limited', message: 'Too many requests (HTTP status 429).' },
    244: { kind: 'provider_error', message: 'The API failed (HTTP status 500).' },
    247: { kind: 'provider_error', message: 'The API is not available (HTTP status 503).' },
  },
  // Not "tool_result", nor the "message" that repeats the prompt.
  needles: ['"type":"init"', '"role":"assistant"', '"type":"tool_use"', '"type":"error"', '"type":"result"'],
  // The answer comes in pieces, each on a line of its own.
  tailHoldsAnswer: false,
  invoke,
  interactive: (sessionId) => ['--resume', sessionId],
  read,
  readStderr,
};
