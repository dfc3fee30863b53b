// Gives the checkout what an isolated job has done: its files change, and nothing else of it (no commit, no index). The
// merge is made and looked at first; then each file changes in one step. Killed in between, the same again finishes it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SidejobError } from '../../errors.js';
import { stage } from '../../git/place-files.js';
import type { Repository } from '../../git/repository.js';
import { snapshot } from '../../git/snapshot.js';
import { type ChangedFile, changedFiles, mergeTrees, treeChanges, treeOf } from '../../git/trees.js';
import { faultPoint } from '../../process/fault.js';
import type { JobRecord } from '../../store/record.js';
import { findWorktree, jobsIn, moveWorktree, recordApplied, type WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';
import { localTime } from '../figures.js';
import { checkRootsOfAll } from '../roots.js';
import { aloneIn } from './alone.js';
import { requireWorktree } from './diff.js';
import { checkoutOf, removeScratch, withScratch } from './places.js';
import { captureWork } from './work.js';

/** How often a checkout that changes meanwhile is looked at again. */
const TRIES = 3;
const NAMED = 20;
const NOTHING_APPLIED = 'Nothing was applied.';

export interface Applied {
  worktree: WorktreeRecord;
  /** What the checkout was given; empty where it had it already. */
  files: ChangedFile[];
  /** Why there was nothing to do. */
  note?: string;
}

/**
 * Applies the work of a job's worktree to the checkout that it was made from.
 * @param project what "." stands for among the roots
 * @throws SidejobError `conflict` by file, `session_busy` while a job is in there, `outside_roots`, `no_repository`
 */
export async function applyWork(
  engine: Engine,
  job: JobRecord,
  project: string | null = job.project,
): Promise<Applied> {
  const worktree = requireWorktree(engine, job);
  if (worktree.state === 'discarded') {
    throw new SidejobError('bad_argument', `the changes of ${worktree.id} were discarded.`, NOTHING_APPLIED);
  }
  checkIdle(engine, worktree);
  if (worktree.state === 'empty') return { worktree, files: [], note: 'it changed nothing' };
  const tip = await captureWork(engine, worktree);
  return aloneIn(engine, worktree, () => applyTip(engine, project, worktree, tip));
}

async function applyTip(
  engine: Engine,
  project: string | null,
  worktree: WorktreeRecord,
  tip: string,
): Promise<Applied> {
  const now = findWorktree(engine.store, worktree.id) ?? worktree;
  if (now.state === 'applied' && now.applied === tip) {
    const when = localTime(now.appliedAt ?? 0, Date.now());
    return {
      worktree: now,
      files: [],
      note: `it was applied at ${when} already; git merge ${now.branch} would bring it anew`,
    };
  }
  const repository = await checkoutOf(engine, now);
  for (let attempt = 1; ; attempt += 1) {
    const files = await tryToApply(engine, project, now, repository, tip);
    if (files) return { worktree: findWorktree(engine.store, now.id) ?? now, files };
    if (attempt < TRIES) continue;
    throw new SidejobError(
      'conflict',
      `${now.top} keeps changing.`,
      `Try again when nobody writes there. ${NOTHING_APPLIED}`,
    );
  }
}

/** @throws SidejobError `session_busy` */
export function checkIdle(engine: Engine, { id }: WorktreeRecord): void {
  const { active } = jobsIn(engine.store, id);
  if (active === null) return;
  throw new SidejobError(
    'session_busy',
    `job ${active} is still at work on these changes.`,
    'Wait for it (llm_job_wait), or cancel it. Nothing was done.',
  );
}

/** The files that changed; undefined if the checkout has changed while it was looked at. */
async function tryToApply(
  engine: Engine,
  project: string | null,
  worktree: WorktreeRecord,
  repository: Repository,
  tip: string,
): Promise<ChangedFile[] | undefined> {
  const { place, gitDir } = repository;
  const { id } = worktree;
  // What the checkout was given before is what both have begun with.
  const [base, theirs] = await Promise.all([treeOf(place, worktree.applied ?? worktree.base), treeOf(place, tip)]);
  const { ours, merged, changes, only } = await mergeInto(engine, worktree, repository, { base, theirs });
  const touched = [...only].map((path) => join(worktree.top, path));
  await checkRootsOfAll(engine, project, touched);
  if ('conflicts' in merged) throw conflict(merged.conflicts, 'changed on both sides', worktree);
  const files = await changedFiles(place, ours, merged.tree);
  const staging = join(gitDir, `sidejob-${id}`);
  await removeStaged(gitDir, id);
  try {
    const staged = await stage(place, merged.tree, changes, staging);
    if (staged.blocked.length > 0) throw conflict(staged.blocked, 'in the way, or not to be changed', worktree);
    if ((await filesNow(engine, worktree, repository, only)) !== ours) return undefined;
    const from = ['made', 'applied', 'applying', 'merged'] as const;
    if (!(await engine.store.write(() => moveWorktree(engine.store, id, from, 'applying')))) {
      checkIdle(engine, worktree);
      throw new SidejobError('bad_argument', `the changes of ${id} were discarded.`, NOTHING_APPLIED);
    }
    faultPoint('apply.begun');
    await staged.put(() => faultPoint('apply.placed'));
    faultPoint('apply.written');
  } finally {
    await removeScratch(staging);
  }
  await engine.store.write(() => recordApplied(engine.store, id, tip, Date.now()));
  engine.store.bell.ring();
  return files;
}

/**
 * What the checkout is to become. A file that the user has renamed is written to under its new name, which the job knows
 * nothing of: whatever is to change is looked at first, as it is now.
 */
async function mergeInto(
  engine: Engine,
  worktree: WorktreeRecord,
  repository: Repository,
  { base, theirs }: { base: string; theirs: string },
) {
  const { place } = repository;
  const only = new Set((await treeChanges(place, base, theirs)).map(({ path }) => path));
  for (;;) {
    const ours = await filesNow(engine, worktree, repository, only);
    const merged = await mergeTrees(place, { base, ours, theirs });
    const changes = 'tree' in merged ? await treeChanges(place, ours, merged.tree) : [];
    const unseen = changes.filter(({ path }) => !only.has(path));
    if (unseen.length === 0) return { ours, merged, changes, only };
    for (const { path } of unseen) only.add(path);
  }
}

/**
 * The checkout as it is now, as far as the job has changed anything there; ignored files, too.
 * @throws SidejobError `conflict` for what cannot be read: it may hold what is nowhere else
 */
async function filesNow(
  engine: Engine,
  worktree: WorktreeRecord,
  { place, gitDir }: Repository,
  only: ReadonlySet<string>,
): Promise<string> {
  const { tree, left } = await withScratch(engine, worktree.id, (index) =>
    snapshot({ place, from: join(gitDir, 'index'), index, only }),
  );
  if (left.length > 0) throw conflict(left, 'not readable', worktree);
  return tree;
}

/** What a process that died while it applied this has left. */
async function removeStaged(gitDir: string, id: string): Promise<void> {
  const names = await readdir(gitDir);
  for (const name of names.filter((each) => each === `sidejob-${id}` || each.startsWith(`sidejob-${id}.`))) {
    await removeScratch(join(gitDir, name));
  }
}

function conflict(paths: readonly string[], what: string, { branch, top }: WorktreeRecord): SidejobError {
  const named = paths.slice(0, NAMED).map((path) => JSON.stringify(path).slice(1, -1));
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '';
  return new SidejobError(
    'conflict',
    `${paths.length} file${paths.length === 1 ? '' : 's'} ${what}: ${named.join(', ')}${more}.`,
    `${NOTHING_APPLIED} Mend it in ${top} and try again, or merge by hand: git merge ${branch}.`,
  );
}
