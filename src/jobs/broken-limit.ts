// Whether a running job has gone beyond a limit, so that it must be ended.
import { ageSec } from '../process/table.js';
import type { Cause, JobRecord } from '../store/record.js';
import { timeoutNote } from './settle.js';

/** The first limit that a job has broken, with a sentence on it; undefined if it keeps to all of them. */
export async function brokenLimit(
  job: JobRecord,
  /** Its output: how much, and when it was last seen to grow, on the monotonic clock in milliseconds. */
  { bytes, grewAt }: { bytes: number; grewAt: number },
  { outputLimitMb }: { outputLimitMb: number },
): Promise<{ cause: Cause; note: string } | undefined> {
  const limitBytes = outputLimitMb * 1024 * 1024;
  if (bytes > limitBytes) {
    return { cause: 'output_limit', note: `Ended after ${bytes} bytes of output (limit ${limitBytes}).` };
  }
  const silentSec = (performance.now() - grewAt) / 1000;
  if (job.idleTimeoutSec !== null && silentSec > job.idleTimeoutSec) {
    return { cause: 'idle_timeout', note: `Ended after ${Math.round(silentSec)} s without output.` };
  }
  const age = job.pidStart === null ? undefined : await ageSec({ start: job.pidStart });
  const ranSec = age ?? (Date.now() - (job.startedAt ?? Date.now())) / 1000;
  return ranSec > job.timeoutSec ? { cause: 'timeout', note: timeoutNote(job) } : undefined;
}
