// OpenAI Codex. What is said here of its flags and output was seen with Codex 0.169.0; recordings are in
// test/fixtures/recordings/codex.
import { failure } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { array, type Json, number, object, string } from './json.js';
import type { Access, Invocation, Provider, ProviderEvent, ProviderRequest, Usage } from './provider.js';

const SANDBOX: Record<Access, string> = {
  'read-only': 'read-only',
  edit: 'workspace-write',
  full: 'danger-full-access',
};

/** Codex counts the whole thread, earlier runs included. */
const CUMULATIVE: readonly (keyof Usage)[] = ['inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens'];

function invoke(request: ProviderRequest): Invocation {
  const { access, model, effort, systemPrompt, sessionId, resume, outputSchema, extras } = request;
  // The sandbox and its folders are flags of `exec` alone and stand before `resume`; what follows is understood by both.
  const args = ['exec', '-s', SANDBOX[access], ...(extras.addDirs ?? []).map((folder) => `--add-dir=${folder}`)];
  // A rule ("don't ask again") runs its command outside the sandbox.
  if (access !== 'full') args.push('--ignore-rules');
  args.push(...(resume ? ['resume'] : []), '--json', '--skip-git-repo-check');
  // A user's `approvals_reviewer = "auto_review"` lets a model approve what leaves the sandbox.
  if (access !== 'full') args.push('-c', 'approval_policy="never"');
  // Its sandbox leaves all of /tmp writable, other projects and stores included; the job's own TMPDIR stays so.
  // Nor are the folders that a user's configuration adds this job's.
  if (access === 'edit') {
    args.push(
      '-c',
      'sandbox_workspace_write.exclude_slash_tmp=true',
      '-c',
      'sandbox_workspace_write.writable_roots=[]',
    );
  }
  if (model) args.push(`--model=${model}`);
  if (effort) args.push('-c', `model_reasoning_effort="${effort}"`);
  // A thread keeps the instructions it began with: on resume they are accepted and ignored. The value is TOML,
  // whose basic strings are written as JSON's.
  if (systemPrompt && !resume) args.push('-c', `developer_instructions=${JSON.stringify(systemPrompt)}`);
  if (outputSchema) args.push(`--output-schema=${outputSchema.file}`);
  args.push(...(extras.args ?? []));
  if (resume && sessionId) args.push(sessionId);
  return { args: [...args, '-'], env: {} };
}

function read(record: Json): ProviderEvent[] {
  switch (record.type) {
    case 'thread.started': {
      const sessionId = string(record, 'thread_id');
      return sessionId ? [{ type: 'session', sessionId }] : [];
    }
    case 'item.started':
      return readStarted(object(record, 'item'));
    case 'item.completed':
      return readCompleted(object(record, 'item'));
    case 'error':
      return [readError(string(record, 'message') ?? '')];
    case 'turn.failed':
      return [
        { type: 'error', ...failure(string(object(record, 'error'), 'message') ?? '') },
        { type: 'end', ok: false },
      ];
    case 'turn.completed':
      return [readUsage(object(record, 'usage')), { type: 'end', ok: true }];
    default:
      return [];
  }
}

/** Tool calls are read when they begin: their end repeats the call, with its whole output. */
function readStarted(item: Json): ProviderEvent[] {
  switch (item.type) {
    case 'command_execution':
      return [toolEvent('shell', { command: bareCommand(string(item, 'command') ?? '') })];
    case 'file_change':
      return [
        toolEvent('edit', {
          path: array(item, 'changes')
            .map((change) => string(change, 'path'))
            .join(', '),
        }),
      ];
    case 'mcp_tool_call':
      return [toolEvent(`${string(item, 'server')}.${string(item, 'tool')}`, object(item, 'arguments'))];
    case 'web_search':
      return [toolEvent('web_search', item)];
    default:
      return [];
  }
}

/** Items of type `error` are warnings ("Falling back from WebSockets …"); a real error comes on its own line. */
function readCompleted(item: Json): ProviderEvent[] {
  const text = string(item, 'text') ?? '';
  if (item.type === 'agent_message') return [{ type: 'text', text }];
  return item.type === 'reasoning' ? [{ type: 'thinking', text }] : [];
}

/** "Reconnecting... 2/5 (why)", or without a count while there is no network at all; the latter never ends. */
const RECONNECTING = /^Reconnecting\.\.\. (?:(\d+)\/(\d+)|[\w ]+)(?: \((.*)\))?$/s;

function readError(text: string): ProviderEvent {
  const retry = RECONNECTING.exec(text);
  if (!retry) return { type: 'error', ...failure(text) };
  const [, attempt, maxAttempts, why] = retry;
  const count = attempt && maxAttempts ? { attempt: Number(attempt), maxAttempts: Number(maxAttempts) } : {};
  return { type: 'retry', ...count, ...failure(why ?? text) };
}

function readUsage(usage: Json): ProviderEvent {
  return usageEvent(
    {
      inputTokens: number(usage, 'input_tokens'),
      outputTokens: number(usage, 'output_tokens'),
      cachedTokens: number(usage, 'cached_input_tokens'),
      reasoningTokens: number(usage, 'reasoning_output_tokens'),
    },
    CUMULATIVE,
  );
}

/** `/bin/bash -lc 'npm test'` says no more than `npm test`. */
function bareCommand(command: string): string {
  return /^\S*sh -l?c (['"]?)(.*)\1$/s.exec(command)?.[2] ?? command;
}

export const codex: Provider = {
  name: 'codex',
  title: 'Codex',
  vendor: 'openai',
  version: '0.169.0',
  clients: ['codex'],
  command: 'codex',
  install: 'npm install -g @openai/codex',
  login: 'codex login',
  // With only OPENAI_API_KEY, no authorization is sent.
  logins: [
    { kind: 'api key', env: 'CODEX_API_KEY' },
    { kind: 'subscription', env: 'CODEX_ACCESS_TOKEN' },
    {
      kind: 'subscription',
      file: '.codex/auth.json',
      contains: '"refresh_token"',
      movedBy: { env: 'CODEX_HOME', file: 'auth.json' },
    },
    { kind: 'api key', file: '.codex/auth.json', movedBy: { env: 'CODEX_HOME', file: 'auth.json' } },
  ],
  loginEnv: ['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN', 'OPENAI_API_KEY', 'CODEX_HOME'],
  dropEnv: [],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: ['low', 'medium', 'high'],
  systemPrompt: true,
  sessionId: 'reported',
  structured: 'native',
  extras: ['addDirs', 'args'],
  models: [],
  // Not "item.completed": for a command it holds the whole output.
  needles: [
    '"type":"thread.started"',
    '"type":"item.started"',
    '"type":"agent_message"',
    '"type":"reasoning"',
    '"type":"error"',
    '"type":"turn.failed"',
    '"type":"turn.completed"',
  ],
  tailHoldsAnswer: true,
  invoke,
  interactive: (sessionId) => ['resume', sessionId],
  read,
  // Most of its stderr is log lines, on success too. A run that never began ends with one "Error: …", or with
  // "error: …" where it did not understand its flags.
  readStderr(text) {
    const said = text.split('\n').findLast((line) => /^error: /i.test(line));
    if (said === undefined) return undefined;
    const { kind, message } = failure(said.slice('error: '.length));
    return { kind, message };
  },
};
