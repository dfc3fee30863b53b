// Worktrees of jobs, and every change of their state. As with jobs, each change is one guarded update; call them inside
// `store.write`.
import type { Store } from './store.js';

/**
 * - `intended`: recorded before git is touched; its branch may be there, and a half-made worktree. No job has run in it.
 * - `made`: its jobs work in it, or have; what they did is in nothing else.
 * - `applying`: files are being put into the checkout, or somebody died while he did.
 * - `applied`: the checkout was given all of it.
 * - `merged`: another branch of the repository has its commits.
 * - `discarded`: by request.
 * - `empty`: its jobs have ended and changed nothing.
 */
export type WorktreeState = 'intended' | 'made' | 'applying' | 'applied' | 'merged' | 'discarded' | 'empty';

/** One worktree as stored; see migrations/007-worktrees.ts. */
export interface WorktreeRecord {
  id: string;
  host: string;
  top: string;
  commonDir: string;
  prefix: string;
  branch: string;
  base: string;
  state: WorktreeState;
  path: string | null;
  admin: string | null;
  tip: string | null;
  files: number | null;
  added: number | null;
  removed: number | null;
  leftOut: number;
  applied: string | null;
  appliedAt: number | null;
  applier: string | null;
  gone: 0 | 1;
  createdAt: number;
}

export type NewWorktree = Pick<
  WorktreeRecord,
  'id' | 'host' | 'top' | 'commonDir' | 'prefix' | 'branch' | 'base' | 'createdAt'
>;

/** A job whose worktree holds nothing that would be lost with it; others are kept as if they were pinned. */
export const WITHOUT_WORK = `(job.worktree IS NULL OR NOT EXISTS (
  SELECT 1 FROM worktree WHERE worktree.id = job.worktree AND worktree.state IN ('made', 'applying')))`;

export function findWorktree(store: Store, id: string): WorktreeRecord | undefined {
  return store.get<WorktreeRecord>('SELECT * FROM worktree WHERE id = $id', { id });
}

/** Of every one that is still there, or whose jobs are not. */
export function worktreesToTidy(store: Store): WorktreeRecord[] {
  return store.all<WorktreeRecord>(
    `SELECT * FROM worktree WHERE gone = 0 OR NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = worktree.id)
      ORDER BY createdAt`,
  );
}

/** Worktrees whose jobs have ended, and whose work is nowhere else; those that are known to hold some. */
export function unmergedWorktrees(store: Store): WorktreeRecord[] {
  return store.all<WorktreeRecord>(
    `SELECT * FROM worktree INDEXED BY worktree_open WHERE state IN ('made', 'applying') AND tip IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = worktree.id AND job.finishedAt IS NULL)
      ORDER BY createdAt`,
  );
}

/** What is known of the jobs in a worktree: how many, one that has not ended, and when the last one did. */
export function jobsIn(store: Store, id: string): { jobs: number; active: string | null; endedAt: number | null } {
  return (
    store.get<{ jobs: number; active: string | null; endedAt: number | null }>(
      `SELECT count(*) AS jobs, min(iif(finishedAt IS NULL, id, NULL)) AS active, max(finishedAt) AS endedAt
        FROM job WHERE worktree = $id`,
      { id },
    ) ?? { jobs: 0, active: null, endedAt: null }
  );
}

/** Says what is about to be made. */
export function insertWorktree(store: Store, worktree: NewWorktree): void {
  store.run(
    `INSERT INTO worktree (id, host, top, commonDir, prefix, branch, base, state, createdAt)
      VALUES ($id, $host, $top, $commonDir, $prefix, $branch, $base, 'intended', $createdAt)`,
    { ...worktree },
  );
}

/** Says where it is about to be made. */
export function intendPath(store: Store, id: string, path: string): boolean {
  const sql = "UPDATE worktree SET path = $path, admin = NULL, gone = 0 WHERE id = $id AND state <> 'discarded'";
  return store.run(sql, { id, path }) === 1;
}

