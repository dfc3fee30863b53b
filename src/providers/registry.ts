// Every CLI that Sidejob knows.
import { claude } from './claude.js';
import { codex } from './codex.js';
import { demo } from './demo.js';
import { gemini } from './gemini.js';
import type { Provider } from './provider.js';

export const PROVIDERS: readonly Provider[] = [claude, codex, gemini, demo];

export function providerNamed(name: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.name === name);
}
