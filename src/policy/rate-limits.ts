// Counts the calls of one client session. In memory: a session ends with its server. Windows slide, and time is the
// monotonic clock's, so a changed wall clock opens nothing.
import type { RateLimit } from './policy.js';

/** `giveBack` undoes it, for a call that is refused later on. */
export type Taken =
  | { readonly ok: true; giveBack(): void }
  | { readonly ok: false; readonly limit: RateLimit; readonly retryAfterSec: number };

export class RateLimits {
  /** When the calls were, oldest first, by the key that they are counted under. */
  readonly #calls = new Map<string, { at: number }[]>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Counts one call on all of them, or on none if any is used up. */
  take(limits: readonly RateLimit[]): Taken {
    const now = this.now();
    const refusals = limits.flatMap((limit) => {
      const retryAfterSec = this.#waitSec(limit, now);
      return retryAfterSec > 0 ? [{ ok: false as const, limit, retryAfterSec }] : [];
    });
    // The one that keeps the caller waiting longest.
    const refusal = refusals.sort((one, other) => other.retryAfterSec - one.retryAfterSec)[0];
    if (refusal) return refusal;
    const call = { at: now };
    for (const { key } of limits) this.#calls.set(key, [...(this.#calls.get(key) ?? []), call]);
    return {
      ok: true,
      giveBack: () => {
        for (const { key } of limits) {
          const rest = (this.#calls.get(key) ?? []).filter((each) => each !== call);
          this.#calls.set(key, rest);
        }
      },
    };
  }

  /** How long until there is room for one more, in whole seconds; 0: now. Forgets what no longer counts. */
  #waitSec({ key, max, windowSec }: RateLimit, now: number): number {
    const calls = (this.#calls.get(key) ?? []).filter(({ at }) => at > now - windowSec * 1000);
    this.#calls.set(key, calls);
    // There is room again when so many have left the window that fewer than `max` remain.
    const leaving = calls[calls.length - max];
    return leaving ? Math.max(1, Math.ceil((leaving.at + windowSec * 1000 - now) / 1000)) : 0;
  }
}
