// Looks for secrets in a thread of its own, within a time limit: loaded with the first text, ended with one that takes
// too long, and begun anew with the next.
import type { Worker } from 'node:worker_threads';
import type { ScanOptions } from './scan.js';
import type { Span } from './spans.js';

export interface ScanRequest {
  texts: readonly string[];
  options: ScanOptions;
}

/** The secrets of each text; undefined if they could not be looked for: then none of the texts may be shown. */
export type Scan = (request: ScanRequest) => Promise<Span[][] | undefined>;

/** For so many characters, which take 50 ms; a machine with too much to do takes many times that. */
const SCAN_MS = 3000;
const SCAN_CHARS = 512 * 1024;
const LOAD_MS = 15_000;
/** Beside the built program; see scripts/build.mjs. */
const WORKER = new URL('./secrets-worker.js', import.meta.url);

interface Waiting extends ScanRequest {
  done(found: Span[][] | undefined): void;
}

/**
 * A scan in a thread. One request at a time, so that each has the time limit for itself.
 * @param limits in milliseconds
 */
export function threadedScan(file: URL = WORKER, limits = { scan: SCAN_MS, load: LOAD_MS }): Scan {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let ready = false;
  let current: Waiting | undefined;
  let timer: NodeJS.Timeout | undefined;

  const finish = (found: Span[][] | undefined) => {
    clearTimeout(timer);
    current?.done(found);
    current = undefined;
    next();
  };
  const fail = (failed: Worker) => {
    if (failed !== worker) return;
    worker = undefined;
    void failed.terminate();
    finish(undefined);
  };
  const begin = () => {
    // Not imported: it would be loaded by every server that starts.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const begun = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: 256 } });
    worker = begun;
    ready = false;
    begun.on('message', (message: 'ready' | Span[][]) => {
      if (begun !== worker) return;
      if (message !== 'ready') return finish(message);
      ready = true;
      post();
    });
    begun.on('error', () => fail(begun));
    begun.on('exit', () => fail(begun));
  };
  /** Hands over the current request once somebody is there to take it. */
  const post = () => {
    if (!worker || !current) return;
    const asked = worker;
    clearTimeout(timer);
    const chars = current.texts.reduce((sum, text) => sum + text.length, 0);
    const limit = ready ? limits.scan * Math.max(1, Math.ceil(chars / SCAN_CHARS)) : limits.load;
    timer = setTimeout(() => fail(asked), limit);
    if (ready) asked.postMessage({ texts: current.texts, options: current.options } satisfies ScanRequest);
  };
  const next = () => {
    current = waiting.shift();
    // Nobody who has nothing to ask is kept from leaving.
    if (!current) return worker?.unref();
    if (!worker) begin();
    worker?.ref();
    post();
  };
  return (request) =>
    new Promise((done) => {
      waiting.push({ ...request, done });
      if (!current) next();
    });
}
