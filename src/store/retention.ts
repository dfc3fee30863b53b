// Which ended jobs may go: by age, by number and by size. Pinned jobs never do, nor those whose work is nowhere else.
import type { JobStatus } from './record.js';
import type { Store } from './store.js';
import { abandonWorktrees, WITHOUT_WORK } from './worktrees.js';

/** How much is removed in one transaction, so that nobody waits for a lock for long. */
export const SLICE = 200;

export interface Keep {
  /** Ended before these times (milliseconds since 1970): read jobs, and unread ones. */
  readBefore: number;
  unreadBefore: number;
  /** At most so many ended jobs, and so many bytes of their output. */
  jobs: number;
  bytes: number;
  /** Nothing that ended after this time is removed, whatever the other limits say: somebody may be waiting. */
  endedBefore: number;
}

/** Removes at most one slice of rows, the oldest first; returns the ids of the removed. Call inside `write`. */
export function removeSlice(store: Store, keep: Keep): string[] {
  const ids = expired(store, keep);
  if (ids.length < SLICE) ids.push(...surplus(store, keep, ids));
  for (const id of ids) store.run('DELETE FROM job WHERE id = $id', { id });
  return ids;
}

/** Where jobs stand that may go, by whether their outcome was shown to somebody; see migration 006. */
const READ = 'job INDEXED BY job_ended_read WHERE finishedAt IS NOT NULL AND pinned = 0 AND readAt IS NOT NULL';
const UNREAD = 'job INDEXED BY job_ended_unread WHERE finishedAt IS NOT NULL AND pinned = 0 AND readAt IS NULL';

function expired(store: Store, { readBefore, unreadBefore, endedBefore }: Keep): string[] {
  const before = (from: string, time: number, limit: number) =>
    store
      .all<{ id: string }>(
        `SELECT id FROM ${from} AND finishedAt < $time AND ${WITHOUT_WORK} ORDER BY finishedAt LIMIT $limit`,
        {
          time: Math.min(time, endedBefore),
          limit,
        },
      )
      .map(({ id }) => id);
  const read = before(READ, readBefore, SLICE);
  return [...read, ...before(UNREAD, unreadBefore, SLICE - read.length)];
}

/** The oldest read jobs beyond the number or the size that is kept. */
function surplus(store: Store, { jobs, bytes, endedBefore }: Keep, gone: readonly string[]): string[] {
  const ended = store.get<{ jobs: number; bytes: number }>(
    "SELECT sum(jobs) AS jobs, sum(bytes) AS bytes FROM tally WHERE status NOT IN ('queued', 'running')",
  ) ?? { jobs: 0, bytes: 0 };
  let tooMany = ended.jobs - gone.length - jobs;
  let tooBig = ended.bytes - bytes;
  if (tooMany <= 0 && tooBig <= 0) return [];
  const oldest = store.all<{ id: string; bytes: number }>(
    `SELECT id, coalesce(stdoutBytes, 0) + coalesce(stderrBytes, 0) AS bytes FROM ${READ} AND finishedAt < $endedBefore AND ${WITHOUT_WORK}
      ORDER BY finishedAt LIMIT ${SLICE}`,
    { endedBefore },
  );
  const chosen: string[] = [];
  for (const { id, bytes: size } of oldest) {
    if ((tooMany <= 0 && tooBig <= 0) || gone.length + chosen.length >= SLICE) break;
    if (gone.includes(id)) continue;
    chosen.push(id);
    tooMany -= 1;
    tooBig -= size;
  }
  return chosen;
}

/** What a person wants to be rid of now: ended jobs, without the pinned ones. */
export interface Prune {
  /** Milliseconds since 1970. */
  endedBefore: number;
  /** Empty: all. */
  statuses: readonly JobStatus[];
  /** Those, too, whose outcome nobody was shown. */
  unread: boolean;
  /** And isolated ones whose work was neither applied nor discarded nor merged. */
  unmerged: boolean;
}

/** One that may have left processes is kept: its row is what they are found by. */
const PRUNABLE = `finishedAt <= $endedBefore AND leftovers = 0 AND ($unmerged = 1 OR ${WITHOUT_WORK})
  AND ($statuses = '[]' OR status IN (SELECT value FROM json_each($statuses)))`;

function pruneParameters({ endedBefore, statuses, unmerged }: Prune) {
  return { endedBefore, statuses: JSON.stringify(statuses), unmerged: unmerged ? 1 : 0 };
}

/** Their ids: all read ones, then the unread, each the oldest first. */
export function prunableIds(store: Store, prune: Prune): string[] {
  return (prune.unread ? [READ, UNREAD] : [READ]).flatMap((from) =>
    store
      .all<{ id: string }>(`SELECT id FROM ${from} AND ${PRUNABLE} ORDER BY finishedAt`, pruneParameters(prune))
      .map(({ id }) => id),
  );
}

/** Removes those of these jobs that may still go, of one slice; returns their ids. Call inside `write`. */
export function removePrunable(store: Store, prune: Prune, ids: readonly string[]): string[] {
  const sql = `DELETE FROM job WHERE id = $id AND finishedAt IS NOT NULL AND pinned = 0 AND ${PRUNABLE}
    AND ($unread = 1 OR readAt IS NOT NULL)`;
  const unread = prune.unread ? 1 : 0;
  const removed = ids.filter((id) => store.run(sql, { ...pruneParameters(prune), unread, id }) === 1);
  if (prune.unmerged) abandonWorktrees(store);
  return removed;
}
