// A thread that looks for secrets: a stranger's text may keep a pattern busy for ever. See scanner.ts, which ends it.
import { parentPort } from 'node:worker_threads';
import { scan } from './scan.js';
import type { ScanRequest } from './scanner.js';

parentPort?.on('message', ({ texts, options }: ScanRequest) => {
  parentPort?.postMessage(texts.map((text) => scan(text, options)));
});
parentPort?.postMessage('ready');
