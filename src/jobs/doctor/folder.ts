// The data folder: whose it is, who may read it, how much room there is, and whether the audit can be written.
import { constants } from 'node:fs';
import { access, chmod, lstat, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Paths } from '../../config/paths.js';
import { errnoOf, messageOf } from '../../errors.js';
import { type Finding, ok, problem, warn } from './finding.js';

const MEGABYTE = 1024 * 1024;

/**
 * @param minFreeMb below which no job is accepted
 * @param fix true: what others may read is shut to them
 */
export async function folderFindings(paths: Paths, minFreeMb: number, fix: boolean): Promise<Finding[]> {
  const stats = await stat(paths.home).catch((error) => error as Error);
  if (stats instanceof Error) {
    if (errnoOf(stats) === 'ENOENT') {
      return [
        ok('data folder', `${paths.home} is not there yet; the first job makes it`),
        ...(await room(paths, minFreeMb)),
      ];
    }
    return [problem('data folder', `${paths.home}: ${messageOf(stats)}`, 'set SIDEJOB_HOME to a folder of your own')];
  }
  if (!stats.isDirectory()) {
    return [
      problem('data folder', `${paths.home} is not a directory`, 'move it away, or set SIDEJOB_HOME to a folder'),
    ];
  }
  return [...(await modes(paths, stats, fix)), ...(await room(paths, minFreeMb)), ...(await audit(paths))];
}

/** Whether something else is where the data folder should be. */
export async function isNoFolder({ home }: Paths): Promise<boolean> {
  const stats = await stat(home).catch(() => undefined);
  return stats !== undefined && !stats.isDirectory();
}

async function modes(paths: Paths, { uid, mode }: { uid: number; mode: number }, fix: boolean): Promise<Finding[]> {
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    const what = `${paths.home} belongs to another user (uid ${uid}; this is ${own})`;
    return [problem('data folder', what, 'set SIDEJOB_HOME to a folder of your own')];
  }
  if (mode & 0o022) {
    // Not mended: what others may have put there is for a person to look at first.
    const what = `${paths.home} may be written by other users, so no server uses it`;
    return [problem('data folder', what, `chmod 700 ${paths.home}, once you know that nobody has changed it`)];
  }
  const private_ = [paths.home, paths.store, `${paths.store}-wal`, `${paths.store}-shm`, paths.config, paths.audit];
  const open: string[] = [];
  for (const path of private_) {
    const found = await lstat(path).catch(() => undefined);
    if (found && !found.isSymbolicLink() && (found.mode & 0o077) !== 0) open.push(path);
  }
  if (open.length === 0) return [ok('data folder', `${paths.home}, its owner's alone`)];
  const what = `others may read ${open.join(', ')}`;
  if (!fix) return [warn('data folder', what, `sidejob doctor --fix, or: chmod go= ${open.join(' ')}`)];
  try {
    for (const path of open) await chmod(path, (await lstat(path)).mode & 0o700);
    return [{ ...ok('data folder', `${what}: not any more`), fixed: true }];
  } catch (error) {
    return [problem('data folder', `${what}, and that cannot be changed: ${messageOf(error)}`)];
  }
}

async function room({ home }: Paths, minFreeMb: number): Promise<Finding[]> {
  let folder = home;
  let disk = await statfs(folder).catch(() => undefined);
  while (!disk && folder !== dirname(folder)) {
    folder = dirname(folder);
    disk = await statfs(folder).catch(() => undefined);
  }
  if (!disk) return [];
  const free = Math.floor((disk.bavail * disk.bsize) / MEGABYTE);
  const what = `${free} MB free on the disk of ${home}`;
  if (free < minFreeMb) {
    return [problem('disk', `${what}; no job is accepted below ${minFreeMb} MB (minFreeMb)`, 'free some space')];
  }
  return [free < 5 * minFreeMb ? warn('disk', what, 'free some space before it runs out') : ok('disk', what)];
}

async function audit({ audit: path }: Paths): Promise<Finding[]> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile())
      return [problem('audit', `${path} is not a file`, 'move it away; its lines wait in the store')];
    await access(path, constants.W_OK);
    return [ok('audit', `${path}, ${Math.ceil(stats.size / 1024)} KB`)];
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [ok('audit', `${path} is not there yet`)];
    return [problem('audit', `${path} cannot be written: ${messageOf(error)}`, `chmod u+w ${path}`)];
  }
}
