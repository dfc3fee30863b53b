// The demo provider: a small program that ships with Sidejob, needs no login and is no model. It exists so that
// everything else can be tried before anything is paid for.
import { fileURLToPath } from 'node:url';
import { string } from './json.js';
import type { Provider } from './provider.js';

/** Model names choose how long the program streams, and whether it fails. */
export const DEMO_MODELS = ['demo-1s', 'demo-5s', 'demo-30s', 'demo-fail'];

const PROGRAM = fileURLToPath(new URL('./demo-cli.js', import.meta.url));

export const demo: Provider = {
  name: 'demo',
  title: 'Sidejob demo (no model)',
  vendor: 'sidejob',
  clients: [],
  command: process.execPath,
  install: 'it ships with Sidejob',
  login: 'none needed',
  loginEnv: [],
  logins: [],
  dropEnv: [],
  accessLevels: ['read-only', 'edit', 'full'],
  effortLevels: [],
  systemPrompt: false,
  sessionId: 'none',
  extras: [],
  models: DEMO_MODELS,
  needles: [],
  tailHoldsAnswer: false,
  invoke: ({ model }) => ({ args: [PROGRAM, model ?? 'demo-1s'], env: {} }),
  read(record) {
    switch (record.type) {
      case 'text':
        return [{ type: 'text', text: string(record, 'text') ?? '', delta: true }];
      case 'error':
        return [
          { type: 'error', kind: 'provider_error', message: string(record, 'message') ?? '' },
          { type: 'end', ok: false },
        ];
      case 'end':
        return [{ type: 'end', ok: true }];
      default:
        return [];
    }
  },
};
