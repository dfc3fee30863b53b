// Removes old jobs, rows and files together, in slices that hold nobody up; and folders that no job owns.
import { lstat, opendir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobFiles } from '../config/paths.js';
import { messageOf } from '../errors.js';
import { expireApprovals, removeApprovals } from '../store/approvals.js';
import { removeExpired } from '../store/counters.js';
import { findJob } from '../store/jobs.js';
import { type Keep, type Prune, prunableIds, removePrunable, removeSlice, SLICE } from '../store/retention.js';
import type { Engine } from './engine.js';
import { tidyWorktrees } from './isolation/tidy.js';

const DAY_MS = 86_400_000;
/** An ended job is never removed sooner: somebody may be about to read it. */
const REST_MS = 3_600_000;
/** Ended approvals are shown by `sidejob approvals --all` for so long. */
const APPROVALS_MS = 7 * DAY_MS;
/** Between two slices others get their turn at the store. */
const PAUSE_MS = 20;

/**
 * Removes what the configuration no longer keeps.
 * @param sweep also look through all folders for those that no job owns
 * @returns how many jobs and stray folders went
 */
export async function removeOld(
  engine: Engine,
  now: number = Date.now(),
  sweep = true,
): Promise<{ jobs: number; folders: number }> {
  const { keepDays, keepUnreadDays, keepJobs, keepMb } = engine.config.settings;
  const keep: Keep = {
    readBefore: now - keepDays * DAY_MS,
    unreadBefore: now - Math.max(keepDays, keepUnreadDays) * DAY_MS,
    jobs: keepJobs,
    bytes: keepMb * 1024 * 1024,
    endedBefore: now - REST_MS,
  };
  await tidyWorktrees(engine, now);
  let jobs = 0;
  for (;;) {
    const removed = await engine.store.write(() => removeSlice(engine.store, keep));
    // Rows first: a row without files would be a job that has lost its answer; a folder without a row is swept.
    for (const id of removed) await removeFolder(engine, jobFiles(engine.paths, id).dir);
    jobs += removed.length;
    if (removed.length < SLICE) break;
    await sleep(PAUSE_MS);
  }
  await engine.store.write(() => {
    expireApprovals(engine.store, now);
    removeApprovals(engine.store, now - APPROVALS_MS);
    removeExpired(engine.store, now);
  });
  return { jobs, folders: sweep ? await sweepFolders(engine, now) : 0 };
}

/** What `pruneJobs` would remove: how many jobs, and the bytes of their files. */
export async function prunableJobs(engine: Engine, prune: Prune): Promise<{ jobs: number; bytes: number }> {
  const ids = prunableIds(engine.store, prune);
  let bytes = 0;
  for (const id of ids) bytes += await folderSize(jobFiles(engine.paths, id).dir);
  return { jobs: ids.length, bytes };
}

/** Removes ended jobs at a person's word, however young they are; returns how many went, and the bytes of their files. */
export async function pruneJobs(engine: Engine, prune: Prune): Promise<{ jobs: number; bytes: number }> {
  const gone = { jobs: 0, bytes: 0 };
  const ids = prunableIds(engine.store, prune);
  for (let at = 0; at < ids.length; at += SLICE) {
    const slice = ids.slice(at, at + SLICE);
    const removed = await engine.store.write(() => removePrunable(engine.store, prune, slice));
    for (const id of removed) {
      const { dir } = jobFiles(engine.paths, id);
      const bytes = await folderSize(dir);
      if (await removeFolder(engine, dir)) gone.bytes += bytes;
    }
    gone.jobs += removed.length;
  }
  if (gone.jobs > 0) engine.store.bell.ring();
  await tidyWorktrees(engine);
  return gone;
}

/** Bytes of the files in a folder and below; what cannot be looked at counts as nothing. */
async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries.filter((each) => each.isFile())) {
    bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** Removes job folders without a record: of a submit that died, or of a removal that did. */
async function sweepFolders(engine: Engine, now: number): Promise<number> {
  let folders = 0;
  // One by one: there may be a folder for each job that is kept, and others want their turn.
  for await (const { name } of await opendir(engine.paths.jobs)) {
    if (findJob(engine.store, name)) continue;
    const folder = join(engine.paths.jobs, name);
    const { mtimeMs } = await lstat(folder).catch(() => ({ mtimeMs: now }));
    // A young one may belong to a job that is being submitted this moment.
    if (now - mtimeMs < REST_MS) continue;
    if (await removeFolder(engine, folder)) folders += 1;
  }
  return folders;
}

/** One that cannot be removed (what a CLI made read-only, say) must not keep the others. */
async function removeFolder(engine: Engine, folder: string): Promise<boolean> {
  try {
    await rm(folder, { recursive: true, force: true });
    return true;
  } catch (error) {
    engine.log.warn({ folder, error: messageOf(error) }, 'a job folder cannot be removed');
    return false;
  }
}
