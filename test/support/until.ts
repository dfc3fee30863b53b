// Waiting for a condition, with a deadline: nothing in these tests waits for time to pass.
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * The first value of `look` that is neither undefined nor false.
 * @param withinMs fails after that time, naming `what`
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 10_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
