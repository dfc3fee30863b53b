// Stances: how a question is to be looked at, and how answers are to be weighed, as texts. They ship with Sidejob as
// files; a file of the same name in the data folder comes first, and one of another name is a stance of the user's own.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../config/nearest.js';
import type { Paths } from '../config/paths.js';
import { openPrivate } from '../config/private-file.js';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';
import { NOTHING } from './request.js';

/** Beside the built program; see scripts/build.mjs. */
const SHIPPED = fileURLToPath(new URL('./stances', import.meta.url));
const ENDING = '.md';
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const MAX_BYTES = 64 * 1024;
/** What stands below this line is for a judge; a file without it says the same to both. */
const JUDGING = /^##[ \t]+Judging[ \t]*$/m;

export interface Stance {
  /** Put before a question. */
  asked: string;
  /** Tells a judge how to weigh. */
  judging: string;
}

/**
 * The stance of that name.
 * @param shipped the folder of those that come with Sidejob
 * @throws SidejobError `bad_argument` for a name that is none, naming the nearest; `bad_config` for a file of the user's
 * that cannot be read, is empty or too large; `store_unavailable` for a link
 */
export async function loadStance(
  { stances: own }: Pick<Paths, 'stances'>,
  name: string,
  shipped: string = SHIPPED,
): Promise<Stance> {
  const wanted = name.trim().toLowerCase();
  const text = NAME.test(wanted)
    ? ((await ownText(join(own, wanted + ENDING))) ?? (await shippedText(join(shipped, wanted + ENDING))))
    : undefined;
  if (text === undefined) {
    // A review has its own.
    const names = (await stanceNames({ stances: own }, shipped)).filter((each) => each !== 'review');
    const near = nearest(wanted, names);
    const known = `${near ? `${near}? ` : ''}There are ${names.join(', ')}.`;
    throw new SidejobError('bad_argument', `no stance "${oneLine(name, 60)}".`, `${known} ${NOTHING}`);
  }
  const [asked = '', judging] = text.split(JUDGING, 2).map((part) => part.trim());
  return { asked: asked || (judging ?? ''), judging: judging || asked };
}

/** Every name there is, in order. */
export async function stanceNames(
  { stances: own }: Pick<Paths, 'stances'>,
  shipped: string = SHIPPED,
): Promise<string[]> {
  const files = await Promise.all([own, shipped].map((folder) => readdir(folder).catch(() => [])));
  const names = files.flat().flatMap((file) => (file.endsWith(ENDING) ? [basename(file, ENDING)] : []));
  return [...new Set(names)].filter((name) => NAME.test(name)).sort();
}

/** A question in a stance. */
export function framed(stance: Pick<Stance, 'asked'>, prompt: string): string {
  return `${stance.asked}\n\n---\n\n${prompt}`;
}

/** The text of a file that the user may have written; undefined where there is none. */
async function ownText(path: string): Promise<string | undefined> {
  const wrong = (why: string) => new SidejobError('bad_config', `${path} ${why}.`, `Mend or remove it. ${NOTHING}`);
  let text: string;
  try {
    const file = await openPrivate(path, 'r');
    try {
      if ((await file.stat()).size > MAX_BYTES) throw wrong(`has more than ${MAX_BYTES} bytes`);
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error instanceof SidejobError ? error : wrong(`cannot be read: ${messageOf(error)}`);
  }
  if (text.replace(JUDGING, '').trim() === '') throw wrong('is empty');
  return text;
}

async function shippedText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
