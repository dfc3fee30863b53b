// The policy in force: found, read, and read again when the file has changed. What cannot be read in full denies
// everything. Nothing is read before somebody asks, and nothing is ever written.
import { constants, unwatchFile, watchFile } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import type { InForce } from './decide.js';

/** Where a policy is to be found, and who said so. */
export interface PolicyPlace {
  readonly file: string;
  readonly origin: '--policy' | 'SIDEJOB_POLICY' | 'default';
}

/** What is in force, and where from. Neither policy nor error: there is no file, and none was named. */
export interface Current extends InForce {
  readonly place: PolicyPlace;
}

/** How often the file is looked at while nobody calls. */
const LOOK_MS = 2000;
const SIZE_MAX = 1024 * 1024;
/** A file changed so lately may change again within the same tick of the file system's clock, unnoticed. */
const UNSETTLED_MS = 100;

/**
 * `--policy FILE`, else `SIDEJOB_POLICY`, else `policy.json` in the data folder. One that is named must be there.
 * @param home the data folder
 */
export function policyPlace(env: NodeJS.ProcessEnv, home: string, option?: string): PolicyPlace {
  if (option !== undefined) return { file: option, origin: '--policy' };
  if (env.SIDEJOB_POLICY) return { file: env.SIDEJOB_POLICY, origin: 'SIDEJOB_POLICY' };
  return { file: join(home, 'policy.json'), origin: 'default' };
}

export class PolicyFile {
  #state: InForce = {};
  /** What the file was when it was read; undefined: read it again. */
  #seen: string | undefined;
  #text: string | undefined;
  #known = false;
  /** There was a file. */
  #had = false;
  #turn: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(current: Current) => void>();
  #watching = false;
  readonly #look = () => void this.current();

  constructor(
    readonly place: PolicyPlace,
    private readonly uid = process.getuid?.(),
  ) {}

  /** What is in force now. Never throws: what is wrong with the file is in `broken`. */
  async current(): Promise<Current> {
    // One after the other, so that no older reading ends after a newer one.
    this.#turn = this.#turn.then(() => this.#refresh());
    await this.#turn;
    return { ...this.#state, place: this.place };
  }

  /**
   * Calls back when what is in force has changed, at the latest two seconds after the file has. Keeps no process alive.
   * @returns ends it
   */
  onChange(listener: (current: Current) => void): () => void {
    this.#listeners.add(listener);
    if (!this.#watching && isAbsolute(this.place.file)) {
      this.#watching = true;
      watchFile(this.place.file, { persistent: false, interval: LOOK_MS }, this.#look);
      this.#look();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#listeners.clear();
    if (this.#watching) unwatchFile(this.place.file, this.#look);
    this.#watching = false;
  }

  async #refresh(): Promise<void> {
    const before = this.#state;
    try {
      await this.#load();
    } catch (error) {
      this.#seen = undefined;
      this.#text = undefined;
      // The same reason is no change.
      const broken = brokenBy(error, this.place);
      if (before.broken?.message !== broken.message) this.#state = { broken };
    }
    if (this.#known && this.#state !== before) {
      const current = { ...this.#state, place: this.place };
      // Not in our turn: one that throws must not fail a call.
      for (const listener of this.#listeners) void Promise.resolve(current).then(listener);
    }
    this.#known = true;
  }

  async #load(): Promise<void> {
    const { file, origin } = this.place;
    if (!isAbsolute(file)) throw new Error(`${origin} must name an absolute path, not ${JSON.stringify(file)}`);
    // In the data folder a link is no file, wherever it points.
    const found = await (origin === 'default' ? lstat : stat)(file, { bigint: true }).catch((error: unknown) => {
      // ENOTDIR: the data folder itself is none, and is no place for anything else either.
      if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '') || origin !== 'default') throw error;
    });
    if (!found) {
      // Editors take a file away before they put the new one there: nothing may pass in between.
      if (this.#had)
        throw new Error('it was here and is gone; put it back, or restart the client to go without a policy');
      return;
    }
    this.#had = true;
    if (this.#seen !== undefined && this.#seen === identity(found)) return;
    await this.#read();
  }

  async #read(): Promise<void> {
    const { file, origin } = this.place;
    // Not through a link in the data folder; not waiting for what writes a pipe.
    const link = origin === 'default' ? constants.O_NOFOLLOW : 0;
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | link);
    try {
      const found = await handle.stat({ bigint: true });
      this.#mustBeOurs(found);
      // Whoever can rename the file can put another in its place.
      const folder = dirname(file);
      if (((await stat(folder)).mode & 0o1002) === 0o0002)
        throw new Error(`everybody may write ${folder}, in which it is`);
      const text = await readAll(handle);
      if (text !== this.#text || !this.#state.policy) {
        // Loaded only where there is a file.
        const { parsePolicy } = await import('./parse.js');
        this.#state = { policy: await parsePolicy(text, file) };
        this.#text = text;
      }
      const settled = Date.now() - Number(found.ctimeMs) > UNSETTLED_MS;
      this.#seen = settled ? identity(found) : undefined;
    } finally {
      await handle.close();
    }
  }

  /** Whoever can write the file could allow himself everything. */
  #mustBeOurs(found: { isFile(): boolean; mode: bigint; uid: bigint; size: bigint }): void {
    const owner = Number(found.uid);
    if (!found.isFile()) throw new Error('it is not a file');
    if (this.uid !== undefined && owner !== this.uid && owner !== 0) {
      throw new Error(`it belongs to another user (uid ${owner})`);
    }
    if (found.mode & 0o002n) throw new Error('everybody may write it ("chmod o-w" mends that)');
    if (found.size > SIZE_MAX) throw new Error('it is larger than 1 MB');
  }
}

async function readAll(handle: FileHandle): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
}

/** Of a file and its state: equal as long as nobody has written it, or put another in its place. */
function identity({
  dev,
  ino,
  size,
  mtimeNs,
  ctimeNs,
}: { [Key in 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs']: bigint }): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function brokenBy(error: unknown, { file, origin }: PolicyPlace): SidejobError {
  if (error instanceof SidejobError) return error;
  const named = origin === 'default' ? '' : ` (${origin})`;
  const why = {
    ENOENT: 'there is no such file',
    ELOOP: 'it is a symbolic link; name the file itself in SIDEJOB_POLICY',
    EACCES: 'we may not read it',
  }[errnoOf(error) ?? ''];
  return new SidejobError('bad_policy', `${file}${named}: ${why ?? messageOf(error)}.`);
}
