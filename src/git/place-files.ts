// Brings the files of a checkout from one tree to another. Everything is looked at before anything is written, and each
// file changes in one step; the index and HEAD stay as they are.
import { copyFile, lstat, mkdir, readdir, readlink, rename, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';
import { each } from './each.js';
import { type GitPlace, git } from './run.js';
import type { TreeChange } from './trees.js';

const TIMEOUT_SEC = 600;
const SUBMODULE = '160000';

/** Files of a tree, written out and not yet in their place. */
export interface Staged {
  /** The paths that are in the way, or that are not ours to change. Nothing may be placed then. */
  blocked: string[];
  /** Puts them in their place; told of each that is there. */
  put(told: () => void): Promise<void>;
}

/**
 * Writes out what is to come, beside the checkout, and looks whether it can be put there.
 * @param to the tree that the files are to be those of
 * @param changes what differs between the files as they are and that tree
 * @param staging an absolute path at which nothing is; best on the same disk as the checkout
 */
export async function stage(
  place: GitPlace,
  to: string,
  changes: readonly TreeChange[],
  staging: string,
): Promise<Staged> {
  const top = place.cwd;
  const blocked = await blockedPaths(top, changes);
  if (blocked.length > 0) return { blocked, put: async () => {} };
  const index = `${staging}.index`;
  const at = { ...place, index };
  await mkdir(staging, { recursive: true, mode: 0o700 });
  // Git refuses here what no checkout may hold, such as `.git/hooks/x`.
  await git(at, ['read-tree', to], { timeoutSec: TIMEOUT_SEC });
  const written = changes.filter((change) => change.to !== undefined).map(({ path }) => path);
  await git(at, ['checkout-index', '--force', '--quiet', `--prefix=${staging}/`, '-z', '--stdin'], {
    input: written.map((path) => `${path}\0`).join(''),
    timeoutSec: TIMEOUT_SEC,
  });
  return {
    blocked,
    async put(told) {
      for (const { path, to: entry } of changes) {
        if (entry === undefined) await takeAway(top, path);
      }
      for (const path of written) {
        await makeRoom(top, path);
        await moveFile(join(staging, path), join(top, path));
        told();
      }
    },
  };
}

/** What would be overwritten though nobody has looked at it, or written to another place than it seems. */
async function blockedPaths(top: string, changes: readonly TreeChange[]): Promise<string[]> {
  const leaving = new Set(changes.filter((change) => change.to === undefined).map(({ path }) => path));
  const looked = await each(changes, async ({ path, from, to }) => {
    if (from?.mode === SUBMODULE || to?.mode === SUBMODULE) return [path];
    const above = await blockedAbove(top, path, leaving);
    if (above !== undefined) return [above];
    if (to === undefined) return [];
    const stats = await lstat(join(top, path)).catch(() => undefined);
    if (stats === undefined || (from !== undefined && !stats.isDirectory())) return [];
    // Only a folder that is about to be empty makes room for a file.
    return stats.isDirectory() && (await filesBelow(top, path)).every((file) => leaving.has(file)) ? [] : [path];
  });
  return [...new Set(looked.flat())].sort();
}

/** The first thing above a path that is no folder, and does not go. */
async function blockedAbove(top: string, path: string, leaving: ReadonlySet<string>): Promise<string | undefined> {
  const parts = path.split('/').slice(0, -1);
  for (let n = 1; n <= parts.length; n += 1) {
    const above = parts.slice(0, n).join('/');
    const stats = await lstat(join(top, above)).catch(() => undefined);
    if (stats === undefined) return undefined;
    if (!stats.isDirectory()) return leaving.has(above) ? undefined : above;
  }
  return undefined;
}

async function filesBelow(top: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(top, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1));
}

/** Removes a file, and the folders that it leaves empty. */
async function takeAway(top: string, path: string): Promise<void> {
  await unlink(join(top, path)).catch((error) => {
    // Gone already, or what was above it is no folder any more.
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
  });
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const emptied = await rmdir(join(top, folder)).then(
      () => true,
      () => false,
    );
    if (!emptied) break;
  }
}

/** The folders above a file; where the file is to be, an empty folder goes. */
async function makeRoom(top: string, path: string): Promise<void> {
  await mkdir(dirname(join(top, path)), { recursive: true });
  const stats = await lstat(join(top, path)).catch(() => undefined);
  if (stats?.isDirectory()) await removeEmpty(join(top, path));
}

async function removeEmpty(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmpty(join(folder, entry.name));
  }
  await rmdir(folder);
}

/** In one step, also from another disk. */
async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    const beside = `${to}.sidejob-new`;
    await rm(beside, { force: true });
    const stats = await lstat(from);
    if (stats.isSymbolicLink()) await symlink(await readlink(from), beside);
    else await copyFile(from, beside);
    await rename(beside, to);
  }
}
