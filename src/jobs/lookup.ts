// From what a caller typed to a job.
import { SidejobError } from '../errors.js';
import { findIds, findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { normalizeId } from './ids.js';

/**
 * The job with this id, a unique prefix of it, or its random part.
 * @throws SidejobError `unknown_job`, naming near ids
 */
export function requireJob(engine: Pick<Engine, 'store'>, typed: string): JobRecord {
  const exact = findJob(engine.store, typed.trim()) ?? findJob(engine.store, normalizeId(typed));
  if (exact) return exact;
  const name = normalizeId(typed);
  const matches = name.length >= 2 ? findIds(engine.store, name, 4) : [];
  const [only, ...others] = matches;
  const found = only !== undefined && others.length === 0 ? findJob(engine.store, only) : undefined;
  if (found) return found;
  const near = matches.map((id) => `${id} (${findJob(engine.store, id)?.status})`).join(', ');
  const shown = typed.length > 60 ? `${typed.slice(0, 60)}…` : typed;
  throw new SidejobError(
    'unknown_job',
    `no job ${JSON.stringify(shown)}.`,
    near ? `Near: ${near}.` : 'llm_job_list shows the jobs there are.',
  );
}
