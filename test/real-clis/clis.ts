// How each real CLI is set up for a test (pointed at the fake model API, kept quiet, logged in with a key that is none),
// and what it does there. Seen with the versions in install.mjs.
import { join } from 'node:path';
import type { Knobs } from '../support/fake-model-api/server.mjs';

const THREE = ['claude', 'codex', 'gemini'] as const;
const OTHERS = ['qwen', 'opencode', 'copilot', 'pi'] as const;
export type CliName = (typeof THREE)[number] | (typeof OTHERS)[number];

/** Those that are tested now: see run.mjs. */
export const CLI_NAMES: readonly CliName[] = process.env.REAL_CLIS === 'all' ? [...THREE, ...OTHERS] : THREE;

export interface Place {
  home: string;
  /** Base URL of the fake model API, with this CLI's knobs. */
  url: string;
  /** Whether it gives up after as few retries as its own settings allow. */
  impatient: boolean;
}

export interface ToolCall {
  tool: string;
  toolInput: object;
}

export interface CliSetup {
  model: string;
  /** Whether it prints the answer piece by piece; the others print each message when it is complete. */
  printsPieces: boolean;
  /** What the API does for it unless a test says otherwise. */
  knobs?: Knobs;
  env(place: Place): Record<string, string>;
  /** Its configuration files, by their path below the home folder. */
  files(place: Place): Record<string, string>;
  /** What it makes of the API's 11 and 7 tokens. */
  used: string;
  /** Requests that a new conversation makes beside the one for the answer. */
  sideRequests?: number;
  /** How the model asks to write a file, and to do so through the shell; no shell where the first is one. */
  write(path: string): ToolCall;
  shell?(path: string): ToolCall;
  /** Which of these tools the model is offered for `read-only`: where the CLI itself holds them back. */
  offeredReadOnly: readonly string[];
  access: readonly ('read-only' | 'edit' | 'full')[];
  /** A command that never ends, and the access that it needs. */
  endless: ToolCall & { access: string };
  /** How a job ends when the API answers with these statuses. */
  refused: Record<401 | 404 | 429, Refusal>;
  /** True where a tool call is printed once it is over. */
  printsToolsLate?: boolean;
  /** True where the conversation is named in the last line only. */
  namesSessionLast?: boolean;
  /** False where a conversation cannot go on that was cut short. */
  keepsCutConversation?: boolean;
}

export interface Refusal {
  /** What the job says beside its reason; a signal where it is ended before the CLI gives up. */
  job: { exitCode?: number; signal?: string; error: string };
  knobs?: Knobs;
  requests?: number;
}

const ENDLESS = 'while true; do sleep 1; done';
const writing = (path: string) => `printf written > '${path}'`;

