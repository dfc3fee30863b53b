// In which folders jobs may work, and from which files may be attached: what the owner says in `roots`, never the data
// folder. All is compared as the system resolves it, so that no link leads out.
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import type { Access } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { NOTHING } from './request.js';

type Machine = Pick<Engine, 'config' | 'paths' | 'env'>;

/** One entry of `roots`: as it was written, and the folder it is; without one, it allows nothing. */
interface Root {
  written: string;
  folder?: string;
  /** Why it allows nothing, where its owner should know. */
  fault?: string;
}

/** The roots, with links resolved. `project` is what "." stands for; null where there is none. */
export function rootsOf({ config, env }: Pick<Machine, 'config' | 'env'>, project: string | null): Promise<Root[]> {
  const home = env.HOME || homedir();
  return Promise.all(
    config.settings.roots.map(async (written): Promise<Root> => {
      const path = written === '.' ? project : written.startsWith('~') ? join(home, written.slice(1)) : written;
      if (path === null) return { written };
      try {
        const folder = await realpath(path);
        // All of the disk only where it is called by its name.
        if (folder === '/' && written !== '/') return { written, fault: 'is "/" here; name the folders instead' };
        return { written, folder };
      } catch (error) {
        return {
          written,
          fault: errnoOf(error) === 'ENOENT' ? 'does not exist' : `cannot be used: ${messageOf(error)}`,
        };
      }
    }),
  );
}

/** A path as an error shows it: as it was asked for, and where it leads, if that is somewhere else. */
export function nameOf(asked: string, path: string): string {
  return asked === path ? JSON.stringify(asked) : `${JSON.stringify(asked)} (${JSON.stringify(path)})`;
}

/**
 * Refuses what is outside the roots.
 * @param what what is asked for, as an error begins: `cwd "/etc"`
 * @param path where it really is: absolute, without links
 * @throws SidejobError `outside_roots`
 */
export async function checkRoots(machine: Machine, project: string | null, what: string, path: string): Promise<void> {
  const { paths, config } = machine;
  if (isWithin(path, paths.scratch)) return;
  // Whoever works in a worktree works in it: its folder was looked at when it was made.
  if (project !== null && isInWorktree(paths, project) && isWithin(path, project)) return;
  if (isWithin(path, paths.home)) {
    throw new SidejobError(
      'outside_roots',
      `${what} is in Sidejob's data folder, which is closed to jobs.`,
      `Name another one. ${NOTHING}`,
    );
  }
  const roots = await rootsOf(machine, project);
  if (roots.some(({ folder }) => folder !== undefined && isWithin(path, folder))) return;
  const folders = [...new Set(roots.flatMap(({ folder }) => folder ?? []))];
  const allowed = folders.length > 0 ? folders.map((folder) => JSON.stringify(folder)).join(', ') : 'none';
  const { roots: origin } = config.origins;
  const where = origin.startsWith('SIDEJOB_') ? origin : `roots in ${paths.config}`;
  throw new SidejobError(
    'outside_roots',
    `${what} is outside the folders that are open to jobs: ${allowed}.`,
    `Stay in these, or ask the person to add it to ${where}. ${NOTHING}`,
  );
}

/**
 * Refuses to have files changed of which any is outside the roots.
 * @param files absolute; their folders need not be there
 * @throws SidejobError `outside_roots`
 */
export async function checkRootsOfAll(
  machine: Machine,
  project: string | null,
  files: readonly string[],
): Promise<void> {
  const roots = (await rootsOf(machine, project)).flatMap(({ folder }) => folder ?? []);
  const { home, worktrees } = machine.paths;
  const isOpen = (file: string) =>
    isWithin(file, home) ? isWithin(file, worktrees) : roots.some((folder) => isWithin(file, folder));
  const closed = files.find((file) => !isOpen(file));
  if (closed === undefined) return;
  await checkRoots(machine, project, JSON.stringify(closed), closed);
}

/**
 * Refuses to have files changed in a folder that holds the data folder: with it the policy, the configuration, and what
 * other jobs have said.
 * @throws SidejobError `outside_roots`
 */
export function checkHoldsNoData({ paths }: Pick<Machine, 'paths'>, access: Access, path: string): void {
  if (access === 'read-only' || !isWithin(paths.home, path) || isWithin(path, paths.home)) return;
  throw new SidejobError(
    'outside_roots',
    `cwd ${JSON.stringify(path)} holds Sidejob's data folder, and access "${access}" may change files there.`,
    `Name a folder below it. ${NOTHING}`,
  );
}

/** Whether a folder is, or is in, the worktree of an isolated job. */
function isInWorktree({ worktrees }: Machine['paths'], folder: string): boolean {
  return folder !== worktrees && isWithin(folder, worktrees);
}

/**
 * What "." stands for. Within a job no more than what the job itself was given: a server there finds its own project, and
 * that may lie higher up.
 */
export function projectRoot(
  project: string | null,
  outer: Pick<JobRecord, 'project' | 'cwd'> | undefined,
  worktree?: string | null,
): string | null {
  if (!outer || project === null) return project;
  const given = [outer.project, outer.cwd, worktree ?? null];
  return given.some((folder) => folder !== null && isWithin(project, folder)) ? project : null;
}

/**
 * Looks at a job's folder once more before it starts: it may have waited for long.
 * @throws SidejobError `spawn_failed`, `outside_roots`
 */
export async function checkFolderAgain(machine: Machine, { cwd, project, access }: JobRecord): Promise<void> {
  const now = await realpath(cwd).catch((error) => {
    const why = errnoOf(error) === 'ENOENT' ? 'it is gone' : messageOf(error);
    throw new SidejobError('spawn_failed', `Its folder ${cwd} cannot be used: ${why}.`, 'Submit it again elsewhere.');
  });
  if (now !== cwd) throw new SidejobError('spawn_failed', FOLDER_REPLACED, FOLDER_REPLACED_HINT);
  await checkRoots(machine, project, `cwd ${JSON.stringify(cwd)}`, now);
  checkHoldsNoData(machine, access, now);
}

export const FOLDER_REPLACED = 'Its folder was replaced by another one since it was accepted.';
export const FOLDER_REPLACED_HINT = 'Nothing was run. Find out who did that, then submit it again.';

/** Whether a path is a folder, or below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
