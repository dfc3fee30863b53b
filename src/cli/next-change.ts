// Waiting for something to happen in the store.
import type { Engine } from '../jobs/engine.js';

/** Until something changes in the store, for `longestMs` at the most, or until `signal` is aborted. */
export async function nextChange({ store }: Engine, signal: AbortSignal, longestMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = store.bell.listen(() => done());
    const timer = setTimeout(() => done(), longestMs);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
