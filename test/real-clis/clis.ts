// How each real CLI is set up for a test: pointed at the fake model API, kept quiet, logged in with a key that is
// none. Seen with the versions in install.mjs.
import type { Knobs } from '../support/fake-model-api/server.mjs';

export type CliName = 'claude' | 'codex' | 'gemini';

export interface Place {
  home: string;
  /** Base URL of the fake model API, with this CLI's knobs. */
  url: string;
  /** Whether it gives up after as few retries as its own settings allow. */
  impatient: boolean;
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
}

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
  },
};

export const CLI_NAMES = Object.keys(CLIS) as CliName[];
