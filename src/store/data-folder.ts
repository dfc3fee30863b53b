// Makes the data folder, or looks at the one that is there: in it stand prompts, answers and the commands that jobs run,
// so nobody else may write to it, and nothing in it may lead elsewhere.
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Paths, pathsIn } from '../config/paths.js';
import { mustBeNoLink } from '../config/private-file.js';
import { errnoOf, SidejobError } from '../errors.js';
import { storeError } from './open.js';

/** Written to by anybody, without the sticky bit that keeps strangers' files theirs. */
const isEverybodys = (mode: number) => (mode & 0o1002) === 0o0002;

/**
 * The data folder, ready for use: made with mode 0700 where there is none. A folder of one's own that others may read is
 * shut to them without a word. The folder itself may be a symbolic link, which is resolved here, once.
 * @returns the paths in it, without links
 * @throws SidejobError `store_unavailable`: somebody else's, open to others' writing, or with links in it
 */
export async function openDataFolder(given: Paths): Promise<Paths> {
  try {
    await mkdir(given.home, { recursive: true, mode: 0o700 }).catch((error) => {
      // A file in its place, or a link that leads to nothing: said below.
      if (!['EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    });
    const paths = pathsIn(await realpath(given.home).catch(() => given.home));
    await checkFolder(paths.home);
    for (const path of [paths.jobs, paths.scratch, paths.worktrees, paths.bell]) mustBeNoLink(path);
    for (const path of [paths.store, `${paths.store}-wal`, `${paths.store}-shm`]) {
      mustBeNoLink(path);
      await shut(path);
    }
    await mkdir(paths.jobs, { recursive: true, mode: 0o700 });
    return paths;
  } catch (error) {
    throw storeError(given.home, error);
  }
}

async function checkFolder(home: string): Promise<void> {
  const stats = await stat(home).catch((error) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
  if (!stats?.isDirectory()) {
    throw new SidejobError('store_unavailable', `${home} is not a directory.`, 'Set SIDEJOB_HOME to another place.');
  }
  const { uid, mode } = stats;
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    throw refusal(
      `${home} belongs to another user (uid ${uid}; this is ${own})`,
      'Set SIDEJOB_HOME to one of your own.',
    );
  }
  if (mode & 0o022) throw refusal(`${home} may be written by other users`, `chmod 700 ${home}`);
  await shut(home);
  // Whoever can rename the folder can put another in its place.
  for (let folder = home; folder !== dirname(folder); ) {
    folder = dirname(folder);
    if (isEverybodys((await stat(folder)).mode)) {
      throw refusal(`${folder}, in which ${home} is, may be written by every user`, `chmod o-w ${folder}`);
    }
  }
}

/** Takes from others what they have no business with; nothing is done where there is nothing to take. */
async function shut(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats && (stats.mode & 0o077) !== 0) await chmod(path, stats.mode & 0o700);
}

/** @param todo a command for the shell, or a sentence */
function refusal(what: string, todo: string): SidejobError {
  return new SidejobError(
    'store_unavailable',
    `${what}: what is in it cannot be trusted.`,
    `${todo}${todo.endsWith('.') ? '' : ', once you know that nobody has changed it.'}`,
  );
}
