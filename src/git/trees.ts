// What differs between two trees, and what becomes of two that began with the same one. Pure reading of objects: no
// checkout is looked at, and no driver or textconv is run.
import { type GitPlace, git, gitList, gitText } from './run.js';

/** What the diff of one job may come to; the rest is cut off, and said. */
const PATCH_MAX_BYTES = 16 * 1024 * 1024;
const TIMEOUT_SEC = 120;

export interface ChangedFile {
  path: string;
  /** Where it was before. */
  oldPath?: string;
  status: 'added' | 'modified' | 'deleted' | 'renamed' | 'type changed';
  /** Lines; null for what is binary. */
  added: number | null;
  removed: number | null;
}

/** An entry of a tree: its mode (100644, 100755, 120000, 160000) and what it names. */
export interface TreeEntry {
  mode: string;
  oid: string;
}

export interface TreeChange {
  path: string;
  from?: TreeEntry;
  to?: TreeEntry;
}

const STATUS: Record<string, ChangedFile['status']> = { A: 'added', D: 'deleted', R: 'renamed', T: 'type changed' };
const DIFF = ['diff-tree', '-r', '--no-ext-diff', '--no-textconv', '--no-color'];

/** The files that differ, with their lines; renames are told. */
export async function changedFiles(place: GitPlace, from: string, to: string): Promise<ChangedFile[]> {
  const run = (how: string) => gitList(place, [...DIFF, '-M', how, '-z', from, to], { timeoutSec: TIMEOUT_SEC });
  const [raw, numbers] = await Promise.all([run('--raw'), run('--numstat')]);
  const lines = linesIn(numbers);
  const files: ChangedFile[] = [];
  for (let i = 0; i < raw.length; ) {
    const letter = (raw[i] as string).split(' ').at(-1)?.[0] ?? 'M';
    const first = raw[i + 1] as string;
    const path = letter === 'R' ? (raw[i + 2] as string) : first;
    files.push({
      path,
      ...(letter === 'R' && { oldPath: first }),
      status: STATUS[letter] ?? 'modified',
      ...(lines.get(path) ?? { added: null, removed: null }),
    });
    i += letter === 'R' ? 3 : 2;
  }
  return files;
}

/** `ADDED\tREMOVED\tPATH`, or for a rename an empty path, followed by the old and the new one. */
function linesIn(numbers: readonly string[]): Map<string, Pick<ChangedFile, 'added' | 'removed'>> {
  const found = new Map<string, Pick<ChangedFile, 'added' | 'removed'>>();
  for (let i = 0; i < numbers.length; i += 1) {
    const [added = '', removed = '', ...rest] = (numbers[i] as string).split('\t');
    const direct = rest.join('\t');
    const path = direct === '' ? (numbers[i + 2] as string) : direct;
    if (direct === '') i += 2;
    const count = (text: string) => (text === '-' ? null : Number(text));
    found.set(path, { added: count(added), removed: count(removed) });
  }
  return found;
}

/** How many files, and how many lines in them. */
export function countOf(files: readonly ChangedFile[]): { files: number; added: number; removed: number } {
  const sum = (of: 'added' | 'removed') => files.reduce((total, file) => total + (file[of] ?? 0), 0);
  return { files: files.length, added: sum('added'), removed: sum('removed') };
}

/** The difference as a patch; binary files are named in it. */
export async function patchOf(place: GitPlace, from: string, to: string): Promise<{ patch: Buffer; cut: boolean }> {
  const args = [...DIFF, '-M', '--patch', '--src-prefix=a/', '--dst-prefix=b/', from, to];
  const { stdout, cut } = await git(place, args, { maxBytes: PATCH_MAX_BYTES, cut: true, timeoutSec: TIMEOUT_SEC });
  return { patch: stdout, cut };
}

/** Every path at which two trees differ; a rename is one that is gone and one that is new. */
export async function treeChanges(place: GitPlace, from: string, to: string): Promise<TreeChange[]> {
  const raw = await gitList(place, [...DIFF, '--no-renames', '--raw', '-z', from, to], { timeoutSec: TIMEOUT_SEC });
  const changes: TreeChange[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [before = '', after = '', oldOid = '', newOid = ''] = (raw[i] as string).slice(1).split(' ');
    const entry = (mode: string, oid: string) => (/^0+$/.test(mode) ? undefined : { mode, oid });
    const [old, now] = [entry(before, oldOid), entry(after, newOid)];
    changes.push({ path: raw[i + 1] as string, ...(old && { from: old }), ...(now && { to: now }) });
  }
  return changes;
}

export interface Three {
  base: string;
  ours: string;
  theirs: string;
}

/**
 * Merges two trees that began with a third.
 * @returns the tree; or the paths that both have changed in ways that do not go together
 */
export async function mergeTrees(
  place: GitPlace,
  { base, ours, theirs }: Three,
): Promise<{ tree: string } | { conflicts: string[] }> {
  // As commits that belong to nobody: git finds by their parent what both began with.
  const commit = (tree: string, ...more: string[]) => gitText(place, ['commit-tree', tree, '-m', 'sidejob', ...more]);
  const root = await commit(base);
  const [mine, yours] = [await commit(ours, '-p', root), await commit(theirs, '-p', root)];
  const config: GitPlace['config'] = [...(place.config ?? []), ['merge.directoryRenames', 'false']];
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', mine, yours];
  const { exitCode, stdout } = await git({ ...place, config }, args, { exits: [0, 1], timeoutSec: TIMEOUT_SEC });
  const [tree = '', ...names] = stdout.toString().split('\0').filter(Boolean);
  return exitCode === 0 ? { tree } : { conflicts: [...new Set(names)].sort() };
}

/** The tree of a commit. */
export function treeOf(place: GitPlace, commit: string): Promise<string> {
  return gitText(place, ['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`]);
}
