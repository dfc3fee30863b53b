// What should not wait until somebody asks or the job ends: its conversation's id, and errors that cannot heal.
import { findJob } from '../store/jobs.js';
import type { Cause, JobRecord } from '../store/record.js';
import { recordSession } from '../store/transitions.js';
import type { Engine } from './engine.js';

/** Output up to this size is read while the job runs; later, only when somebody asks. */
const EARLY_OUTPUT_BYTES = 256 * 1024;

/**
 * Reads a young job's output and keeps its conversation's id.
 * @param bytes of its output so far
 * @returns why the job must be ended now, with its record; undefined if it may go on
 */
export async function readEarly(
  { store, readings, providerNamed }: Engine,
  job: JobRecord,
  stdout: string,
  bytes: number,
): Promise<{ job: JobRecord; cause: Cause; note: string } | undefined> {
  const provider = bytes <= EARLY_OUTPUT_BYTES ? providerNamed(job.provider) : undefined;
  if (!provider) return undefined;
  const { sessionId, error, end } = await readings.current(stdout, provider);
  if (sessionId && job.sessionId === null) await store.write(() => recordSession(store, job.id, sessionId));
  const healless = error?.fatal && end === undefined ? error : undefined;
  if (healless?.kind !== 'auth_required' && healless?.kind !== 'model_not_found') return undefined;
  const now = findJob(store, job.id);
  return now?.run === job.run ? { job: now, cause: healless.kind, note: healless.message } : undefined;
}
