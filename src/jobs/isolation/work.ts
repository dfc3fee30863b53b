// What the jobs in a worktree have done, as a commit on its branch: what they have committed themselves, and on top of it
// what they have not. Derived from what is there, by any server, as often as anybody asks.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SidejobError } from '../../errors.js';
import { resolveRef } from '../../git/repository.js';
import { type GitPlace, git, gitText } from '../../git/run.js';
import { copyIndex, snapshot } from '../../git/snapshot.js';
import { type ChangedFile, changedFiles, countOf, treeOf } from '../../git/trees.js';
import { setBranch } from '../../git/worktree.js';
import { faultPoint } from '../../process/fault.js';
import { findWorktree, jobsIn, recordWork, type WorktreeRecord } from '../../store/worktrees.js';
import { atMost } from '../at-most.js';
import type { Engine } from '../engine.js';
import { checkoutOf, insideOf, withScratch } from './places.js';

/** Trees and what differs between them, and where to ask for more. */
export interface Work {
  place: GitPlace;
  /** What it is compared with: where it began, or what the checkout was given before. */
  from: string;
  to: string;
  files: ChangedFile[];
  /** What is in the worktree, and cannot be in a commit. */
  left: string[];
}

/** What has been done so far, also while it is being done. Nothing is written but objects. */
export function lookAtWork(engine: Engine, worktree: WorktreeRecord): Promise<Work> {
  // What is cleared away while it is looked at, because nothing is in it, is looked at as that.
  return look(engine, worktree).catch((error) =>
    isEmpty(engine, worktree.id) ? look(engine, worktree) : Promise.reject(error),
  );
}

function isEmpty({ store }: Engine, id: string): boolean {
  return findWorktree(store, id)?.state === 'empty';
}

async function look(engine: Engine, worktree: WorktreeRecord): Promise<Work> {
  const active = jobsIn(engine.store, worktree.id).active !== null;
  const tip = active ? undefined : await captureWork(engine, worktree);
  const now = findWorktree(engine.store, worktree.id) ?? worktree;
  const inside = now.state === 'empty' ? undefined : await insideOf(engine, now);
  const place = inside ?? (await checkoutOf(engine, now)).place;
  const files = inside && (active || now.leftOut > 0) ? await filesOf(engine, now, inside) : undefined;
  const to = active && files ? files.tree : await treeOf(place, tip ?? now.tip ?? now.base);
  // What the checkout has been given before is no news, unless nothing came after it.
  const given = now.applied !== null && now.applied !== now.tip ? now.applied : now.base;
  return {
    place,
    from: await treeOf(place, given),
    to,
    files: await changedFiles(place, given, to),
    left: files?.left ?? [],
  };
}

function filesOf(engine: Engine, { id, admin }: WorktreeRecord, place: GitPlace) {
  return withScratch(engine, id, (index) => snapshot({ place, from: join(admin ?? '', 'index'), index }));
}

/** How often it is begun anew where others capture the same. */
const TRIES = 5;

/** Captures under way in this process: whoever asks meanwhile waits for the same. */
const underWay = new Map<string, Promise<string>>();

/**
 * Brings the branch of a worktree whose jobs have ended up to what is in it.
 * @returns the commit, which is where it began if nothing was done
 * @throws SidejobError what keeps git from it; the files are where they were
 */
export async function captureWork(engine: Engine, worktree: WorktreeRecord): Promise<string> {
  const { id, base } = worktree;
  const key = `${engine.paths.home}/${id}`;
  const under =
    underWay.get(key) ??
    capture(engine, worktree)
      // Another process has found nothing in it meanwhile, and clears it away.
      .catch((error) => (isEmpty(engine, id) ? base : Promise.reject(error)))
      .finally(() => underWay.delete(key));
  underWay.set(key, under);
  return under;
}

async function capture(engine: Engine, worktree: WorktreeRecord): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const at = await branchOf(engine, worktree);
    try {
      return await captureFrom(engine, worktree, at);
    } catch (error) {
      // Another process has been first, and what it has committed is what there is.
      if (attempt === TRIES || (await branchOf(engine, worktree)) === at) throw error;
    }
  }
}

