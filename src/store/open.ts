// Opens the SQLite file: pragmas, migrations, and clear errors for a store that cannot be used. Nothing is
// recreated or overwritten: a damaged store is the user's to decide about.
import { type FileHandle, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { openPrivate } from '../config/private-file.js';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { migration001 } from './migrations/001-jobs.js';
import { migration002 } from './migrations/002-policy.js';
import { migration003 } from './migrations/003-finished.js';
import { migration004 } from './migrations/004-groups.js';
import { migration005 } from './migrations/005-failover.js';
import { migration006 } from './migrations/006-long-history.js';
import { migration007 } from './migrations/007-worktrees.js';
import { migration008 } from './migrations/008-one-applier.js';

const MIGRATIONS = [
  migration001,
  migration002,
  migration003,
  migration004,
  migration005,
  migration006,
  migration007,
  migration008,
];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** How long SQLite itself may block the event loop for a lock; beyond it we wait without blocking. */
const BUSY_TIMEOUT_MS = 20;
/** How long a caller waits for a lock in all. */
const PATIENCE_MS = 10_000;

/**
 * Opens the store, creating it where there is none.
 * @throws SidejobError `store_unavailable`: unreadable, read-only, damaged, or of a newer version.
 */
export async function openDatabase(path: string): Promise<Database.Database> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await connect(path, {}, (db) => {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('foreign_keys = ON');
      migrate(db);
    });
  } catch (error) {
    throw storeError(path, error);
  }
}

/**
 * Opens the store to look at it: nothing is made, brought up to date or written.
 * @returns undefined if there is none
 * @throws SidejobError `store_unavailable`
 */
export async function openToLook(path: string): Promise<Database.Database | undefined> {
  try {
    const stats = await lstat(path).catch((error) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    if (!stats) return undefined;
    return await connect(path, { readonly: true, fileMustExist: true }, (db) => db.pragma('user_version'));
  } catch (error) {
    throw storeError(path, error);
  }
}

/** A connection that `prepare` has used: what is wrong with the file shows with its first use, and closes it. */
async function connect(
  path: string,
  options: Database.Options,
  prepare: (db: Database.Database) => void,
): Promise<Database.Database> {
  await checkHeader(path);
  // Native code, loaded only now: a server that is merely probed never needs it.
  const { default: Sqlite } = await import('better-sqlite3');
  return retryWhileBusy(() => {
    const db = new Sqlite(path, { ...options, timeout: BUSY_TIMEOUT_MS });
    try {
      prepare(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Looks at the file before SQLite holds it: afterwards, closing any other handle on it would drop SQLite's
 * locks. A new file gets its mode here.
 */
async function checkHeader(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await openPrivate(path, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const created = await openPrivate(path, 'a');
    await created.chmod(0o600);
    await created.close();
    return;
  }
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(16), 0, 16, 0);
    if (bytesRead > 0 && buffer.toString('latin1', 0, 15) !== 'SQLite format 3') {
      throw new SidejobError(
        'store_unavailable',
        `${path} is not a SQLite file.`,
        'Move it away (nothing was changed) and try again.',
      );
    }
  } finally {
    await file.close();
  }
}

function migrate(db: Database.Database): void {
  const version = () => db.pragma('user_version', { simple: true }) as number;
  if (version() === SCHEMA_VERSION) return;
  db.transaction(() => {
    const from = version();
    if (from > SCHEMA_VERSION) {
      throw new SidejobError(
        'store_unavailable',
        `The store was written by a newer Sidejob (schema ${from}, this one knows ${SCHEMA_VERSION}).`,
        'Update Sidejob in this client.',
      );
    }
    for (const migration of MIGRATIONS.slice(from)) db.exec(migration);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}

/**
 * Runs `action` again, with growing, jittered pauses, while another process holds the lock.
 * @throws SidejobError `store_busy` after ten seconds.
 */
export async function retryWhileBusy<T>(action: () => T): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 100)) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > end) {
        throw new SidejobError('store_busy', 'The store is locked by another process.', 'Try again.', { cause: error });
      }
    }
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** Whether another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(errnoOf(error) ?? '');
}

/** Shapes whatever SQLite or the file system threw into an error that says what to do. */
export function storeError(path: string, error: unknown): unknown {
  if (error instanceof SidejobError) return error;
  const code = errnoOf(error) ?? '';
  const known: [RegExp, string, string][] = [
    [/^SQLITE_FULL|^ENOSPC/, 'the disk is full', 'Free some space; no job was lost.'],
    [/^SQLITE_(CORRUPT|NOTADB)/, 'the file is damaged', 'Move it away (it was not changed), or restore a copy.'],
    [
      /^SQLITE_(READONLY|CANTOPEN|PERM)|^E(ACCES|PERM|ROFS|EXIST|NOTDIR|ISDIR)/,
      'it cannot be written',
      'Check its owner.',
    ],
    [/^SQLITE_(BUSY|LOCKED)/, 'it is locked by another process', 'Try again.'],
    [/^SQLITE_IOERR/, 'the disk reports an error', 'Check the disk and its free space.'],
  ];
  const match = known.find(([pattern]) => pattern.test(code));
  if (!match) return error;
  const [, what, todo] = match;
  return new SidejobError('store_unavailable', `${path}: ${what} (${messageOf(error)}).`, todo, { cause: error });
}
