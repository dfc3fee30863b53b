// The audit's outbox: triggers on the job table fill it (migration 002), and whoever writes audit.log empties it.
import type { Store } from './store.js';

/** One thing that happened to a job; `detail` is a JSON object. */
export interface AuditRow {
  /** From 1 without a gap, over all servers: a line that is missing, or stands twice, can be seen. */
  seq: number;
  at: number;
  event: 'accepted' | 'started' | 'ended';
  jobId: string;
  detail: string;
}

export function hasAudit(store: Store): boolean {
  return store.get('SELECT 1 FROM audit LIMIT 1') !== undefined;
}

/** The oldest rows. */
export function nextAudit(store: Store, limit: number): AuditRow[] {
  return store.all<AuditRow>('SELECT * FROM audit ORDER BY seq LIMIT $limit', { limit });
}

/** Removes what has been written, up to this number. Call inside `write`. */
export function removeAudit(store: Store, seq: number): void {
  store.run('DELETE FROM audit WHERE seq <= $seq', { seq });
}
