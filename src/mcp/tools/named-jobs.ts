// The jobs that a call names, by `jobId` or `jobIds`.
import { SidejobError } from '../../errors.js';
import type { Engine } from '../../jobs/engine.js';
import { requireJobs } from '../../jobs/lookup.js';
import type { JobRecord } from '../../store/record.js';

/** @throws SidejobError `bad_argument` if none is named, `unknown_job` for the first that is not there */
export function namedJobs(engine: Engine, args: { jobId?: string; jobIds?: string[] }): JobRecord[] {
  const typed = [...(args.jobIds ?? []), ...(args.jobId === undefined ? [] : [args.jobId])];
  if (typed.length === 0) {
    throw new SidejobError('bad_argument', 'jobId or jobIds is needed.', 'llm_job_list shows the jobs there are.');
  }
  const jobs = typed.flatMap((id) => requireJobs(engine, id));
  return [...new Map(jobs.map((job) => [job.id, job])).values()];
}
