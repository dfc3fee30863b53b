// What became of an isolated job's changes, in words for a model or a person.
import { countOf } from '../../git/trees.js';
import type { Applied } from './apply.js';
import { countLine, fileLine } from './diff.js';
import type { Discarded } from './discard.js';

/** Of a long list, so many files are named. */
const NAMED = 50;

/** The first line says what happened, the others name the files. */
export function appliedText({ worktree, files, note }: Applied): string {
  if (note !== undefined) return `${worktree.branch}: nothing to do, ${note}.`;
  if (files.length === 0) return `${worktree.branch}: nothing to do, ${worktree.top} has all of it already.`;
  const more = files.length > NAMED ? [`… and ${files.length - NAMED} more`] : [];
  return [
    `applied to ${worktree.top}, not committed: ${countLine(countOf(files))}`,
    ...files.slice(0, NAMED).map(fileLine),
    ...more,
  ].join('\n');
}

export function discardedText({ worktree, changed, tip }: Discarded): string {
  const { branch, files, added, removed, leftOut, applied } = worktree;
  if (!changed) return `${branch} was discarded before.`;
  const isLost = tip !== undefined && tip !== applied;
  const count = countLine({ files: files ?? 0, added: added ?? 0, removed: removed ?? 0 });
  return [
    `discarded ${branch} with its worktree${isLost ? `: ${count}` : ''}.`,
    ...(isLost ? [`Until git clears it away, the commit can be had back: git branch NAME ${tip.slice(0, 12)}`] : []),
    ...(leftOut > 0 ? [`${leftOut} more that no commit could hold went with it.`] : []),
  ].join('\n');
}
