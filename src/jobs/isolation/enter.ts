// At the start of an isolated job: its worktree is made, unless its conversation has been there before.
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { SidejobError } from '../../errors.js';
import { resolveRef } from '../../git/repository.js';
import { addWorktree, removeWorktree, setBranch } from '../../git/worktree.js';
import { faultPoint } from '../../process/fault.js';
import type { JobRecord } from '../../store/record.js';
import { enterWorktree, intendPath, type WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { checkoutOf, insideOf, runFolder, worktreeOf, worktreesFolder } from './places.js';

/**
 * The folder in which a job is to run, without links; that of an isolated one is made.
 * @throws SidejobError what keeps git from it
 */
export async function enterFolder(engine: Engine, job: JobRecord): Promise<string> {
  const worktree = worktreeOf(engine, job);
  if (!worktree) return job.cwd;
  const there = worktree.state === 'intended' ? undefined : await insideOf(engine, worktree);
  const admin = there?.gitDir ?? (await makeWorktree(engine, job, worktree));
  if (!(await engine.store.write(() => enterWorktree(engine.store, worktree.id, admin)))) {
    throw new SidejobError('spawn_failed', 'Its worktree was discarded.', 'Submit it anew if wanted.');
  }
  const folder = runFolder(engine, job);
  // One that git does not track: in the checkout it is there, too.
  await mkdir(folder, { recursive: true });
  if ((await realpath(folder)) !== folder) {
    throw new SidejobError('spawn_failed', `${folder} leads elsewhere.`, 'Submit it in another folder.');
  }
  return folder;
}

/** Returns git's own folder of it. */
async function makeWorktree(engine: Engine, job: JobRecord, worktree: WorktreeRecord): Promise<string> {
  const { id, commonDir, branch, base } = worktree;
  const { place } = await checkoutOf(engine, worktree);
  const folder = await worktreesFolder(engine);
  // A conversation goes on in the very same folder: its CLI knows it by that. What has never been used may be half made
  // by a git that outlives its server, and is left to it.
  const used = worktree.state !== 'intended' && worktree.path !== null;
  const path = used ? (worktree.path as string) : join(folder, job.attempt > 1 ? `${id}.${job.attempt}` : id);
  if (used && (await lstat(path).catch(() => undefined))) {
    const what = `${path}, the worktree of its conversation, is not known to git any more.`;
    throw new SidejobError('spawn_failed', what, 'Copy what you need from there, then move it away and try again.');
  }
  await engine.store.write(() => intendPath(engine.store, id, path));
  faultPoint('isolate.adding');
  await removeWorktree(commonDir, path);
  if ((await resolveRef(place, `refs/heads/${branch}`)) === undefined) await setBranch(place, branch, base);
  const admin = await addWorktree(place, commonDir, path, branch);
  faultPoint('isolate.added');
  return admin;
}
