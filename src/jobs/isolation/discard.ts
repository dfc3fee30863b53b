// The end of a worktree: it and its branch go. What is to go is recorded first; what is left of it by a process that
// died is found by the row, and removed later.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SidejobError } from '../../errors.js';
import { resolveRef } from '../../git/repository.js';
import { isInUse, removeBranch, removeWorktree } from '../../git/worktree.js';
import { faultPoint } from '../../process/fault.js';
import type { JobRecord } from '../../store/record.js';
import { findWorktree, moveWorktree, recordGone, type WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { checkIdle } from './apply.js';
import { requireWorktree } from './diff.js';
import { checkoutOf, removeScratch } from './places.js';
import { captureWork } from './work.js';

export interface Discarded {
  worktree: WorktreeRecord;
  /** False if somebody had done it before. */
  changed: boolean;
  /** The commit that held its work, if it had done any: git keeps it for a while. */
  tip?: string;
}

/**
 * Throws away what the jobs of a worktree have done.
 * @throws SidejobError `session_busy` while one is in there
 */
export async function discardWork(engine: Engine, job: JobRecord): Promise<Discarded> {
  const worktree = requireWorktree(engine, job);
  const { id } = worktree;
  checkIdle(engine, worktree);
  // For the last time, so that it can be told what is lost; where that cannot be read, it goes all the same.
  const tip = worktree.gone ? undefined : await captureWork(engine, worktree).catch(() => undefined);
  const from = ['intended', 'made', 'applying', 'applied', 'merged', 'empty'] as const;
  const changed = await engine.store.write(() => moveWorktree(engine.store, id, from, 'discarded'));
  if (!changed) checkIdle(engine, worktree);
  faultPoint('discard.recorded');
  const now = findWorktree(engine.store, id) ?? worktree;
  if (!now.gone) await removeAll(engine, now);
  engine.store.bell.ring();
  return { worktree: now, changed, ...(tip !== undefined && tip !== worktree.base && { tip }) };
}

/**
 * Removes a worktree with its branch. A branch that somebody has checked out elsewhere, or moved, is his now, and stays.
 * Where the repository is gone, there is only the folder to remove.
 */
export async function removeAll(engine: Engine, worktree: WorktreeRecord): Promise<void> {
  const { id, commonDir, branch, base, tip, path: known } = worktree;
  const folder = engine.paths.worktrees;
  const names = await readdir(folder).catch(() => []);
  // Also what earlier tries to begin have left half made.
  const paths = names.filter((name) => name === id || name.startsWith(`${id}.`)).map((name) => join(folder, name));
  for (const path of new Set([...paths, ...(known === null ? [] : [known])])) await removeWorktree(commonDir, path);
  for (const name of names.filter((each) => each.startsWith(`${id}~`))) await removeScratch(join(folder, name));
  faultPoint('discard.removed');
  const there = await lstat(commonDir).catch(() => undefined);
  const repository = there && (await checkoutOf(engine, worktree).catch(withoutRepository));
  if (repository) {
    const { place } = repository;
    const at = await resolveRef(place, `refs/heads/${branch}^{commit}`);
    if (at !== undefined && [base, tip].includes(at) && !(await isInUse(place, branch))) {
      await removeBranch(place, branch, at);
    }
  }
  await engine.store.write(() => recordGone(engine.store, id));
}

function withoutRepository(error: unknown): undefined {
  if (error instanceof SidejobError && error.code === 'no_repository') return undefined;
  throw error;
}
