// Finds, reads and replaces a client's configuration file. Nothing is lost on the way: the old bytes are kept beside the
// file, the new ones arrive by rename. Knows nothing of what is in it.
import { randomUUID } from 'node:crypto';
import {
  chmod,
  lstat,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf, messageOf, SidejobError } from '../../errors.js';
import type { Client, Machine } from './clients.js';

/** A configuration file as it was read. */
export interface ConfigFile {
  /** The path the client uses; may be a symbolic link. */
  readonly path: string;
  /** Where the bytes are. */
  readonly target: string;
  /** Undefined where there is no file yet. */
  readonly bytes?: Buffer;
  readonly text?: string;
  readonly mode: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

// Such files hold other servers' keys, so a new one is its owner's alone.
const NEW_FILE_MODE = 0o600;

/** The file of a client on this machine: the first place whose folder exists, else the last. */
export async function locate(client: Client, machine: Machine): Promise<string> {
  const places = client.files(machine);
  const found = (await Promise.all(places.map((place) => expand(place, machine.platform)))).flat();
  for (const place of found) if (await isFolder(dirname(place))) return place;
  return found.at(-1) ?? '';
}

/** Reads `path`, through links. Throws SidejobError `bad_config` where it is there but cannot be read as text. */
export async function read(path: string): Promise<ConfigFile> {
  try {
    const target = await follow(path);
    const bytes = await readFile(target).catch(unlessMissing);
    if (!bytes) return { path, target, mode: NEW_FILE_MODE };
    const { mode, uid, gid } = await stat(target);
    return { path, target, bytes, text: decode(path, bytes), mode: mode & 0o777, owner: { uid, gid } };
  } catch (error) {
    throw failure(`${path} cannot be read`, error);
  }
}

/**
 * Keeps the bytes that were read as `<path>.sidejob-backup`. An older backup with other content stays; then the name
 * ends in the time (UTC). Returns the backup's path.
 */
export async function backup(file: ConfigFile, now = new Date()): Promise<string | undefined> {
  if (!file.bytes) return undefined;
  const first = `${file.path}.sidejob-backup`;
  for (const name of [first, `${first}-${now.toISOString().replaceAll(/[:.]/g, '-')}`]) {
    try {
      await writeFile(name, file.bytes, { flag: 'wx', mode: file.mode });
      // Whatever the umask: as the original's.
      await chmod(name, file.mode);
      return name;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw failure(`${name}, the backup, cannot be written`, error);
      if (file.bytes.equals(await readFile(name).catch(() => Buffer.of()))) return name;
    }
  }
  throw new SidejobError('bad_config', `No free name for a backup of ${file.path}.`, 'Nothing was changed.');
}

/** Puts `text` in the file's place: whole or not at all, and only if nobody changed it since it was read. */
export async function replace(file: ConfigFile, text: string): Promise<void> {
  const temporary = join(dirname(file.target), `.${basename(file.target)}.${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', NEW_FILE_MODE);
    try {
      await handle.writeFile(text);
      await handle.chmod(file.mode);
      // Under sudo the new file would be root's, and the client could not write its own configuration any more.
      if (file.owner && process.getuid?.() === 0) await handle.chown(file.owner.uid, file.owner.gid);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const current = await readFile(file.target).catch(unlessMissing);
    if (file.bytes ? !current?.equals(file.bytes) : current) {
      throw new SidejobError('bad_config', `${file.path} was changed by another program just now.`, 'Run this again.');
    }
    await rename(temporary, file.target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw failure(`${file.path} cannot be written`, error);
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

// `…\Claude_*\…` stands for each folder whose name begins so. Only on Windows, where no name can hold a `*`.
async function expand(place: string, platform: NodeJS.Platform): Promise<string[]> {
  const star = platform === 'win32' ? place.indexOf('*') : -1;
  if (star < 0) return [place];
  const folder = dirname(place.slice(0, star));
  const prefix = basename(place.slice(0, star));
  const names = await readdir(folder).catch(() => []);
  const matching = names.filter((name) => name.startsWith(prefix)).sort();
  return matching.map((name) => join(folder, name) + place.slice(star + 1));
}

// realpath fails on a link whose target is yet to be made, so that one is followed by hand.
async function follow(path: string): Promise<string> {
  const real = await realpath(path).catch(unlessMissing);
  if (real) return real;
  const stats = await lstat(path).catch(unlessMissing);
  return stats?.isSymbolicLink() ? follow(resolve(dirname(path), await readlink(path))) : path;
}

// Bytes that are not UTF-8 would not come back the same, and "to the byte" is the promise.
function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SidejobError('bad_config', `${path} is not UTF-8 text.`, 'Nothing was changed. Save it as UTF-8.');
  }
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

function failure(what: string, error: unknown): Error {
  if (error instanceof SidejobError) return error;
  return new SidejobError('bad_config', `${what}: ${messageOf(error)}.`, 'Nothing was changed.', { cause: error });
}
