// The files of a checkout as they stand, as a tree of the repository. Its index, HEAD and files are only read: what is
// written are objects, and an index file of our own. By plumbing throughout: `git add` would look into submodules, and
// run there what they name.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, lstat, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, SidejobError } from '../errors.js';
import { each } from './each.js';
import { type GitPlace, git, gitList, gitText } from './run.js';

/** Reading and packing many or large files may take a while. */
const TIMEOUT_SEC = 600;
/** Uncommitted files beyond this are data that somebody has forgotten to ignore. */
const SIZE_MAX_BYTES = 1024 ** 3;
/** Of the names of all files of a repository. */
const LISTED_MAX_BYTES = 256 * 1024 * 1024;
const SUBMODULE = '160000';

export interface Snapshot {
  tree: string;
  /** What could not be taken: repositories of their own, and files that may not be read. */
  left: string[];
  /** How many files were not as the index has them. */
  changed: number;
}

export interface SnapshotWanted {
  /** A checkout, with its `gitDir` and `workTree`. */
  place: GitPlace;
  /** The index that it begins from: what is as it is there is not read again. */
  from: string;
  /** The index file that is made, which holds the tree then. */
  index: string;
  /** Only these paths are looked at, ignored ones, too; left out: all that is not ignored. */
  only?: ReadonlySet<string>;
}

/**
 * Takes the files as they stand: tracked ones, and new ones that are not ignored. What filters would make of them (Git
 * LFS) is not asked; submodules stay at the commit that the index has.
 * @throws SidejobError `git_failed`, `bad_argument` where it is too much
 */
export async function snapshot({ place, from, index, only }: SnapshotWanted): Promise<Snapshot> {
  for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  await copyIndex(from, index).catch((error) => {
    // A checkout that never had one.
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
  const at = { ...place, index };
  if (only) await unflag(at, only);
  const { present, gone, unknown, left } = await changedPaths(at, only);
  const run = (args: string[], paths: readonly string[]) =>
    paths.length === 0
      ? undefined
      : git(at, ['update-index', ...args, '-z', '--stdin'], {
          input: paths.map((path) => `${path}\0`).join(''),
          timeoutSec: TIMEOUT_SEC,
        });
  await run(['--force-remove'], gone);
  await run(['--add', '--replace', '--ignore-skip-worktree-entries'], present);
  return {
    tree: await gitText(at, ['write-tree'], { timeoutSec: TIMEOUT_SEC }),
    left,
    changed: present.length + gone.length - unknown,
  };
}

/**
 * Copies an index file with its time: a file that was changed in the very second in which the index was written, and is
 * as long as before, is known to git by that alone (its "racy" entries). In one step: a half copied one would be a
 * damaged one; and a link in its place is not followed.
 */
export async function copyIndex(from: string, to: string): Promise<void> {
  const { mtimeMs } = await stat(from);
  const beside = `${to}.${randomUUID()}`;
  await copyFile(from, beside);
  // Earlier rather than later: then git reads more than it must.
  const second = Math.floor(mtimeMs / 1000);
  await utimes(beside, second, second);
  await rename(beside, to);
}

/**
 * Takes back, in an index of our own, that git is told not to look at some files ("assume unchanged", "skip worktree"):
 * they may hold what the user has only there. Those that are not there stay so; a sparse checkout has left them out.
 */
async function unflag(at: GitPlace, only: ReadonlySet<string>): Promise<void> {
  const options = { timeoutSec: TIMEOUT_SEC, maxBytes: LISTED_MAX_BYTES };
  const listed = await gitList(at, ['ls-files', '-v', '-z'], options);
  // "h path" and "s path" are assumed unchanged, "S path" and "s path" skipped.
  const flagged = listed.filter((line) => /^[a-zS] /.test(line) && only.has(line.slice(2)));
  const there = await each(flagged, async (line) => {
    const { kind } = await look(at.cwd, line.slice(2));
    return kind === 'none' ? [] : [line.slice(2)];
  });
  const input = there.flat().map((path) => `${path}\0`);
  if (input.length === 0) return;
  for (const flag of ['--no-assume-unchanged', '--no-skip-worktree']) {
    await git(at, ['update-index', flag, '-z', '--stdin'], { input: input.join(''), timeoutSec: TIMEOUT_SEC });
  }
}

interface ChangedPaths {
  present: string[];
  gone: string[];
  /** Of `present`, those that are looked at only because they were asked for. */
  unknown: number;
  left: string[];
}

async function changedPaths(at: GitPlace, only?: ReadonlySet<string>): Promise<ChangedPaths> {
  const raw = await gitList(at, ['diff-files', '--raw', '-z', '--ignore-submodules=all'], { timeoutSec: TIMEOUT_SEC });
  const tracked = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [before = '', after, , , status = ''] = (raw[i] as string).split(' ');
    if (before.endsWith(SUBMODULE) || after === SUBMODULE) continue;
    // A path in conflict is told twice: as such, and as it is now.
    const path = raw[i + 1] as string;
    if (tracked.get(path) !== 'U') tracked.set(path, status);
  }
  const others = only
    ? [...only].filter((path) => !tracked.has(path))
    : await gitList(at, ['ls-files', '--others', '--exclude-standard', '-z'], { timeoutSec: TIMEOUT_SEC });
  // Paths in conflict have to become files again, or there is no tree.
  const wanted = [...tracked].filter(([path, status]) => !only || only.has(path) || status === 'U');
  const nested = others.filter((path) => path.endsWith('/'));
  const found: ChangedPaths = { present: [], gone: [], unknown: 0, left: nested.map((path) => path.slice(0, -1)) };
  let bytes = 0;
  const looked = await each(
    [...wanted.map(([path]) => path), ...others.filter((path) => !path.endsWith('/'))],
    (path) => look(at.cwd, path),
  );
  for (const { path, kind, size } of looked) {
    const known = tracked.has(path);
    bytes += size;
    if (kind === 'file') found.present.push(path);
    if (kind === 'file' && only && !known) found.unknown += 1;
    if (kind === 'closed') found.left.push(path);
    if (kind === 'none' && known) found.gone.push(path);
  }
  if (bytes > SIZE_MAX_BYTES) {
    throw new SidejobError(
      'bad_argument',
      `the uncommitted files in ${at.cwd} come to ${Math.round(bytes / 1024 ** 2)} MB, and 1024 MB at most are taken.`,
      'Have .gitignore name what is data.',
    );
  }
  return found;
}

async function look(
  top: string,
  path: string,
): Promise<{ path: string; kind: 'file' | 'none' | 'closed'; size: number }> {
  const full = join(top, path);
  const stats = (await isBehindLink(top, path)) ? undefined : await lstat(full).catch(() => undefined);
  if (stats?.isSymbolicLink()) return { path, kind: 'file', size: 0 };
  if (!stats?.isFile()) return { path, kind: 'none', size: 0 };
  const readable = await access(full, constants.R_OK).then(
    () => true,
    () => false,
  );
  return readable ? { path, kind: 'file', size: stats.size } : { path, kind: 'closed', size: 0 };
}

/** Whether a folder above a path is a link: what is there is not in this checkout. */
export async function isBehindLink(top: string, path: string): Promise<boolean> {
  const parts = path.split('/').slice(0, -1);
  for (let n = 1; n <= parts.length; n += 1) {
    const stats = await lstat(join(top, ...parts.slice(0, n))).catch(() => undefined);
    if (stats === undefined) return false;
    if (stats.isSymbolicLink()) return true;
  }
  return false;
}
