// How the worktree of a job stands, in few words.
import type { JobRecord } from '../../store/record.js';
import type { WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { countLine } from './diff.js';
import { worktreeOf } from './places.js';

const WORDS: Record<WorktreeRecord['state'], string> = {
  intended: '',
  made: 'not applied',
  applying: 'applied in part: apply it again',
  applied: 'applied',
  merged: 'merged',
  discarded: 'discarded',
  empty: 'no changes',
};

/** `sidejob/codex-7f3k9m2q, 2 files +8 -2, not applied`; undefined for a job that is not isolated. */
export function isolationLine(engine: Pick<Engine, 'store'>, job: JobRecord): string | undefined {
  const worktree = worktreeOf(engine, job);
  if (!worktree) return undefined;
  const { branch, state, files, added, removed, tip, leftOut } = worktree;
  if (job.finishedAt === null || state === 'empty' || tip === null) {
    return [branch, job.finishedAt === null ? '' : WORDS[state]].filter(Boolean).join(', ');
  }
  // Until its worktree has been cleared away.
  if (state === 'made' && files === 0 && leftOut === 0) return `${branch}, ${WORDS.empty}`;
  const count = countLine({ files: files ?? 0, added: added ?? 0, removed: removed ?? 0 });
  return [branch, count, leftOut > 0 ? `${leftOut} left out` : '', WORDS[state]].filter(Boolean).join(', ');
}
