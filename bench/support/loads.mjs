// Which code a program loads: the same on every machine, and so what keeps a start short where times are too noisy to say.
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const PROBE = new URL('loads-probe.mjs', import.meta.url);

/** For the environment of a program on Node, so that what it loads is noted in `file`. */
export const noteLoads = (file) => ({ NODE_OPTIONS: `--import=${PROBE}`, LOADS_FILE: file });

/** The files of code that were noted, each with its size. */
export async function notedLoads(file) {
  const urls = (await readFile(file, 'utf8')).trim().split('\n');
  const paths = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return Promise.all([...new Set(paths)].map(async (path) => ({ path, bytes: (await stat(path)).size })));
}