/** It is there, and a job is about to run in it: what was known of its work is not known any more. */
export function enterWorktree(store: Store, id: string, admin: string): boolean {
  const changed = store.run(
    `UPDATE worktree SET state = 'made', admin = $admin, tip = NULL, files = NULL, added = NULL, removed = NULL
      WHERE id = $id AND state <> 'discarded'`,
    { id, admin },
  );
  return changed === 1;
}

/** What its jobs have done; if that is more than was applied or merged, it holds work again. */
export function recordWork(
  store: Store,
  id: string,
  work: Pick<WorktreeRecord, 'files' | 'added' | 'removed' | 'leftOut'> & { tip: string },
): void {
  store.run(
    `UPDATE worktree SET files = $files, added = $added, removed = $removed, leftOut = $leftOut,
            state = iif((state = 'applied' AND applied IS NOT $tip) OR (state IN ('merged', 'empty') AND tip IS NOT $tip),
              'made', state), tip = $tip
      WHERE id = $id AND NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = $id AND job.finishedAt IS NULL)`,
    { id, ...work },
  );
}

/** Changes the state, from one of these. */
export function moveWorktree(store: Store, id: string, from: readonly WorktreeState[], to: WorktreeState): boolean {
  const sql = `UPDATE worktree SET state = $to
    WHERE id = $id AND state IN (SELECT value FROM json_each($from))
      AND NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = worktree.id AND job.finishedAt IS NULL)`;
  return store.run(sql, { id, to, from: JSON.stringify(from) }) === 1;
}

/** Gives up what is in worktrees whose jobs were removed. */
export function abandonWorktrees(store: Store): void {
  store.run(
    `UPDATE worktree SET state = 'discarded'
      WHERE state IN ('made', 'applying') AND NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = worktree.id)`,
  );
}

/** The server that applies something to a checkout, or died while it did. */
export function applierAt(store: Store, top: string): string | undefined {
  const sql = 'SELECT applier FROM worktree WHERE top = $top AND applier IS NOT NULL';
  return store.get<{ applier: string }>(sql, { top })?.applier;
}

/**
 * Takes a checkout for the work of one worktree.
 * @param gone who has it, and is known to be gone
 * @returns whether nobody else has it
 */
export function claimCheckout(
  store: Store,
  { id, top }: Pick<WorktreeRecord, 'id' | 'top'>,
  applier: string,
  gone: string | undefined,
): boolean {
  if (gone !== undefined) {
    store.run('UPDATE worktree SET applier = NULL WHERE top = $top AND applier = $gone', { top, gone });
  }
  const sql = `UPDATE worktree SET applier = $applier
    WHERE id = $id AND NOT EXISTS (SELECT 1 FROM worktree WHERE top = $top AND applier IS NOT NULL)`;
  return store.run(sql, { id, top, applier }) === 1;
}

export function releaseCheckout(store: Store, id: string, applier: string): void {
  store.run('UPDATE worktree SET applier = NULL WHERE id = $id AND applier = $applier', { id, applier });
}

/** The checkout has it. */
export function recordApplied(store: Store, id: string, tip: string, now: number): void {
  store.run(
    `UPDATE worktree SET state = iif(tip = $tip, 'applied', 'made'), applied = $tip, appliedAt = $now
      WHERE id = $id AND state = 'applying'`,
    { id, tip, now },
  );
}

/** Nothing of it is left in the repository, nor in the data folder. */
export function recordGone(store: Store, id: string): void {
  store.run('UPDATE worktree SET gone = 1 WHERE id = $id', { id });
}

/** Forgets one that is gone and has no jobs. */
export function deleteWorktree(store: Store, id: string): boolean {
  const sql = 'DELETE FROM worktree WHERE id = $id AND NOT EXISTS (SELECT 1 FROM job WHERE job.worktree = $id)';
  return store.run(sql, { id }) === 1;
}