async function branchOf(engine: Engine, worktree: WorktreeRecord): Promise<string | undefined> {
  const place = (await insideOf(engine, worktree)) ?? (await checkoutOf(engine, worktree)).place;
  return resolveRef(place, `refs/heads/${worktree.branch}^{commit}`);
}

/** @param at where the branch stands; it is moved only from there */
async function captureFrom(engine: Engine, worktree: WorktreeRecord, at: string | undefined): Promise<string> {
  const { id, base, branch, path, state } = worktree;
  const inside = await insideOf(engine, worktree);
  const place = inside ?? (await checkoutOf(engine, worktree)).place;
  if (!inside && at === undefined && state !== 'intended') {
    throw new SidejobError(
      'git_failed',
      `the branch ${branch} of ${id} is gone.`,
      path ? `Look into ${path}.` : undefined,
    );
  }
  const { tip, left } = inside ? await commitFiles(engine, worktree, inside, at) : { tip: at ?? base, left: [] };
  const files = await changedFiles(place, base, tip);
  const counts = { ...countOf(files), leftOut: left.length };
  const { tip: known, leftOut } = worktree;
  if (known !== tip || leftOut !== left.length) {
    await engine.store.write(() => recordWork(engine.store, id, { tip, ...counts }));
    engine.store.bell.ring();
  }
  return tip;
}

async function commitFiles(engine: Engine, worktree: WorktreeRecord, inside: GitPlace, at: string | undefined) {
  const { id, base, branch, admin } = worktree;
  const ref = `refs/heads/${branch}`;
  const head = (await resolveRef(inside, 'HEAD^{commit}')) ?? at ?? base;
  return withScratch(engine, id, async (index) => {
    const { tree, left } = await snapshot({ place: inside, from: join(admin ?? '', 'index'), index });
    // Commits that the branch has, and that were left behind in there, stay in it.
    const aside = at !== undefined && !(await isAncestor(inside, at, head)) ? [at] : [];
    const asIs = aside.length === 0 && tree === (await treeOf(inside, head));
    const parents = [head, ...aside].flatMap((commit) => ['-p', commit]);
    const tip = asIs ? head : await gitText(inside, ['commit-tree', tree, ...parents, '-m', `Work of ${id}`]);
    faultPoint('capture.committed');
    if (tip !== at) await setBranch(inside, branch, tip, at);
    faultPoint('capture.branched');
    if (jobsIn(engine.store, id).active !== null) return { tip, left };
    // Its own HEAD and index follow: whoever goes on in there begins with nothing uncommitted.
    if ((await git(inside, ['symbolic-ref', '--quiet', 'HEAD'], { exits: [0, 1] })).stdout.toString().trim() !== ref) {
      await git(inside, ['symbolic-ref', 'HEAD', ref]);
    }
    await rm(join(admin ?? '', 'index.lock'), { force: true });
    await copyIndex(index, join(admin ?? '', 'index'));
    return { tip, left };
  });
}

async function isAncestor(place: GitPlace, commit: string, of: string): Promise<boolean> {
  return (
    commit === of || (await git(place, ['merge-base', '--is-ancestor', commit, of], { exits: [0, 1] })).exitCode === 0
  );
}

/** How long a look at an ended job waits for its work to be told. */
const PATIENCE_MS = 5000;

/** Has the work of an ended job told before it is shown, unless that takes long; then it goes on in the background. */
export async function settleWork(engine: Engine, { worktree: id }: { worktree: string | null }): Promise<void> {
  const worktree = id === null ? undefined : findWorktree(engine.store, id);
  if (worktree?.state !== 'made' || worktree.tip !== null) return;
  if (jobsIn(engine.store, worktree.id).active !== null) return;
  const captured = captureWork(engine, worktree).catch((error) =>
    engine.log.warn({ worktree: worktree.id, error: String(error) }, 'its work could not be told'),
  );
  await atMost(captured, PATIENCE_MS);
}
