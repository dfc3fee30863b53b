// Wakes the other servers after a commit that concerns them. It carries no state: whoever hears it looks into
// the store. Listening costs nothing while nobody waits.
import { EventEmitter } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { lutimes } from 'node:fs/promises';

/** How often the store itself is asked, in case a watch misses a change or cannot be had (EMFILE). */
const POLL_MS = 1000;

export class Bell {
  readonly #listeners = new EventEmitter().setMaxListeners(0);
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;

  constructor(
    private readonly path: string,
    private readonly dataVersion: () => number,
  ) {}

  /** Tells everybody, this process included, that something changed. Never fails: the poll is the safety net. */
  ring(): void {
    this.#listeners.emit('ring');
    const now = new Date();
    lutimes(this.path, now, now).catch(() => {});
  }

  /** Calls `listener` after every change until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.on('ring', listener);
    if (this.#listeners.listenerCount('ring') === 1) this.#start();
    return () => {
      this.#listeners.off('ring', listener);
      if (this.#listeners.listenerCount('ring') === 0) this.#stop();
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
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.path, { persistent: false }, () => this.#listeners.emit('ring'));
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
