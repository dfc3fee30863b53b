// Every CLI that Sidejob knows.
import { claude } from './claude.js';
import { codex } from './codex.js';
import { copilot } from './copilot.js';
import { demo } from './demo.js';
import { gemini } from './gemini.js';
import { opencode } from './opencode.js';
import { pi } from './pi.js';
import type { Provider } from './provider.js';
import { qwen } from './qwen.js';

export const PROVIDERS: readonly Provider[] = [claude, codex, gemini, qwen, opencode, copilot, pi, demo];
