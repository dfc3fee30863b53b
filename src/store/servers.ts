// The servers that have written to the store: a job's owner is one of them, and its identity tells whether it
// still lives.
import type { ServerRecord } from './record.js';
import type { Store } from './store.js';

export function registerServer(store: Store, server: ServerRecord): void {
  store.run(
    `INSERT INTO server (id, host, pid, pidStart, startedAt) VALUES ($id, $host, $pid, $pidStart, $startedAt)
     ON CONFLICT (id) DO NOTHING`,
    { ...server },
  );
}

export function findServer(store: Store, id: string): ServerRecord | undefined {
  return store.get<ServerRecord>('SELECT * FROM server WHERE id = $id', { id });
}

/** Owners of jobs that have not ended. */
export function activeOwners(store: Store): ServerRecord[] {
  return store.all<ServerRecord>(
    'SELECT * FROM server WHERE id IN (SELECT DISTINCT owner FROM job WHERE finishedAt IS NULL)',
  );
}
