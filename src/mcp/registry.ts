// Every tool, in the order in which the model reads them.
import type { Tool } from './tool.js';
import { cancel } from './tools/cancel.js';
import { changes } from './tools/changes.js';
import { list } from './tools/list.js';
import { processHealth } from './tools/process-health.js';
import { providers } from './tools/providers.js';
import { result } from './tools/result.js';
import { run } from './tools/run.js';
import { status } from './tools/status.js';
import { submit } from './tools/submit.js';
import { wait } from './tools/wait.js';

export const TOOLS: readonly Tool[] = [
  run,
  submit,
  status,
  wait,
  result,
  cancel,
  changes,
  list,
  providers,
  processHealth,
];
