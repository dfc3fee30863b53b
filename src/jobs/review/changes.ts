// The changes in a folder, read with git: those that are tracked against a commit, and files that are new. Nothing is
// written, and nothing is run that the repository names (git/run.ts; and no textconv, no external diff).
import { constants } from 'node:fs';
import { lstat, open, readlink, realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { errnoOf, SidejobError } from '../../errors.js';
import { each } from '../../git/each.js';
import { openRepository } from '../../git/repository.js';
import { type GitPlace, git, gitList } from '../../git/run.js';
import { NOTHING } from '../request.js';
import { isWithin } from '../roots.js';
import { type Base, baseNamed, baseOfBranch, baseOfOpenChanges } from './against.js';
import { COUNTED_MAX_BYTES, linesIn } from './lines.js';
import { type FilePatch, parsePatch } from './patch.js';
import type { ChangedFile } from './show.js';
import { whyUnshown } from './unshown.js';

const FILES_MAX = 2000;
/** What git may be given in one command line. */
const PATHS_MAX_BYTES = 64 * 1024;
/** Where git looks for a NUL byte to tell what is binary. */
const LOOKED_AT_BYTES = 8000;
/** Of patches: far more than is shown, and read in a moment; they are taken apart on the event loop. */
const PATCHES_MAX_BYTES = 2 * 1024 * 1024;
const TOO_MUCH = 'more than can be read at once';

export interface Changes {
  /** What they are against, in words. */
  against: string;
  files: readonly (ChangedFile & { lines: number })[];
}

export interface ChangesWanted {
  /** Absolute, without links: only what is in it counts, and paths are named from it. */
  folder: string;
  /** A branch, tag or commit; left out: what is not committed, else what the branch has added. */
  base?: string | undefined;
  /** Files and folders in it; left out: all. */
  paths?: readonly string[] | undefined;
  env: NodeJS.ProcessEnv;
}

/**
 * Reads what has changed.
 * @throws SidejobError `bad_argument`, `no_repository`, `git_failed`, `not_installed`
 */
export async function readChanges({ folder, base, paths = [], env }: ChangesWanted): Promise<Changes> {
  const wanted = paths.map((path) => pathIn(folder, path));
  const repository = await openRepository(folder, env);
  const place = { ...repository.place, cwd: folder };
  const read = async (from: Base): Promise<Changes> => ({
    against: from.name,
    files: await filesSince(place, from.oid, wanted.length > 0 ? wanted : ['.']),
  });
  if (base !== undefined) return read(await baseNamed(repository, base));
  const open = await read(await baseOfOpenChanges(repository));
  const branch = open.files.length === 0 ? await baseOfBranch(repository) : undefined;
  return branch ? read(branch) : open;
}

/** The top of the repository that a folder is in. */
export async function topOf(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  return (await openRepository(await realpath(folder), env)).top;
}

function pathIn(folder: string, path: string): string {
  const absolute = resolve(folder, path);
  if (path !== '' && !path.includes('\0') && isWithin(absolute, folder)) return relative(folder, absolute) || '.';
  const what = `review: ${JSON.stringify(path)} is not in ${folder}.`;
  throw new SidejobError('bad_argument', what, `Name files and folders there. ${NOTHING}`);
}

interface Entry {
  path: string;
  oldPath?: string;
  status: string;
  isTracked: boolean;
}

const DIFF = ['diff', '--relative', '-M', '--no-ext-diff', '--no-textconv', '--ignore-submodules=dirty', '--no-color'];
const PATCH = [...DIFF, '--patch', '--submodule=short', '--src-prefix=a/', '--dst-prefix=b/'];

async function filesSince(place: GitPlace, oid: string, paths: readonly string[]): Promise<Changes['files']> {
  const raw = await gitList(place, [...DIFF, '--raw', '-z', oid, '--', ...paths]);
  const others = await gitList(place, ['ls-files', '--others', '--exclude-standard', '-z', '--', ...paths]);
  const entries = [
    ...entriesIn(raw),
    ...others.map((path): Entry => ({ path: path.replace(/\/$/, ''), status: 'A', isTracked: false })),
  ];
  if (entries.length > FILES_MAX) {
    const what = `review: ${entries.length} files have changed, and at most ${FILES_MAX} are reviewed at once.`;
    throw new SidejobError('bad_argument', what, `Name some of them. ${NOTHING}`);
  }
  const readable = await readableOf(place.cwd, entries);
  const looked = await each(entries, (entry) => look(place.cwd, entry, readable.has(entry)));
  const asked = looked.filter(({ entry, hidden }) => entry.isTracked && hidden === undefined);
  const patches =
    asked.length === 0
      ? new Map()
      : await patchesOf(
          place,
          oid,
          paths,
          asked.map(({ entry }) => entry),
        );
  return looked.map(({ entry, hidden, lines, text }) => {
    const patch = entry.isTracked ? patches.get(entry.path) : addedPatch(entry.path, text ?? '');
    const why = hidden ?? (patch === undefined ? TOO_MUCH : patch.binary ? 'binary' : undefined);
    return {
      patch: patch ?? bare(entry),
      ...(why !== undefined && { hidden: why }),
      lines: entry.status === 'D' ? linesBefore(patch) : lines,
    };
  });
}

/** New files that are read whole, the shortest first: what is far more than is shown is not held in memory. */
async function readableOf(folder: string, entries: readonly Entry[]): Promise<ReadonlySet<Entry>> {
  const added = entries.filter(({ isTracked }) => !isTracked);
  const sized = await each(added, async (entry) => {
    const stats = await lstat(join(folder, entry.path)).catch(() => undefined);
    return { entry, size: stats?.isFile() ? stats.size : 0 };
  });
  let left = PATCHES_MAX_BYTES;
  const fitting = sized
    .sort((one, other) => one.size - other.size)
    .filter(({ size }) => {
      left -= size;
      return left >= 0;
    });
  return new Set(fitting.map(({ entry }) => entry));
}

/** What `--raw -z` says: a line of modes and a letter, then one path, or two of a rename. */
function entriesIn(raw: readonly string[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (let at = 0; at < raw.length; ) {
    const status = raw[at]?.split(' ').at(-1)?.[0] ?? '';
    const first = raw[at + 1] ?? '';
    const moved = status === 'R' || status === 'C';
    const path = moved ? (raw[at + 2] ?? '') : first;
    // A file in conflict stands there twice: as such, and as it is now.
    if (status !== 'U' || !entries.has(path)) {
      entries.set(path, { path, status, isTracked: true, ...(moved && { oldPath: first }) });
    }
    at += moved ? 3 : 2;
  }
  return [...entries.values()];
}

/** The patches of these files, by path: with the functions around them, or with less if that is too much. */
async function patchesOf(
  place: GitPlace,
  oid: string,
  paths: readonly string[],
  entries: readonly Entry[],
): Promise<Map<string, FilePatch>> {
  const named = entries.flatMap(({ path, oldPath }) => [path, ...(oldPath === undefined ? [] : [oldPath])]);
  const fits = named.reduce((bytes, path) => bytes + Buffer.byteLength(path) + 1, 0) <= PATHS_MAX_BYTES;
  const of = ['--', ...(fits ? named : paths)];
  const bound = { cut: true, maxBytes: PATCHES_MAX_BYTES };
  const full = await git(place, [...PATCH, '-U8', '--function-context', oid, ...of], bound);
  const { stdout, cut } = full.cut ? await git(place, [...PATCH, '-U3', oid, ...of], bound) : full;
  const patches = parsePatch(stdout.toString());
  // The last one may lack its end.
  if (cut) patches.pop();
  const byPath = new Map<string, FilePatch>();
  for (const patch of patches) {
    const before = byPath.get(patch.path);
    // A file that has become a link is taken out and added.
    if (before) byPath.set(patch.path, { ...patch, change: 'modified', hunks: [...before.hunks, ...patch.hunks] });
    else byPath.set(patch.path, patch);
  }
  return byPath;
}

interface Looked {
  entry: Entry;
  hidden?: string;
  lines: number;
  /** Of a file that git does not track. */
  text?: string;
}

/**
 * What a file is now. No link is followed.
 * @param isRead whether the text of one that git does not track is wanted
 */
async function look(folder: string, entry: Entry, isRead: boolean): Promise<Looked> {
  const full = join(folder, entry.path);
  const stats = await lstat(full).catch((error) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
  const why = whyUnshown(entry.path, stats?.isFile() ? stats.size : 0, entry.isTracked);
  const hidden = why === undefined ? {} : { hidden: why };
  if (!stats && entry.path.includes('\ufffd')) return { entry, hidden: 'its name is no UTF-8', lines: 1 };
  if (stats?.isDirectory() && !entry.isTracked) return { entry, hidden: 'a repository of its own', lines: 1 };
  if (stats?.isSymbolicLink()) return { entry, ...hidden, lines: 1, text: await readlink(full) };
  if (!stats?.isFile() || stats.size > COUNTED_MAX_BYTES) return { entry, ...hidden, lines: 1 };
  const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  // Gone this moment, or not for us to read.
  if (!file) return { entry, hidden: why ?? 'it cannot be read', lines: 1 };
  try {
    const content = await file.readFile();
    if (content.subarray(0, LOOKED_AT_BYTES).includes(0)) return { entry, hidden: why ?? 'binary', lines: 1 };
    const lines = linesIn(content);
    if (entry.isTracked || why !== undefined) return { entry, ...hidden, lines };
    return isRead ? { entry, lines, text: content.toString() } : { entry, hidden: TOO_MUCH, lines };
  } finally {
    await file.close();
  }
}

function linesBefore(patch: FilePatch | undefined): number {
  return Math.max(1, patch?.hunks.flatMap(({ lines }) => lines).filter(({ sign }) => sign === '-').length ?? 0);
}

function addedPatch(path: string, text: string): FilePatch {
  const rows = text.replace(/\n$/, '').split('\n');
  const lines = rows.map((row, index) => ({ sign: '+' as const, number: index + 1, text: row }));
  return { ...bare({ path, status: 'A', isTracked: false }), hunks: text === '' ? [] : [{ place: '', lines }] };
}

const CHANGES: Record<string, FilePatch['change']> = { A: 'added', D: 'deleted', R: 'renamed', C: 'copied' };

function bare({ path, oldPath, status }: Entry): FilePatch {
  return {
    path,
    ...(oldPath !== undefined && { oldPath }),
    change: CHANGES[status] ?? 'modified',
    ...{ binary: false, submodule: false, hunks: [] },
  };
}
