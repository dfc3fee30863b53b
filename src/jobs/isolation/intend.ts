// At submission: what an isolated job begins from is fixed now, so that one that waits sees no later edits. The row is
// written first, then the branch is made, and then the job is recorded.
import { join } from 'node:path';
import { SidejobError } from '../../errors.js';
import { hasSubmodules, headOf, openRepository, type Repository, resolveRef } from '../../git/repository.js';
import { git, gitText } from '../../git/run.js';
import { snapshot } from '../../git/snapshot.js';
import { treeOf } from '../../git/trees.js';
import { checkGitVersion, removeBranch, setBranch } from '../../git/worktree.js';
import { faultPoint } from '../../process/fault.js';
import type { Access } from '../../providers/provider.js';
import type { Isolate, JobRecord } from '../../store/record.js';
import { deleteWorktree, findWorktree, insertWorktree } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { type IsolateAsked, NOTHING } from '../request.js';
import { isWithin } from '../roots.js';
import { withScratch, worktreeOf } from './places.js';

const BRANCHES = 'sidejob';

/**
 * How a job is isolated; null if it is not. A conversation stays where it was.
 * @throws SidejobError `bad_argument`, `no_session`: what cannot be isolated so
 */
export function isolationOf(
  engine: Pick<Engine, 'store'>,
  asked: IsolateAsked | undefined,
  access: Access,
  parent: JobRecord | undefined,
): Isolate | null {
  if (parent) {
    if (asked && parent.worktree === null) {
      const what = `job ${parent.id} was not isolated, and its conversation stays in ${parent.cwd}.`;
      throw new SidejobError('bad_argument', what, `Leave out isolate. ${NOTHING}`);
    }
    if (worktreeOf(engine, parent)?.state === 'discarded') {
      const what = `the worktree of job ${parent.id} was discarded, and its conversation with it.`;
      throw new SidejobError('no_session', what, `Attach its answer with attach: ["job:${parent.id}"]. ${NOTHING}`);
    }
    return parent.isolate;
  }
  if (!asked) return null;
  if (access === 'read-only') {
    throw new SidejobError(
      'bad_argument',
      'isolate is for jobs that change files, and access is "read-only".',
      `Add access "edit", or leave out isolate. ${NOTHING}`,
    );
  }
  return asked === 'with-changes' ? 'with-changes' : 'committed';
}

export interface Intent {
  /** What the caller should know of what does not come along. */
  notes: string[];
}

/**
 * Fixes what a job begins from, and keeps it by a branch.
 * @param cwd its folder: absolute, without links
 * @throws SidejobError `no_repository`, `not_supported`, `not_installed`, `git_failed`, `bad_argument`; nothing is left then
 */
export async function intendWorktree(engine: Engine, id: string, cwd: string, isolate: Isolate): Promise<Intent> {
  try {
    return await intend(engine, id, cwd, isolate);
  } catch (error) {
    if (!(error instanceof SidejobError)) throw error;
    const without = error.code === 'no_repository' ? 'Or leave out isolate.' : undefined;
    const hint = [error.hint, without, NOTHING].filter(Boolean).join(' ');
    throw new SidejobError(error.code, `isolate: ${error.message}`, hint, { cause: error });
  }
}

async function intend(engine: Engine, id: string, cwd: string, isolate: Isolate): Promise<Intent> {
  const repository = await openRepository(cwd, engine.env);
  const { place, top, commonDir, prefix } = repository;
  await checkGitVersion(place);
  // A setting of the repository may name any folder.
  if (!isWithin(cwd, top)) {
    throw new SidejobError(
      'no_repository',
      `the repository of ${cwd} has its files in ${top}.`,
      'Name a folder there.',
    );
  }
  const head = await headOf(repository);
  if ((await resolveRef(place, `refs/heads/${BRANCHES}`)) !== undefined) {
    throw new SidejobError(
      'git_failed',
      `a branch "${BRANCHES}" is in the way of "${BRANCHES}/${id}".`,
      `Rename it: git branch -m ${BRANCHES} NAME.`,
    );
  }
  const { base, open } = await baseOf(engine, repository, { id, head, isolate });
  const branch = `${BRANCHES}/${id}`;
  const row = { id, host: engine.server.host, top, commonDir, prefix, branch, base, createdAt: Date.now() };
  await engine.store.write(() => insertWorktree(engine.store, row));
  faultPoint('isolate.intended');
  try {
    await setBranch(place, branch, base);
  } catch (error) {
    await engine.store.write(() => deleteWorktree(engine.store, id));
    throw error;
  }
  faultPoint('isolate.branched');
  return { notes: await notesOn(repository, isolate, open) };
}

/** The commit that the job begins from, and what is not in it. */
async function baseOf(
  engine: Engine,
  repository: Repository,
  { id, head, isolate }: { id: string; head: string; isolate: Isolate },
): Promise<{ base: string; open: number; left: string[] }> {
  const { place, gitDir } = repository;
  if (isolate === 'committed') return { base: head, open: await countOpen(repository), left: [] };
  return withScratch(engine, id, async (index) => {
    const { tree, left } = await snapshot({ place, from: join(gitDir, 'index'), index });
    if (tree === (await treeOf(place, head))) return { base: head, open: left.length, left };
    const message = `What was not committed when ${id} began`;
    return { base: await gitText(place, ['commit-tree', tree, '-p', head, '-m', message]), open: left.length, left };
  });
}

/** How many files are not as the last commit has them. */
async function countOpen({ place }: Repository): Promise<number> {
  const args = ['status', '--porcelain', '-z', '--ignore-submodules=all', '--no-renames'];
  // Only said: where it is too much to be counted, there is something.
  const { stdout, cut } = await git(place, args, { cut: true, maxBytes: 1024 ** 2 });
  return stdout.toString().split('\0').length - (cut ? 0 : 1);
}

async function notesOn({ place }: Repository, isolate: Isolate, open: number): Promise<string[]> {
  const files = `${open} ${isolate === 'committed' ? 'uncommitted ' : ''}file${open === 1 ? '' : 's'}`;
  const why = {
    committed: `It begins from the last commit, without ${files}; isolate: "with-changes" takes them along.`,
    'with-changes': `${files} could not be taken along: repositories inside this one, or not readable.`,
  };
  return [
    ...(open > 0 ? [why[isolate]] : []),
    ...((await hasSubmodules(place, 'HEAD')) ? ['Submodules are not checked out in its worktree.'] : []),
  ];
}

/** Undoes what was intended for a job that was not recorded. */
export async function withdrawIntent(engine: Engine, id: string): Promise<void> {
  const worktree = findWorktree(engine.store, id);
  if (!worktree) return;
  await removeBranch({ cwd: worktree.top, env: engine.env }, worktree.branch, worktree.base);
  await engine.store.write(() => deleteWorktree(engine.store, id));
}
