// What was reviewed, kept with each of the jobs in a file of its own: so that any server can judge the findings, at any time.
import { jobFiles } from '../../config/paths.js';
import { readPrivate } from '../../config/private-file.js';
import { errnoOf } from '../../errors.js';
import type { JobRecord } from '../../store/record.js';
import type { Engine } from '../engine.js';
import type { ReviewScope } from './validate.js';

/** What a job reviews; undefined for other jobs. */
export async function scopeOf(
  { paths }: Pick<Engine, 'paths'>,
  { id, outputSchema }: Pick<JobRecord, 'id' | 'outputSchema'>,
): Promise<ReviewScope | undefined> {
  // Only a job that answers with data can be one: the others need no look at the disk.
  if (outputSchema === null) return undefined;
  try {
    return JSON.parse(await readPrivate(jobFiles(paths, id).review));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
