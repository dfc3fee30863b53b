// Gives places to this server's queued jobs, in their order, as long as the limits over all servers allow.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { FoundCommand } from '../process/find-command.js';
import { nextWake } from '../store/chain.js';
import { hasWaiting, takePlace } from '../store/queue.js';
import type { Engine } from './engine.js';
import { limitsOf } from './limits.js';
import { settle } from './settle.js';
import { startJob } from './start.js';

const ALARM_MAX_MS = 60_000;

export class Scheduler {
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  /** For jobs that sleep until a limit is over. */
  #alarm: NodeJS.Timeout | undefined;
  /** Set while jobs of this server wait: another server's finished job may make a place for them. */
  #stopListening: (() => void) | undefined;

  constructor(private readonly engine: () => Engine) {}

  /**
   * Looks for jobs to start; a call while it is looking makes it look once more. Resolves when all that can be
   * started has been. Never rejects.
   */
  schedule(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Starts a job that has its place. Never rejects: what the store keeps from being started is tried again. */
  async begin(id: string, found?: FoundCommand): Promise<void> {
    try {
      await startJob(this.engine(), id, found);
    } catch (error) {
      await this.#stuck(error);
      void settle(this.engine(), id).catch(() => {});
    }
  }

  close(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#alarm);
    this.#closed = true;
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#startAll();
      } catch (error) {
        await this.#stuck(error);
        this.#again = true;
      }
    }
  }

  /** A full disk or a locked store: the jobs stay queued, and the next bell or a later try starts them. */
  async #stuck(error: unknown): Promise<void> {
    this.engine().log.error({ error: messageOf(error) }, 'the queue is stuck; trying again');
    await sleep(1000, undefined, { ref: false });
  }

  async #startAll(): Promise<void> {
    const engine = this.engine();
    const starts: Promise<void>[] = [];
    // A look first: asking for a place takes the lock for which others wait.
    while (hasWaiting(engine.store, engine.server.id)) {
      const next = await engine.store.write(() => takePlace(engine.store, engine.server, limitsOf(engine), Date.now()));
      if (next && 'againInMs' in next) this.#lookAgain(next.againInMs);
      // Closed meanwhile: whoever takes the job over finds that it has not begun.
      if (!next || 'againInMs' in next || this.#closed) break;
      starts.push(this.begin(next.id));
    }
    await Promise.all(starts);
    if (this.#closed) return;
    this.#listenWhileWaiting(hasWaiting(engine.store, engine.server.id));
    this.#setAlarm(nextWake(engine.store, engine.server.id, Date.now()));
  }

  #setAlarm(at: number | undefined): void {
    clearTimeout(this.#alarm);
    if (at === undefined || this.#closed) return;
    // Looked at again each minute: timers know nothing of a clock that is set, nor of a machine that was asleep.
    const ms = Math.min(Math.max(at - Date.now(), 10), ALARM_MAX_MS);
    this.#alarm = setTimeout(() => void this.schedule(), ms).unref();
  }

  #lookAgain(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.schedule(), ms).unref();
  }

  #listenWhileWaiting(waiting: boolean): void {
    if (waiting && !this.#closed) {
      // Whatever of this process makes a place free asks for another look by itself.
      this.#stopListening ??= this.engine().store.bell.listen((job) => {
        if (job === undefined) void this.schedule();
      });
    } else {
      this.#stopListening?.();
      this.#stopListening = undefined;
    }
  }
}
