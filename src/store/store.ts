// The store's one door: prepared statements, transactions that wait for locks without blocking, and the bell.
import type Database from 'better-sqlite3';
import { openPrivate } from '../config/private-file.js';
import { Bell } from './bell.js';
import { openDatabase, openToLook, retryWhileBusy, storeError } from './open.js';
import { Writes } from './writes.js';

type Parameters = Record<string, unknown>;

/** An open store. Reads are synchronous and short; writes wait their turn. */
export class Store {
  readonly bell: Bell;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #onCommit = new Set<() => void>();
  readonly #writes: Writes;

  private constructor(
    readonly path: string,
    private readonly db: Database.Database,
    bellPath: string,
  ) {
    this.bell = new Bell(bellPath, () => this.dataVersion());
    this.#writes = new Writes(
      {
        run: (sql) => void this.#prepare(sql).run(),
        get inTransaction() {
          return db.inTransaction;
        },
      },
      () => {
        for (const listener of this.#onCommit) listener();
      },
    );
  }

  static async open(path: string, bellPath: string): Promise<Store> {
    const db = await openDatabase(path);
    // The bell must exist before anybody watches it; without it, only the poll wakes.
    const bell = await openPrivate(bellPath, 'a').catch(() => undefined);
    await bell?.close();
    return new Store(path, db, bellPath);
  }

  /**
   * The store as it stands, to be looked at and not written; undefined if there is none.
   * @throws SidejobError `store_unavailable`
   */
  static async openToLook(path: string, bellPath: string): Promise<Store | undefined> {
    const db = await openToLook(path);
    return db && new Store(path, db, bellPath);
  }

  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(parameters) as Row | undefined);
  }

  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    return this.#guard(() => this.#prepare(sql).all(parameters) as Row[]);
  }

  /** Runs one statement inside `write`; returns the number of changed rows. */
  run(sql: string, parameters: Parameters = {}): number {
    return this.#prepare(sql).run(parameters).changes;
  }

  /**
   * Runs `action` in an IMMEDIATE transaction, trying again while another process writes; what is asked for at the same
   * time is committed with it. `action` may run more than once, so it must do nothing but read and write here.
   */
  async write<T>(action: () => T): Promise<T> {
    try {
      return await this.#writes.add(action);
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  /**
   * The same in a transaction of its own, for an action that has an effect outside of the store: of what is not committed
   * yet it sees nothing, and nothing else takes it back.
   */
  async writeApart<T>(action: () => T): Promise<T> {
    try {
      return await retryWhileBusy(() => this.#writes.now(action));
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  /**
   * The same at once, for a process that is about to leave: one try, which may block for 20 ms.
   * @throws what SQLite throws, a lock among it
   */
  writeNow<T>(action: () => T): T {
    return this.#writes.now(action);
  }

  /**
   * Inside `write`: has `kept` called when what it has written is part of the transaction, before another write begins; and
   * `lost` if the transaction is taken back after all.
   */
  note(note: { kept(): void; lost(): void }): void {
    this.#writes.note(note);
  }

  /** Calls `listener` after every commit of this process, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#onCommit.add(listener);
    return () => this.#onCommit.delete(listener);
  }

  /** Changes when another connection commits. */
  dataVersion(): number {
    return this.#prepare('PRAGMA data_version').pluck().get() as number;
  }

  /** Facts for health: never looks at the file itself, which would endanger SQLite's locks. */
  facts(): { schemaVersion: number; journalMode: string; bytes: number } {
    const pragma = (name: string) => this.db.pragma(name, { simple: true });
    return {
      schemaVersion: pragma('user_version') as number,
      journalMode: pragma('journal_mode') as string,
      bytes: (pragma('page_count') as number) * (pragma('page_size') as number),
    };
  }

  /** What is wrong inside the file, in SQLite's words; empty for a sound one. Reads all of it. */
  defects(): string[] {
    const rows = this.#guard(() => this.db.pragma('quick_check(10)') as { quick_check: string }[]);
    return rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
  }

  close(): void {
    this.bell.close();
    this.db.close();
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.db.prepare(preparedOnce(sql));
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeError(this.path, error);
    }
  }
}

/**
 * A query as SQLite prepares it once and for all. Where rows are put in order, SQLite 3.54 looks at the values that columns
 * are to equal, and prepares the query anew for each of them, which takes twenty times as long as to run it. A `+` before
 * the value changes nothing but that.
 */
function preparedOnce(sql: string): string {
  return /^\s*SELECT\b/.test(sql) ? sql.replace(/ = \$/g, ' = +$$') : sql;
}
