// Lists of jobs, newest first. Each is made of walks along one index, paged by key: its cost does not grow with history.
import { decodeJob, type JobRow } from './jobs.js';
import type { JobRecord, JobStatus } from './record.js';
import { found } from './search.js';
import type { Store } from './store.js';

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

export interface JobPage {
  jobs: JobRecord[];
  /** Where to go on (`before`): undefined if there are no more. */
  next?: number;
}

const ALIVE: ReadonlySet<JobStatus> = new Set(['queued', 'running']);

/** A set of jobs that one index holds in order, or that is small. */
type Part = 'active' | 'unread' | 'ended' | 'any' | { ended: JobStatus };

/** The parts, without a job in common, that together are what a filter means. */
function partsOf({ filter, statuses = [] }: ListFilter): readonly Part[] {
  if (filter === 'open') return ['active', 'unread'];
  if (statuses.length === 0 || filter === 'active' || filter === 'unread') return [filter];
  const ended = statuses.filter((status) => !ALIVE.has(status)).map((status) => ({ ended: status }));
  return filter === 'any' && ended.length < statuses.length ? ['active', ...ended] : ended;
}

const CONDITIONS = {
  active: 'finishedAt IS NULL',
  unread: 'finishedAt IS NOT NULL AND readAt IS NULL',
  ended: 'finishedAt IS NOT NULL',
  any: 'TRUE',
} as const;

/** What is alive is little, and is sorted; all else is read in the order of its index. */
function indexOf(part: Part, project: boolean, provider: boolean): string {
  if (part === 'active') return 'INDEXED BY job_active';
  const narrowed = `${project ? '_project' : ''}${provider ? '_provider' : ''}`;
  if (part === 'unread') return `INDEXED BY job_unread${narrowed}`;
  // Of one project, those of a state are looked for among all of it: a rare wish of a person's.
  if (typeof part === 'object' && !project) return 'INDEXED BY job_ended';
  return narrowed ? `INDEXED BY job${narrowed}` : 'NOT INDEXED';
}

/** A page of jobs. */
export function pageOfJobs(store: Store, filter: ListFilter): JobPage {
  const { query, limit } = filter;
  const { rows, searchedTo } = query ? search(store, filter, query) : { rows: walk(store, filter), searchedTo: 0 };
  const jobs = rows.slice(0, limit).map(decodeJob);
  if (rows.length > limit) return { jobs, next: jobs.at(-1)?.seq ?? 0 };
  return searchedTo > 0 ? { jobs, next: searchedTo } : { jobs };
}

/** Jobs, newest first. */
export function listJobs(store: Store, filter: ListFilter): JobRecord[] {
  return pageOfJobs(store, filter).jobs;
}

/** What a filter means without its query, one more than its limit. */
function walk(store: Store, filter: ListFilter): JobRow[] {
  const { project, provider, statuses = [], before, limit } = filter;
  const rows = partsOf(filter).flatMap((part) => {
    const one = typeof part === 'object' ? part.ended : undefined;
    // Of what is alive or unread, states are told apart in passing.
    const several = one === undefined ? statuses : [];
    const conditions = [
      typeof part === 'object' ? `${CONDITIONS.ended} AND status = $status` : CONDITIONS[part],
      ...statusCondition(several),
      ...narrowing(filter),
    ];
    const index = indexOf(part, project !== null, provider !== undefined);
    const sql = `SELECT * FROM job ${index} WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT $limit`;
    const wanted = wantedOf(several);
    return store.all<JobRow>(sql, given({ project, provider, before, wanted, status: one, limit: limit + 1 }));
  });
  return rows.sort((one, other) => other.seq - one.seq).slice(0, limit + 1);
}

/** Of what a query finds, that which the filter means: one more than its limit, and how far back it was looked for. */
function search(store: Store, filter: ListFilter, query: string): { rows: JobRow[]; searchedTo: number } {
  const { project, provider, statuses = [], before, limit } = filter;
  const narrowed = narrowing(filter);
  const index = indexOf('any', project !== null, provider !== undefined);
  const { seqs, searchedTo } = found(store, query, {
    from: `job ${index}`,
    where: narrowed,
    parameters: given({ project, provider, before }),
  });
  const parts = filter.filter === 'open' ? `(${CONDITIONS.active} OR readAt IS NULL)` : CONDITIONS[filter.filter];
  const conditions = [parts, ...statusCondition(statuses), ...narrowed];
  const rows = store.all<JobRow>(
    `SELECT * FROM job WHERE seq IN (SELECT value FROM json_each($seqs)) AND ${conditions.join(' AND ')}
      ORDER BY seq DESC LIMIT $limit`,
    given({ project, provider, before, wanted: wantedOf(statuses), seqs: JSON.stringify(seqs), limit: limit + 1 }),
  );
  return { rows, searchedTo };
}

function narrowing({ project, provider, before }: ListFilter): string[] {
  return [
    ...(project === null ? [] : ['project = $project']),
    ...(provider === undefined ? [] : ['provider = $provider']),
    ...(before === undefined ? [] : ['seq < $before']),
  ];
}

function statusCondition(statuses: readonly JobStatus[]): string[] {
  return statuses.length > 0 ? ['status IN (SELECT value FROM json_each($wanted))'] : [];
}

function wantedOf(statuses: readonly JobStatus[]): string | undefined {
  return statuses.length > 0 ? JSON.stringify(statuses) : undefined;
}

/** Only those that the statement names. */
function given(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value != null));
}

/** How many jobs of a project, or of all, ended and were not read; beyond `most` they are not counted. */
export function countUnread(store: Store, project?: string, most = -1): number {
  const index = project === undefined ? 'job_unread' : 'job_unread_project';
  const narrowed = project === undefined ? '' : 'AND project = $project';
  const row = store.get<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM job INDEXED BY ${index}
      WHERE finishedAt IS NOT NULL AND readAt IS NULL ${narrowed} LIMIT $most)`,
    given({ project, most }),
  );
  return row?.n ?? 0;
}
