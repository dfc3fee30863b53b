// Wakes the other servers after a commit that concerns them. It carries no state: whoever hears it looks into
// the store. Listening costs nothing while nobody waits.
import { EventEmitter } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { lutimes } from 'node:fs/promises';

/** How often the store itself is asked, in case a watch misses a change or cannot be had (EMFILE). */
const POLL_MS = 1000;
/** How long the file is still watched when nobody listens any more. */
const LINGER_MS = 1000;

export class Bell {
  readonly #listeners = new EventEmitter().setMaxListeners(0);
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unheard: NodeJS.Timeout | undefined;
  #seen = 0;
  #touching = false;
  #again = false;

  constructor(
    private readonly path: string,
    private readonly dataVersion: () => number,
  ) {}

  /**
   * Tells everybody, this process included, that something changed. Never fails: the poll is the safety net.
   * @param job what it is about, if it is one job
   */
  ring(job?: string): void {
    this.#listeners.emit('ring', job);
    this.#touch();
  }

  /** Touches the file; once more for all that is rung for meanwhile. */
  #touch(): void {
    this.#again = this.#touching;
    if (this.#touching) return;
    this.#touching = true;
    const now = new Date();
    lutimes(this.path, now, now)
      .catch(() => {})
      .finally(() => {
        this.#touching = false;
        if (this.#again) this.#touch();
      });
  }

  /**
   * Calls `listener` after every change until the returned function is called: with the job, where it is known that only
   * that one has changed.
   */
  listen(listener: (job?: string) => void): () => void {
    this.#listeners.on('ring', listener);
    clearTimeout(this.#unheard);
    if (!this.#timer) this.#start();
    return () => {
      this.#listeners.off('ring', listener);
      if (this.#listeners.listenerCount('ring') > 0) return;
      // Whoever waits for one job often waits for the next.
      clearTimeout(this.#unheard);
      this.#unheard = setTimeout(() => this.#stop(), LINGER_MS).unref();
    };
  }

  close(): void {
    this.#listeners.removeAllListeners();
    this.#stop();
  }

  #start(): void {
    this.#seen = this.#version();
    this.#timer = setInterval(() => this.#poll(), POLL_MS).unref();
    this.#watch();
  }

  #stop(): void {
    clearTimeout(this.#unheard);
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): void {
    try {
      // What this connection has written was told when it was rung for.
      this.#watcher = watch(this.path, { persistent: false }, () => this.#poll());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No watches left, or the file was removed: the poll goes on.
    }
  }

  /** A store that fails just now is the business of whoever calls next; it must not end this process. */
  #version(): number {
    try {
      return this.dataVersion();
    } catch {
      return this.#seen;
    }
  }

  #poll(): void {
    const version = this.#version();
    if (version === this.#seen) return;
    this.#seen = version;
    this.#listeners.emit('ring');
  }
}
