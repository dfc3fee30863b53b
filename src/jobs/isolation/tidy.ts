// Clears away worktrees: those in which nothing was done, those that were discarded, and those whose jobs are gone. What
// is nowhere else is never among them.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { resolveRef } from '../../git/repository.js';
import { isMerged } from '../../git/worktree.js';
import { compareHost } from '../../process/host.js';
import {
  deleteWorktree,
  findWorktree,
  jobsIn,
  moveWorktree,
  type WorktreeRecord,
  worktreesToTidy,
} from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { removeAll } from './discard.js';
import { checkoutOf, removeScratch } from './places.js';
import { captureWork } from './work.js';

/** A young one may belong to a submission, or to a look, of this moment. */
const REST_MS = 3_600_000;
/** Whether somebody has merged it is asked of git only when it might matter. */
const MERGED_AFTER_MS = 86_400_000;

/** Looks at every worktree. One that cannot be looked at does not keep the others. */
export async function tidyWorktrees(
  engine: Engine,
  now: number = Date.now(),
  mergedAfterMs = MERGED_AFTER_MS,
): Promise<void> {
  for (const { id, host } of worktreesToTidy(engine.store)) {
    // Of another machine or container, this one cannot tell what is there.
    if (compareHost(host, engine.host) === 'elsewhere') continue;
    try {
      await tidyWorktree(engine, id, now, mergedAfterMs);
    } catch (error) {
      engine.log.debug(
        { worktree: id, error: messageOf(error) },
        'a worktree could not be looked at; it is tried again',
      );
    }
  }
  await sweepScratch(engine, now);
}

/** Looks at one whose last job may have ended this moment. */
export async function tidyWorktree(
  engine: Engine,
  id: string,
  now: number = Date.now(),
  mergedAfterMs = MERGED_AFTER_MS,
): Promise<void> {
  const { store } = engine;
  const { jobs, active, endedAt } = jobsIn(store, id);
  if (active !== null) return;
  let worktree = findWorktree(store, id);
  if (!worktree) return;
  // Work is given up by a word, not because its job is gone.
  if (jobs === 0 && ['made', 'applying'].includes(worktree.state)) return;
  if (jobs === 0 && worktree.state === 'intended' && now - worktree.createdAt < REST_MS) return;
  if (jobs > 0 && worktree.state === 'intended' && !(await hasWork(engine, worktree))) {
    await store.write(() => moveWorktree(store, id, ['intended'], 'empty'));
  }
  if (worktree.state === 'made') {
    await captureWork(engine, worktree);
    worktree = findWorktree(store, id) ?? worktree;
    const { files, leftOut, tip } = worktree;
    if (tip !== null && files === 0 && leftOut === 0)
      await store.write(() => moveWorktree(store, id, ['made'], 'empty'));
    else if (tip !== null && leftOut === 0 && now - (endedAt ?? now) >= mergedAfterMs) {
      const { place } = await checkoutOf(engine, worktree);
      if (await isMerged(place, tip, worktree.branch))
        await store.write(() => moveWorktree(store, id, ['made'], 'merged'));
    }
  }
  worktree = findWorktree(store, id) ?? worktree;
  const over = jobs === 0 || worktree.state === 'discarded' || worktree.state === 'empty';
  if (over && !worktree.gone) await removeAll(engine, worktree);
  if (jobs === 0) await store.write(() => deleteWorktree(store, id));
}

/** Whether the branch of one that was to be made again holds something. */
async function hasWork(engine: Engine, worktree: WorktreeRecord): Promise<boolean> {
  const { place } = await checkoutOf(engine, worktree);
  const at = await resolveRef(place, `refs/heads/${worktree.branch}^{commit}`);
  return at !== undefined && at !== worktree.base;
}

/** What was half written by a process that died. */
async function sweepScratch(engine: Engine, now: number): Promise<void> {
  const { worktrees } = engine.paths;
  for (const name of await readdir(worktrees).catch(() => [])) {
    if (!name.includes('~')) continue;
    const path = join(worktrees, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats && now - stats.mtimeMs >= REST_MS) await removeScratch(path);
  }
}
