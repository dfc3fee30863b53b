// The changes of an isolated job as text: a summary of its files, then the patch.
import { SidejobError } from '../../errors.js';
import { type ChangedFile, countOf, patchOf } from '../../git/trees.js';
import type { JobRecord } from '../../store/record.js';
import type { WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { worktreeOf } from './places.js';
import { lookAtWork, type Work } from './work.js';

const LETTERS: Record<ChangedFile['status'], string> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  'type changed': 'T',
};

/**
 * The worktree of a job that is there to be looked at, applied or discarded.
 * @throws SidejobError `bad_argument`: it has none
 */
export function requireWorktree(engine: Engine, job: JobRecord): WorktreeRecord {
  const worktree = worktreeOf(engine, job);
  if (worktree) return worktree;
  throw new SidejobError(
    'bad_argument',
    `job ${job.id} was not isolated: ${job.access === 'read-only' ? 'it changed nothing' : `what it changed is in ${job.cwd} already`}.`,
  );
}

/** `M src/a.ts +8 -2`, `R old -> new +0 -0`, `A logo.png binary` */
export function fileLine({ status, path, oldPath, added, removed }: ChangedFile): string {
  const lines = added === null ? 'binary' : `+${added} -${removed}`;
  return `${LETTERS[status]} ${oldPath === undefined ? '' : `${nameOf(oldPath)} -> `}${nameOf(path)} ${lines}`;
}

/** A name stands in one line, whatever is in it. */
function nameOf(path: string): string {
  return /[\p{Cc}"\\]/u.test(path) ? JSON.stringify(path) : path;
}

/** `2 files +8 -2`; of few, `1 file`. */
export function countLine(count: { files: number; added: number; removed: number }): string {
  return `${count.files} file${count.files === 1 ? '' : 's'} +${count.added} -${count.removed}`;
}

/** What stands above the patch. */
export function summaryOf({ files, left }: Pick<Work, 'files' | 'left'>): string {
  const lines = [files.length === 0 ? 'no changes' : countLine(countOf(files)), ...files.map(fileLine)];
  if (left.length > 0)
    lines.push(`not in it (repositories inside this one, or not readable): ${left.map(nameOf).join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/**
 * The summary and the patch of a job's changes, so far or for good.
 * @throws SidejobError `bad_argument` for one that is not isolated, or whose changes are discarded
 */
export async function diffOf(
  engine: Engine,
  job: JobRecord,
): Promise<{ summary: string; files: ChangedFile[]; patch: Buffer }> {
  const worktree = requireWorktree(engine, job);
  if (worktree.state === 'discarded') {
    throw new SidejobError('bad_argument', `the changes of ${worktree.id} were discarded.`);
  }
  if (worktree.gone) return { summary: summaryOf({ files: [], left: [] }), files: [], patch: Buffer.alloc(0) };
  const work = await lookAtWork(engine, worktree);
  const { files } = work;
  if (files.length === 0) return { summary: summaryOf(work), files, patch: Buffer.alloc(0) };
  const { patch, cut } = await patchOf(work.place, work.from, work.to);
  const note = cut ? `\n… cut; whole: git diff ${worktree.base.slice(0, 12)} ${worktree.branch}\n` : '';
  return { summary: summaryOf(work), files, patch: Buffer.concat([patch, Buffer.from(note)]) };
}
