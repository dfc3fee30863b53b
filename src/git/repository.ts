// A repository, found and looked at before anything is done with it.
import { realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { SidejobError } from '../errors.js';
import { type GitPlace, git, gitList, gitText } from './run.js';

/** A user's checkout. */
export interface Repository {
  /** Its top folder, without links. */
  top: string;
  /** Of the folder that was asked for, below `top`: empty, or with a slash at its end. */
  prefix: string;
  /** Of this checkout: where its index and its HEAD are. */
  gitDir: string;
  /** Shared by all of the repository's checkouts. */
  commonDir: string;
  /** What to run git with: in `top`, with this very repository, and with nothing run that its settings name. */
  place: GitPlace;
}

/**
 * The repository that a folder is in.
 * @throws SidejobError `not_installed`, `no_repository` (none, a bare one, of another user), `git_failed`
 */
export async function openRepository(cwd: string, env: NodeJS.ProcessEnv): Promise<Repository> {
  const asked = ['--is-bare-repository', '--is-inside-work-tree', '--absolute-git-dir', '--git-common-dir'];
  const facts = await gitText({ cwd, env }, ['rev-parse', ...asked]);
  const [bare, inside, gitDir = '', common = ''] = facts.split('\n');
  if (bare === 'true' || inside !== 'true') {
    throw new SidejobError(
      'no_repository',
      `${cwd} is in a bare repository, or in git's own folder.`,
      'Name a folder of a checkout.',
    );
  }
  const place = { cwd, env };
  // One by one: a folder's name may hold a line end.
  const top = await realpath(await gitText(place, ['rev-parse', '--show-toplevel']));
  const prefix = await gitText(place, ['rev-parse', '--show-prefix']);
  const commonDir = await realpath(isAbsolute(common) ? common : join(cwd, common));
  const config = await driversOff(place);
  return { top, prefix, gitDir, commonDir, place: { cwd: top, env, gitDir, workTree: top, config } };
}

/**
 * The oid of what a name stands for.
 * @returns undefined if it is not there
 */
export async function resolveRef(place: GitPlace, name: string): Promise<string | undefined> {
  const found = await git(place, ['rev-parse', '--verify', '--quiet', '--end-of-options', name], {
    exits: [0, 1, 128],
  });
  return found.exitCode === 0 ? found.stdout.toString().trim() : undefined;
}

/**
 * The commit that is checked out.
 * @throws SidejobError `no_repository` if there is none yet
 */
export async function headOf({ place, top }: Repository): Promise<string> {
  const head = await resolveRef(place, 'HEAD^{commit}');
  if (head !== undefined) return head;
  throw new SidejobError('no_repository', `${top} has no commit yet.`, 'Commit something there first.');
}

/**
 * Settings that keep a repository's own programs off: filters, and drivers for merges. Files are taken as they stand; a
 * merge that wants such a driver is a conflict.
 */
export async function driversOff(place: GitPlace): Promise<[string, string][]> {
  const pattern = '^(filter\\..*\\.(clean|smudge|process|required)|merge\\..*\\.driver)$';
  const { stdout } = await git(place, ['config', '--null', '--name-only', '--get-regexp', pattern], { exits: [0, 1] });
  const names = new Set(stdout.toString().split('\0').filter(Boolean));
  return [...names].map((name) => {
    if (name.startsWith('merge.')) return [name, 'false'];
    return [name, name.endsWith('.required') ? 'false' : ''];
  });
}

/** Whether a commit has submodules. */
export async function hasSubmodules(place: GitPlace, commit: string): Promise<boolean> {
  return (await gitList(place, ['ls-tree', '--name-only', '-z', commit, '--', '.gitmodules'])).length > 0;
}
