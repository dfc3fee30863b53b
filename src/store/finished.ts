// Jobs that have ended and that somebody is to be told of. Only connections that ask for it note them, so it costs
// nothing where nobody does.
import type { Store } from './store.js';

/** From now on, every end of a job that this connection records is noted in the same transaction. */
export function noteEnds(store: Store): void {
  // A trigger, so that no way of ending can forget it; a temporary one lives as long as its connection.
  store.run(`CREATE TEMP TRIGGER IF NOT EXISTS finished_noted AFTER UPDATE OF finishedAt ON main.job
    WHEN NEW.finishedAt IS NOT NULL AND OLD.finishedAt IS NULL BEGIN
      INSERT INTO finished (jobId) VALUES (NEW.id);
    END`);
}

/** Whether a job is noted. */
export function hasFinished(store: Store): boolean {
  return store.get('SELECT 1 FROM finished LIMIT 1') !== undefined;
}

/** Takes the oldest noted job, which nobody else gets then. Inside `write`. */
export function takeFinished(store: Store): string | undefined {
  const sql = 'DELETE FROM finished WHERE seq = (SELECT min(seq) FROM finished) RETURNING jobId';
  return store.get<{ jobId: string }>(sql)?.jobId;
}
