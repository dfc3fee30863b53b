// Where V8 keeps what it has compiled, so that the next start need not compile it again: `.compile-cache`, with the
// code. V8 runs what it finds there as if it were the code, so it has to be as safe: it lies in the code's own folder and
// goes with it, is made only by the owner of the code, and used only if it is its user's alone. The system's temporary
// folder, Node's default, is everybody's; the data folder is not made by a mere start.
// Loaded under every Node: what is new is looked for, not imported.
import { lstatSync, mkdirSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

/** All code of the build lies flat in one folder. */
const CODE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('.compile-cache', import.meta.url));

/** On Windows there are neither owners nor modes to look at; packages are installed for one user there. */
const uid = process.platform === 'win32' ? undefined : process.geteuid?.();

/**
 * Has Node keep compiled code, and use what is there. Where that cannot be (somebody else has installed the code), each
 * start takes as long as the first.
 */
export function keepCompiledCode(): void {
  // The user has chosen otherwise: Node heeds these two by itself.
  if (process.env.NODE_COMPILE_CACHE || process.env.NODE_DISABLE_COMPILE_CACHE) return;
  if (isOurs(CACHE) ?? made()) nodeModule.enableCompileCache(CACHE);
}

/** Whether a folder is there, no link, and nobody else's; undefined if there is nothing. */
function isOurs(folder: string): boolean | undefined {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (!stats || uid === undefined) return stats?.isDirectory();
  return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0;
}

function made(): boolean {
  try {
    // Not as root in a user's checkout: neither could use what the other leaves there.
    if (uid !== undefined && lstatSync(CODE).uid !== uid) return false;
    mkdirSync(CACHE, { mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}
