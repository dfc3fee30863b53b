// Where the parts of an isolated job are: the checkout that it was made from, its worktree, and its folder in there.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mustBeNoLink } from '../../config/private-file.js';
import { SidejobError } from '../../errors.js';
import { driversOff, openRepository, type Repository } from '../../git/repository.js';
import type { GitPlace } from '../../git/run.js';
import type { JobRecord } from '../../store/record.js';
import { findWorktree, type WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';

/** The worktree that a job works in; undefined if it works in the folder itself. */
export function worktreeOf(
  { store }: Pick<Engine, 'store'>,
  job: Pick<JobRecord, 'worktree'>,
): WorktreeRecord | undefined {
  return job.worktree === null ? undefined : findWorktree(store, job.worktree);
}

/** The folder that a job's CLI runs in; it may not be made yet. */
export function runFolder(engine: Pick<Engine, 'store'>, job: Pick<JobRecord, 'worktree' | 'cwd'>): string {
  const worktree = worktreeOf(engine, job);
  // Without a slash at its end.
  return worktree?.path ? join(worktree.path, worktree.prefix, '.') : job.cwd;
}

/**
 * The checkout that a worktree was made from.
 * @throws SidejobError `no_repository`, where it is not there any more, or is another one's
 */
export async function checkoutOf(
  engine: Engine,
  { id, top, commonDir, branch, path }: WorktreeRecord,
): Promise<Repository> {
  const repository = await openRepository(top, engine.env).catch((error) => {
    if (error instanceof SidejobError && ['no_repository', 'not_installed'].includes(error.code)) return undefined;
    throw error;
  });
  if (repository?.top === top && repository.commonDir === commonDir) return repository;
  throw new SidejobError(
    'no_repository',
    `${top}, from which ${id} was isolated, is not there any more, or is another repository.`,
    `If it was moved, its branch ${branch} is where it is now${path ? `; the files are in ${path}` : ''}.`,
  );
}

/**
 * The worktree itself, by git's own folder of it: what is written in the worktree leads nowhere else.
 * @returns undefined if it is not there
 */
export async function insideOf(engine: Engine, { path, admin }: WorktreeRecord): Promise<GitPlace | undefined> {
  if (path === null || admin === null) return undefined;
  const there = await Promise.all([path, admin].map((each) => lstat(each).catch(() => undefined)));
  if (!there.every((stats) => stats?.isDirectory())) return undefined;
  const place = { cwd: path, env: engine.env, gitDir: admin, workTree: path };
  return { ...place, config: await driversOff(place) };
}

/** Has a path below the folder of worktrees for what is needed for a moment, and removes what is there afterwards. */
export async function withScratch<T>(engine: Engine, id: string, work: (path: string) => Promise<T>): Promise<T> {
  await worktreesFolder(engine);
  const path = join(engine.paths.worktrees, `${id}~${randomUUID()}`);
  try {
    return await work(path);
  } finally {
    await removeScratch(path);
  }
}

/** What `withScratch` or `stage` (git/place-files.ts) has left at a path. */
export async function removeScratch(path: string): Promise<void> {
  for (const end of ['', '.lock', '.index', '.index.lock']) await rm(`${path}${end}`, { recursive: true, force: true });
}

/** The folder of worktrees, made where there is none. */
export async function worktreesFolder({ paths }: Pick<Engine, 'paths'>): Promise<string> {
  await mkdir(paths.worktrees, { recursive: true, mode: 0o700 });
  await mustBeNoLink(paths.worktrees);
  return paths.worktrees;
}