export const CLIS: Readonly<Record<CliName, CliSetup>> = {
  claude: {
    model: 'claude-sonnet-4-5',
    printsPieces: false,
    env: ({ url, impatient }) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'fake',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_TELEMETRY: '1',
      ...(impatient && { CLAUDE_CODE_MAX_RETRIES: '1' }),
    }),
    files: () => ({}),
    // The cost is its own figure, at list price.
    used: '11 tokens in, 7 out, $0.000138',
    write: (path) => ({ tool: 'Write', toolInput: { file_path: path, content: 'written' } }),
    shell: (path) => ({ tool: 'Bash', toolInput: { command: writing(path) } }),
    offeredReadOnly: ['Bash'],
    access: ['read-only', 'edit', 'full'],
    endless: { access: 'read-only', tool: 'Bash', toolInput: { command: ENDLESS } },
    refused: {
      // It would try again for 180 s.
      401: { job: { signal: 'SIGTERM', error: '401 authentication failed' } },
      404: { job: { exitCode: 1, error: "There's an issue with the selected model (claude-sonnet-4-5)" } },
      429: { job: { exitCode: 1, error: 'Request rejected (429) · fake error 429' }, requests: 2 },
    },
  },
  codex: {
    model: 'gpt-5.5',
    printsPieces: false,
    env: ({ home }) => ({ CODEX_HOME: `${home}/.codex`, CODEX_API_KEY: 'fake' }),
    // The address stands here because OPENAI_BASE_URL is ignored.
    files: ({ url }) => ({
      '.codex/config.toml': [
        `openai_base_url = "${url}/v1"`,
        'check_for_update_on_startup = false',
        '[analytics]',
        'enabled = false',
        '[features]',
        'plugins = false',
        '',
      ].join('\n'),
    }),
    used: '11 tokens in, 7 out',
    // Its other tool, apply_patch, is one that the fake API cannot call.
    write: (path) => ({ tool: 'exec_command', toolInput: { cmd: writing(path) } }),
    offeredReadOnly: ['exec_command'],
    access: ['read-only', 'edit', 'full'],
    endless: { access: 'full', tool: 'exec_command', toolInput: { cmd: ENDLESS } },
    refused: {
      // It would try again for 6.5 s.
      401: { job: { signal: 'SIGTERM', error: 'unexpected status 401 Unauthorized: fake error 401' } },
      404: { job: { error: 'fake error 404' } },
      429: { job: { exitCode: 1, error: 'exceeded retry limit, last status: 429 Too Many Requests' }, requests: 1 },
    },
  },
  gemini: {
    model: 'gemini-2.5-pro',
    printsPieces: true,
    // An answer within milliseconds makes it leave while it holds the lock of ~/.gemini/projects.json (seen in 3
    // of 40 runs), and the next run in that home waits 13 s or longer for the lock to grow stale.
    knobs: { delayMs: 100 },
    env: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'fake' }),
    files: ({ impatient }) => ({
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        general: {
          enableAutoUpdate: false,
          enableAutoUpdateNotification: false,
          ...(impatient && { maxAttempts: 1 }),
        },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      }),
    }),
    used: '11 tokens in, 7 out',
    write: (path) => ({ tool: 'write_file', toolInput: { file_path: path, content: 'written' } }),
    shell: (path) => ({ tool: 'run_shell_command', toolInput: { command: writing(path) } }),
    offeredReadOnly: [],
    access: ['read-only', 'edit', 'full'],
    endless: { access: 'full', tool: 'run_shell_command', toolInput: { command: ENDLESS } },
    refused: {
      // 401 and 429 modulo 256.
      401: { job: { exitCode: 145, error: 'fake error 401' } },
      404: { job: { exitCode: 1, error: 'fake error 404' } },
      429: { job: { exitCode: 173, error: 'fake error 429' }, requests: 1 },
    },
  },
  qwen: {
    model: 'fake-model',
    printsPieces: false,
    env: ({ url }) => ({ OPENAI_API_KEY: 'fake', OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'fake-model' }),
    files: ({ impatient }) => ({
      '.qwen/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'openai' } },
        general: { enableAutoUpdate: false },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        memory: { enableManagedAutoMemory: false },
        ...(impatient && { model: { generationConfig: { maxRetries: 0 } } }),
      }),
    }),
    used: '11 tokens in, 7 out',
    write: (path) => ({ tool: 'write_file', toolInput: { file_path: path, content: 'written' } }),
    shell: (path) => ({ tool: 'run_shell_command', toolInput: { command: writing(path), is_background: false } }),
    offeredReadOnly: [],
    access: ['read-only', 'edit', 'full'],
    endless: {
      access: 'full',
      tool: 'run_shell_command',
      toolInput: { command: ENDLESS, is_background: false },
    },
    refused: {
      401: { job: { exitCode: 1, error: 'fake error 401' } },
      404: { job: { exitCode: 1, error: 'fake error 404' } },
      // Seven requests, whatever its settings say.
      429: { job: { exitCode: 1, error: 'fake error 429' }, knobs: { retryAfter: 1 } },
    },
  },
  opencode: {
    model: 'fake/fake-model',
    printsPieces: false,
    env: () => ({
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    }),
    files: ({ url }) => ({
      '.config/opencode/opencode.json': JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        model: 'fake/fake-model',
        small_model: 'fake/fake-model',
        provider: {
          fake: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Fake',
            options: { baseURL: `${url}/v1`, apiKey: 'fake' },
            models: { 'fake-model': { name: 'Fake', limit: { context: 200_000, output: 32_000 } } },
          },
        },
      }),
    }),
    used: '11 tokens in, 7 out',
    printsToolsLate: true,
    write: (path) => ({ tool: 'write', toolInput: { filePath: path, content: 'written' } }),
    shell: (path) => ({ tool: 'bash', toolInput: { command: writing(path), description: 'Write a file' } }),
    offeredReadOnly: [],
    access: ['read-only', 'edit', 'full'],
    endless: { access: 'full', tool: 'bash', toolInput: { command: ENDLESS, description: 'Never end' } },
    refused: {
      401: { job: { exitCode: 1, error: 'fake error 401' } },
      404: { job: { exitCode: 1, error: 'fake error 404' } },
      // It has no setting for its retries, which take 71 s otherwise.
      429: { job: { exitCode: 1, error: 'fake error 429' }, knobs: { retryAfter: 1 } },
    },
  },
  copilot: {
    // With gpt-5.4 the tool that writes is apply_patch, in a form that the fake API cannot call.
    model: 'claude-sonnet-4.6',
    printsPieces: true,
    env: ({ url }) => ({
      COPILOT_OFFLINE: 'true',
      COPILOT_AUTO_UPDATE: 'false',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      // The text of the key is blotted out in all that it prints: "fake" would be, in "fake error".
      COPILOT_PROVIDER_API_KEY: 'fake-key',
      COPILOT_MODEL: 'gpt-5.4',
      // It unpacks 235 MB at its first start.
      XDG_CACHE_HOME: join(import.meta.dirname, '../../.real-clis/cache'),
    }),
    files: () => ({}),
    used: '11 tokens in, 7 out',
    namesSessionLast: true,
    write: (path) => ({ tool: 'create', toolInput: { path, file_text: 'written' } }),
    // One that it takes for harmless: `printf >` is refused by Copilot's own rules already.
    shell: (path) => ({
      tool: 'bash',
      toolInput: { command: `uniq /etc/hostname '${path}'`, description: 'Write a file' },
    }),
    offeredReadOnly: ['create', 'bash'],
    access: ['read-only', 'edit', 'full'],
    endless: { access: 'full', tool: 'bash', toolInput: { command: ENDLESS, description: 'Never end' } },
    refused: {
      401: { job: { exitCode: 1, error: 'Authentication failed with provider at' } },
      404: { job: { exitCode: 1, error: "Model 'claude-sonnet-4.6' not found on provider at" } },
      // It has no setting for its retries, which take 58 s otherwise.
      429: { job: { exitCode: 1, error: '' }, knobs: { retryAfter: 1 } },
    },
  },
  pi: {
    model: 'fake/fake-model',
    printsPieces: false,
    env: () => ({ PI_OFFLINE: '1', PI_TELEMETRY: '0' }),
    files: ({ url, impatient }) => ({
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          fake: { baseUrl: `${url}/v1`, api: 'openai-completions', apiKey: 'fake', models: [{ id: 'fake-model' }] },
        },
      }),
      ...(impatient && {
        '.pi/agent/settings.json': JSON.stringify({ retry: { enabled: false, provider: { maxRetries: 0 } } }),
      }),
    }),
    used: '11 tokens in, 7 out',
    write: (path) => ({ tool: 'write', toolInput: { path, content: 'written' } }),
    shell: (path) => ({ tool: 'bash', toolInput: { command: writing(path) } }),
    offeredReadOnly: [],
    access: ['read-only', 'full'],
    endless: { access: 'full', tool: 'bash', toolInput: { command: ENDLESS } },
    refused: {
      401: { job: { exitCode: 0, error: 'fake error 401' } },
      404: { job: { exitCode: 0, error: 'fake error 404' } },
      429: { job: { exitCode: 0, error: 'fake error 429' }, requests: 1 },
    },
    // Its file is written with the first whole answer.
    keepsCutConversation: false,
  },
};
