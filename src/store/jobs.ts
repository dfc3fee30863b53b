// Reading jobs one by one, and those that are alive; list.ts pages through all of them.
import type { Usage } from '../providers/provider.js';
import type { JobRecord, JobStatus } from './record.js';
import type { Store } from './store.js';

type Encoded = 'usage' | 'usageTotal' | 'chain';
/** A job as it stands in the file. */
export type JobRow = Omit<JobRecord, Encoded> & Record<Encoded, string | null>;

export function decodeJob(row: JobRow): JobRecord {
  const parse = (text: string | null) => (text === null ? null : JSON.parse(text));
  return { ...row, usage: parse(row.usage), usageTotal: parse(row.usageTotal), chain: parse(row.chain) };
}

export function findJob(store: Store, id: string): JobRecord | undefined {
  const row = store.get<JobRow>('SELECT * FROM job WHERE id = $id', { id });
  return row && decodeJob(row);
}

/** Jobs that have not ended, oldest first. */
export function activeJobs(store: Store): JobRecord[] {
  return store
    .all<JobRow>('SELECT * FROM job INDEXED BY job_active WHERE finishedAt IS NULL ORDER BY seq')
    .map(decodeJob);
}

/** Ended jobs that may have left processes behind. */
export function jobsWithLeftovers(store: Store, endedBefore: number): JobRecord[] {
  const sql = 'SELECT * FROM job INDEXED BY job_leftovers WHERE leftovers = 1 AND finishedAt < $endedBefore';
  return store.all<JobRow>(sql, { endedBefore }).map(decodeJob);
}

/** Of the same request again and again, so many of the newest are looked at: some never read what they ask for. */
const SAME = 100;

/** The newest job that asked for the same, by the same client, and is active or was completed, unread, since `since`. */
export function findSameRequest(store: Store, requestKey: string, client: string, since: number) {
  const row = store.get<JobRow>(
    `SELECT * FROM (SELECT * FROM job WHERE requestKey = $requestKey AND client = $client AND readAt IS NULL
         ORDER BY seq DESC LIMIT ${SAME})
      WHERE cause IS NULL AND (finishedAt IS NULL OR (finishedAt >= $since AND status = 'completed')) LIMIT 1`,
    { requestKey, client, since },
  );
  return row && decodeJob(row);
}

/** The active job of this provider with this `dedupeKey`. */
export function findByDedupeKey(store: Store, provider: string, dedupeKey: string): JobRecord | undefined {
  const row = store.get<JobRow>(
    'SELECT * FROM job WHERE dedupeKey = $dedupeKey AND provider = $provider AND finishedAt IS NULL',
    { provider, dedupeKey },
  );
  return row && decodeJob(row);
}

/** The active job that uses this conversation. */
export function findBySession(store: Store, provider: string, sessionId: string): JobRecord | undefined {
  const row = store.get<JobRow>(
    'SELECT * FROM job WHERE sessionId = $sessionId AND provider = $provider AND finishedAt IS NULL',
    { provider, sessionId },
  );
  return row && decodeJob(row);
}

/** The running job whose launcher is one of these processes. */
export function findByLauncher(store: Store, processes: readonly { pid: number; start: string }[]) {
  const sql = `SELECT * FROM job INDEXED BY job_active
    WHERE finishedAt IS NULL AND status = 'running' AND pid IN (SELECT value FROM json_each($pids))`;
  const jobs = store.all<JobRow>(sql, { pids: JSON.stringify(processes.map(({ pid }) => pid)) }).map(decodeJob);
  const found = processes.map(({ pid, start }) => jobs.find((job) => job.pid === pid && job.pidStart === start));
  return found.find((job) => job !== undefined);
}

/** The newest job of a conversation that has begun, by the CLI's own id of it. */
export function findLatestOf(store: Store, sessionId: string): JobRecord | undefined {
  const row = store.get<JobRow>(
    'SELECT * FROM job WHERE sessionId = $sessionId AND startedAt IS NOT NULL ORDER BY seq DESC LIMIT 1',
    { sessionId },
  );
  return row && decodeJob(row);
}

/** The active job that may change files in this folder, or in this worktree. */
export function findWriterIn(
  store: Store,
  { cwd, worktree }: Pick<JobRecord, 'cwd' | 'worktree'>,
): JobRecord | undefined {
  const row = store.get<JobRow>(
    `SELECT * FROM job INDEXED BY job_active
      WHERE finishedAt IS NULL AND access <> 'read-only' AND cwd = $cwd AND worktree IS $worktree LIMIT 1`,
    { cwd, worktree },
  );
  return row && decodeJob(row);
}

/** What the CLI last reported for this conversation, before the job with this key. */
export function lastUsageTotal(store: Store, { seq, provider, sessionId }: JobRecord): Usage | undefined {
  const row = store.get<{ usageTotal: string }>(
    `SELECT usageTotal FROM job WHERE sessionId = $sessionId AND provider = $provider AND seq < $seq
        AND usageTotal IS NOT NULL ORDER BY seq DESC LIMIT 1`,
    { seq, provider, sessionId },
  );
  return row && JSON.parse(row.usageTotal);
}

export function countByStatus(store: Store): Record<JobStatus, number> {
  const rows = store.all<{ status: JobStatus; jobs: number }>('SELECT status, jobs FROM tally');
  return Object.fromEntries(rows.map((row) => [row.status, row.jobs])) as Record<JobStatus, number>;
}
