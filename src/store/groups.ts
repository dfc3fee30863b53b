// Groups of jobs: what one call asked of several CLIs. A group has members (each may be in several: a repeated question
// joins jobs that are there), what was refused, and perhaps a judge, which is a job of its own.
import { decodeJob, type JobRow } from './jobs.js';
import type { JobRecord } from './record.js';
import { bounds } from './search.js';
import type { Store } from './store.js';

/** One that was asked and got no job. */
export interface Refused {
  provider: string;
  code: string;
  message: string;
}

export interface GroupRecord {
  id: string;
  refused: readonly Refused[];
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** A member with its place in the order in which a judge reads the answers. */
export interface GroupMember {
  job: JobRecord;
  /** Random; the least is read first. */
  blind: number;
}

/**
 * Records a group with these members, or adds to it what it lacks. Call inside `write`, where its jobs are recorded: so
 * that there is never a group without one.
 * @param members in the order in which they were asked, with the random number by which a judge reads them
 */
export function recordGroup(
  store: Store,
  { id, createdAt, refused }: GroupRecord,
  members: readonly { jobId: string; blind: number }[],
): void {
  store.run(
    `INSERT INTO grp (id, refused, createdAt) VALUES ($id, $refused, $createdAt)
       ON CONFLICT DO UPDATE SET refused = excluded.refused`,
    { id, createdAt, refused: JSON.stringify(refused) },
  );
  for (const [place, { jobId, blind }] of members.entries()) {
    store.run(
      `INSERT INTO grp_member (groupId, jobId, place, blind) VALUES ($id, $jobId, $place, $blind)
         ON CONFLICT DO UPDATE SET place = excluded.place`,
      { id, jobId, place, blind },
    );
  }
}

export function findGroup(store: Store, id: string): GroupRecord | undefined {
  const row = store.get<GroupRecord & { refused: string }>('SELECT * FROM grp WHERE id = $id', { id });
  return row && { ...row, refused: JSON.parse(row.refused) };
}

/** Ids of groups that begin with `prefix`; at most `limit`. */
export function findGroupIds(store: Store, prefix: string, limit: number): string[] {
  const sql = 'SELECT id FROM grp WHERE id >= $from AND id < $to LIMIT $limit';
  const parameters = { ...bounds(prefix.replace(/[^a-z0-9-]/g, '')), limit };
  return store.all<{ id: string }>(sql, parameters).map(({ id }) => id);
}

/** The members of a group, in the order in which they were asked. */
export function groupMembers(store: Store, groupId: string): GroupMember[] {
  const rows = store.all<JobRow & { blind: number }>(
    `SELECT job.*, grp_member.blind FROM grp_member JOIN job ON job.id = grp_member.jobId
      WHERE grp_member.groupId = $groupId ORDER BY grp_member.place`,
    { groupId },
  );
  return rows.map(({ blind, ...row }) => ({ job: decodeJob(row), blind }));
}

/** The newest job that weighs the answers of a group. */
export function groupJudge(store: Store, groupId: string): JobRecord | undefined {
  const sql = "SELECT * FROM job WHERE groupId = $groupId AND role = 'judge' ORDER BY seq DESC LIMIT 1";
  const row = store.get<JobRow>(sql, { groupId });
  return row && decodeJob(row);
}

/** The groups of which any of these jobs is a member, the newest first. */
export function groupsWith(store: Store, jobIds: readonly string[]): GroupRecord[] {
  // Most jobs are in none.
  const isMember = 'SELECT 1 FROM grp_member WHERE jobId = $jobId LIMIT 1';
  if (!jobIds.some((jobId) => store.get(isMember, { jobId }))) return [];
  const rows = store.all<{ id: string; createdAt: number; refused: string }>(
    `SELECT * FROM grp WHERE id IN (SELECT groupId FROM grp_member WHERE jobId IN (SELECT value FROM json_each($ids)))
      ORDER BY createdAt DESC, id`,
    { ids: JSON.stringify(jobIds) },
  );
  return rows.map((row) => ({ ...row, refused: JSON.parse(row.refused) }));
}
