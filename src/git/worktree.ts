// A worktree: one more checkout of a repository, which git keeps a folder of its own for.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SidejobError } from '../errors.js';
import { type GitPlace, git, gitList, gitText } from './run.js';

/** A large repository takes a while to be written out. */
const ADD_TIMEOUT_SEC = 600;
const ZERO = '0'.repeat(40);
/** `git merge-tree --write-tree` came with it. */
const OLDEST = [2, 38] as const;

/** @throws SidejobError `not_supported`: an older git could make a worktree, but not apply what was done in it */
export async function checkGitVersion(place: GitPlace): Promise<void> {
  const said = await gitText(place, ['version']);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(said) ?? [];
  if (Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1])) return;
  throw new SidejobError('not_supported', `${said} is too old to isolate a job.`, 'Install git 2.38 or newer.');
}

/**
 * Makes a checkout of a branch, with the files as they stand in the repository: no hook is run, no filter, no submodule.
 * @param path absolute; nothing is there
 * @returns git's own folder of it
 */
export async function addWorktree(place: GitPlace, commonDir: string, path: string, branch: string): Promise<string> {
  // A half-made one may have the branch checked out.
  await git(place, ['worktree', 'add', '--quiet', '--force', path, branch], { timeoutSec: ADD_TIMEOUT_SEC });
  const [admin] = await adminFolders(commonDir, path);
  if (admin === undefined) throw new SidejobError('git_failed', `git has made no worktree in ${path}.`);
  return admin;
}

/** Git's own folders of a worktree, by where it lies: what a job could write is not asked. */
async function adminFolders(commonDir: string, path: string): Promise<string[]> {
  const parent = join(commonDir, 'worktrees');
  const names = await readdir(parent).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const said = await readFile(join(parent, name, 'gitdir'), 'utf8').catch(() => '');
      // Relative where git is told so (worktree.useRelativePaths).
      return resolve(parent, name, said.trimEnd()) === join(path, '.git') ? [join(parent, name)] : [];
    }),
  );
  return found.flat();
}

/** Removes a worktree, also one that is half made; its branch stays. */
export async function removeWorktree(commonDir: string, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  for (const admin of await adminFolders(commonDir, path)) await rm(admin, { recursive: true, force: true });
}

/**
 * Makes a branch, or moves it.
 * @param before what it stands at; left out: it must not be there
 * @throws SidejobError `git_failed`: it is somewhere else
 */
export async function setBranch(place: GitPlace, branch: string, to: string, before: string = ZERO): Promise<void> {
  await git(place, [
    'update-ref',
    '--no-deref',
    '-m',
    'sidejob',
    `refs/heads/${branch}`,
    to,
    before.padEnd(to.length, '0'),
  ]);
}

/** Whether a branch is checked out somewhere. */
export async function isInUse(place: GitPlace, branch: string): Promise<boolean> {
  return (await gitList(place, ['worktree', 'list', '--porcelain', '-z'])).includes(`branch refs/heads/${branch}`);
}

/** Removes a branch, if it still stands there. */
export async function removeBranch(place: GitPlace, branch: string, at: string): Promise<void> {
  await git(place, ['update-ref', '-d', '--no-deref', `refs/heads/${branch}`, at]);
}

/** Whether a commit is in a branch, of the user's or of a remote, other than this one. */
export async function isMerged(place: GitPlace, commit: string, branch: string): Promise<boolean> {
  const args = ['for-each-ref', '--format=%(refname)', '--contains', commit, 'refs/heads', 'refs/remotes'];
  const names = (await gitText(place, args)).split('\n').filter(Boolean);
  return names.some((name) => name !== `refs/heads/${branch}`);
}
