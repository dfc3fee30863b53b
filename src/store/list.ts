// Lists of jobs, newest first. Each is made of walks along one index, paged by key: its cost does not grow with history.
import { decodeJob, type JobRow } from './jobs.js';
import type { JobRecord, JobStatus } from './record.js';
import { kinOf, withWords } from './search.js';
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
  const kin = query ? kinOf(store, query) : [];
  const parts = partsOf(filter).map((part) => readPart(store, filter, part, kin));
  const searchedTo = Math.max(0, ...parts.map((part) => part.searchedTo));
  // One that ended between two reads is in both: as it was read last.
  const found = new Map(parts.flatMap((part) => part.rows.map((row) => [row.seq, row] as const)));
  const rows = [...found.values()]
    // What is older belongs to a later page: it was not looked for everywhere.
    .filter(({ seq }) => seq >= searchedTo)
    .sort((one, other) => other.seq - one.seq);
  const jobs = rows.slice(0, limit).map(decodeJob);
  if (rows.length > limit) return { jobs, next: jobs.at(-1)?.seq ?? 0 };
  return searchedTo > 0 ? { jobs, next: searchedTo } : { jobs };
}

/** Jobs, newest first. */
export function listJobs(store: Store, filter: ListFilter): JobRecord[] {
  return pageOfJobs(store, filter).jobs;
}

/**
 * The jobs of a part, one more than the limit, and how far back they were looked for; see `withWords`.
 * @param kin keys of those that the query is an id of; empty: it is words
 */
function readPart(store: Store, filter: ListFilter, part: Part, kin: readonly number[]) {
  const { project, provider, statuses = [], query, before, limit } = filter;
  const one = typeof part === 'object' ? part.ended : undefined;
  // Of what is alive or unread, states are told apart in passing.
  const wanted = one === undefined && statuses.length > 0 ? JSON.stringify(statuses) : undefined;
  const where = [
    typeof part === 'object' ? `${CONDITIONS.ended} AND status = $status` : CONDITIONS[part],
    ...(wanted === undefined ? [] : ['status IN (SELECT value FROM json_each($wanted))']),
    ...narrowing(filter),
  ];
  const given = { project, provider, status: one, wanted, before };
  const parameters = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
  const from = `job ${indexOf(part, project !== null, provider !== undefined)}`;
  const read = (table: string, conditions: readonly string[], more = {}) =>
    store.all<JobRow>(`SELECT * FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT $limit`, {
      ...parameters,
      ...more,
      limit: limit + 1,
    });
  if (!query) return { rows: read(from, where), searchedTo: 0 };
  const { seqs, searchedTo } =
    kin.length > 0 ? { seqs: kin, searchedTo: 0 } : withWords(store, query, { from, where, parameters }, limit + 1);
  const found = 'seq IN (SELECT value FROM json_each($seqs))';
  return { rows: read('job', [found, ...where], { seqs: JSON.stringify(seqs) }), searchedTo };
}

function narrowing({ project, provider, before }: ListFilter): string[] {
  return [
    ...(project === null ? [] : ['project = $project']),
    ...(provider === undefined ? [] : ['provider = $provider']),
    ...(before === undefined ? [] : ['seq < $before']),
  ];
}

/** How many jobs of a project, or of all, ended and were not read; beyond `most` they are not counted. */
export function countUnread(store: Store, project?: string, most = -1): number {
  const index = project === undefined ? 'job_unread' : 'job_unread_project';
  const narrowed = project === undefined ? '' : 'AND project = $project';
  const row = store.get<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM job INDEXED BY ${index}
      WHERE finishedAt IS NOT NULL AND readAt IS NULL ${narrowed} LIMIT $most)`,
    { most, ...(project !== undefined && { project }) },
  );
  return row?.n ?? 0;
}
