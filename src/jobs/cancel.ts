// Ends jobs by request. Idempotent; any server may cancel any job.
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import { cancelQueued } from '../store/transitions.js';
import type { Engine } from './engine.js';
import { settle } from './settle.js';

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
    if (running) await engine.supervision.end(running, 'cancel', null);
  }
  const job = findJob(engine.store, id) ?? before;
  return { job, changed: job.status === 'canceled' || job.cause === 'cancel' };
}
