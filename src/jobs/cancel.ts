// Ends jobs by request. Idempotent; any server may cancel any job.
import { compareHost } from '../process/host.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord, Outcome } from '../store/record.js';
import { cancelQueued, finishJob } from '../store/transitions.js';
import type { Engine } from './engine.js';
import { UNREAD_OUTCOME } from './outcome.js';
import { settle } from './settle.js';

/** How long a server elsewhere gets to carry out a cancel, in milliseconds. */
const UNHEARD_MS = 60_000;

export interface Canceled {
  job: JobRecord;
  /** False if it had ended before. */
  changed: boolean;
}

/** Cancels a job and waits until its processes are gone, or it is clear that they cannot be ended now. */
export async function cancelJob(engine: Engine, id: string): Promise<Canceled> {
  const before = await settle(engine, id);
  if (!before) throw new Error(`job ${id} vanished from the store`);
  if (before.finishedAt !== null) return { job: before, changed: false };
  const taken = await engine.store.write(() => cancelQueued(engine.store, id, Date.now()));
  if (taken) {
    engine.store.bell.ring();
    void engine.schedule();
  } else {
    // It runs, perhaps since a moment ago.
    const running = findJob(engine.store, id);
    if (running)
      await (isAbandoned(engine, running)
        ? closeUnproved(engine, id)
        : engine.supervision.end(running, 'cancel', null));
  }
  const job = findJob(engine.store, id) ?? before;
  // What had ended by itself a moment before may bear the cause, too.
  const byItself = job.status === 'completed' || job.status === 'failed';
  return { job, changed: job.cause === 'cancel' && !byItself };
}

/** A job of another machine or container whose servers have let a request to cancel it lie for a minute. */
function isAbandoned({ host }: Engine, job: JobRecord): boolean {
  if (job.host === null || compareHost(job.host, host) !== 'elsewhere') return false;
  return job.cause === 'cancel' && job.causeAt !== null && Date.now() - job.causeAt > UNHEARD_MS;
}

/** Closes its record, at the wish of whoever cancels it twice: otherwise it would be running for ever. */
async function closeUnproved(engine: Engine, id: string): Promise<void> {
  const outcome: Outcome = {
    ...UNREAD_OUTCOME,
    status: 'orphaned',
    error: 'It began on another machine or container, where no server has answered a cancel for a minute.',
    hint: 'That its processes are gone is not proved; look there.',
  };
  await engine.store.write(() => finishJob(engine.store, id, ['running'], outcome, Date.now()));
  engine.store.bell.ring();
}
