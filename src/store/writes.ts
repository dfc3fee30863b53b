// Writes that come in the same turn of the event loop are committed together: a commit waits for the disk, and waits once
// for all of them. Each stands for itself: one that fails takes nothing of the others back.
import { SidejobError } from '../errors.js';
import { isBusy, retryWhileBusy } from './open.js';

/** The statements that a transaction is made of, at one connection. */
export interface Connection {
  run(sql: 'BEGIN IMMEDIATE' | 'COMMIT' | 'ROLLBACK' | 'SAVEPOINT one' | 'RELEASE one' | 'ROLLBACK TO one'): void;
  readonly inTransaction: boolean;
}

interface Write {
  action(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Set anew by each try. */
  outcome?: undefined | { value: unknown; notes: readonly Note[] } | { error: unknown };
}

interface Note {
  kept(): void;
  lost(): void;
}

/** So many at most, lest the event loop stands still for long. */
const TOGETHER = 16;

/** Whether a lock was waited for as long as anybody waits: another try would be as long. */
const isOutOfPatience = (error: unknown) => error instanceof SidejobError && error.code === 'store_busy';

export class Writes {
  #waiting: Write[] = [];
  #flushing = false;
  #notes: Note[] = [];

  /** @param committed called after every commit */
  constructor(
    private readonly connection: Connection,
    private readonly committed: () => void,
  ) {}

  /** Runs `action` in an IMMEDIATE transaction, perhaps with others, and perhaps more than once; waits for locks. */
  add<T>(action: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ action, resolve: resolve as Write['resolve'], reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => void this.#flush());
    });
  }

  /** Runs one at once, in a transaction of its own: one try. */
  now<T>(action: () => T): T {
    this.#notes = [];
    const result = this.#inTransaction(action);
    for (const { kept } of this.#notes) kept();
    this.committed();
    return result;
  }

  /**
   * Within an action: has `kept` called when what the action wrote is part of the transaction, before another action
   * begins; and `lost` if the transaction is taken back after all.
   */
  note(note: Note): void {
    this.#notes.push(note);
  }

  async #flush(): Promise<void> {
    const writes: Write[] = [];
    let first = 0;
    try {
      await retryWhileBusy(() => {
        // Those that come while others hold the lock go with them.
        writes.push(...this.#waiting.splice(0, TOGETHER - writes.length));
        first ||= writes.length;
        this.#commit(writes);
      });
    } catch (error) {
      if (isOutOfPatience(error)) {
        // Those that came later have not waited as long.
        this.#waiting.unshift(...writes.splice(first));
        for (const write of writes) write.outcome = { error };
      } else if (writes.length > 1) await this.#oneByOne(writes);
      else for (const write of writes) write.outcome = { error };
    }
    for (const write of writes) this.#tell(write);
    if (this.#waiting.length > 0) setImmediate(() => void this.#flush());
    else this.#flushing = false;
  }

  /** What has taken all of them back, a full disk, need not be the fault of each. */
  async #oneByOne(writes: Write[]): Promise<void> {
    for (const [index, write] of writes.entries()) {
      try {
        await retryWhileBusy(() => this.#commit([write]));
      } catch (error) {
        write.outcome = { error };
        if (isOutOfPatience(error)) return void this.#waiting.unshift(...writes.splice(index + 1));
      }
    }
  }

  #tell({ outcome, resolve, reject }: Write): void {
    if (!outcome || 'error' in outcome) {
      reject(outcome?.error);
    } else {
      resolve(outcome.value);
    }
  }

  #commit(writes: readonly Write[]): void {
    try {
      this.#inTransaction(() => {
        for (const write of writes) this.#try(write, writes.length === 1);
      });
    } catch (error) {
      for (const write of writes) {
        if (write.outcome && 'notes' in write.outcome) for (const { lost } of write.outcome.notes) lost();
        write.outcome = undefined;
      }
      throw error;
    } finally {
      // Of the next try, or of nobody.
      this.#notes = [];
    }
    this.committed();
  }

  #try(write: Write, alone: boolean): void {
    this.#notes = [];
    write.outcome = undefined;
    if (!alone) this.connection.run('SAVEPOINT one');
    try {
      const value = write.action();
      if (!alone) this.connection.run('RELEASE one');
      write.outcome = { value, notes: this.#notes };
      for (const { kept } of this.#notes) kept();
    } catch (error) {
      // SQLite has taken all of it back after some errors.
      if (alone || isBusy(error) || !this.connection.inTransaction) throw error;
      this.connection.run('ROLLBACK TO one');
      this.connection.run('RELEASE one');
      write.outcome = { error };
    }
  }

  /** Without better-sqlite3's `transaction`, which makes eight functions for each: that took as long as a small commit. */
  #inTransaction<T>(action: () => T): T {
    this.connection.run('BEGIN IMMEDIATE');
    try {
      const result = action();
      this.connection.run('COMMIT');
      return result;
    } catch (error) {
      if (this.connection.inTransaction) this.connection.run('ROLLBACK');
      throw error;
    }
  }
}
