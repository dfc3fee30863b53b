// Reading jobs. Every list is paged by key and indexed: its cost does not grow with history.
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

/** Ids that begin with `prefix`, or whose random part does; at most `limit`, newest first. */
export function findIds(store: Store, prefix: string, limit: number): string[] {
  const pattern = prefix.replace(/[^a-z0-9-]/g, '');
  return store
    .all<{ id: string }>('SELECT id FROM job WHERE id GLOB $head OR id GLOB $tail ORDER BY seq DESC LIMIT $limit', {
      head: `${pattern}*`,
      tail: `*-${pattern}*`,
      limit,
    })
    .map((row) => row.id);
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

/** The newest job that asked for the same, by the same client, and is active or was completed, unread, since `since`. */
export function findSameRequest(store: Store, requestKey: string, client: string, since: number) {
  const row = store.get<JobRow>(
    `SELECT * FROM job WHERE requestKey = $requestKey AND client = $client AND readAt IS NULL
       AND cause IS NULL AND (finishedAt IS NULL OR (finishedAt >= $since AND status = 'completed'))
     ORDER BY seq DESC LIMIT 1`,
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
  const jobs = activeJobs(store);
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

/** The active job that may change files in this folder. */
export function findWriterIn(store: Store, cwd: string): JobRecord | undefined {
  const row = store.get<JobRow>(
    `SELECT * FROM job INDEXED BY job_active WHERE finishedAt IS NULL AND access <> 'read-only' AND cwd = $cwd LIMIT 1`,
    { cwd },
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

export interface ListFilter {
  filter: 'open' | 'active' | 'unread' | 'ended' | 'any';
  /** Null: every project. */
  project: string | null;
  provider?: string;
  /** Empty or absent: any. */
  statuses?: readonly JobStatus[];
  /** Part of the label, the folder or the id; a whole id (a job's, a conversation's) means all of that conversation. */
  query?: string;
  /** Only jobs older than this key. */
  before?: number;
  limit: number;
}

const CONDITIONS: Record<ListFilter['filter'], string> = {
  open: '(finishedAt IS NULL OR readAt IS NULL)',
  active: 'finishedAt IS NULL',
  unread: 'finishedAt IS NOT NULL AND readAt IS NULL',
  ended: 'finishedAt IS NOT NULL',
  any: 'TRUE',
};

const ALIVE: ReadonlySet<JobStatus> = new Set(['queued', 'running']);

/** Jobs, newest first. */
export function listJobs(
  store: Store,
  { filter, project, provider, statuses = [], query, before, limit }: ListFilter,
): JobRecord[] {
  const conditions = [CONDITIONS[filter]];
  // Those are few, and sorted in no time; by seq, SQLite would walk through all that has ended to find them.
  const alive = filter === 'active' || (statuses.length > 0 && statuses.every((status) => ALIVE.has(status)));
  if (alive) conditions.push('finishedAt IS NULL');
  if (project !== null) conditions.push('project = $project');
  if (provider) conditions.push('provider = $provider');
  if (statuses.length > 0) conditions.push('status IN (SELECT value FROM json_each($wanted))');
  if (query) {
    conditions.push(`(label LIKE $like ESCAPE '!' OR cwd LIKE $like ESCAPE '!' OR id LIKE $like ESCAPE '!'
      OR groupId = $query OR chainId IN (SELECT chainId FROM job WHERE id = $query OR sessionId = $query))`);
  }
  if (before !== undefined) conditions.push('seq < $before');
  const sql = `SELECT * FROM job ${alive ? 'INDEXED BY job_active' : ''} WHERE ${conditions.join(' AND ')}
    ORDER BY seq DESC LIMIT $limit`;
  const like = query && `%${query.replace(/[%_!]/g, '!$&')}%`;
  const wanted = statuses.length > 0 ? JSON.stringify(statuses) : undefined;
  const given = Object.entries({ project, provider, wanted, query, like, before, limit }).filter(
    ([, value]) => value != null,
  );
  return store.all<JobRow>(sql, Object.fromEntries(given)).map(decodeJob);
}

/** How many jobs of a project, or of all, ended and were not read. */
export function countUnread(store: Store, project?: string): number {
  const sql = 'SELECT count(*) AS n FROM job WHERE finishedAt IS NOT NULL AND readAt IS NULL';
  const found = project === undefined ? store.get(sql) : store.get(`${sql} AND project = $project`, { project });
  return (found as { n: number } | undefined)?.n ?? 0;
}

export function countByStatus(store: Store): Record<JobStatus, number> {
  const rows = store.all<{ status: JobStatus; jobs: number }>('SELECT status, jobs FROM tally');
  return Object.fromEntries(rows.map((row) => [row.status, row.jobs])) as Record<JobStatus, number>;
}
