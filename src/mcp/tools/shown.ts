// An outcome that was shown to a caller is read; an answer nobody saw stays in the inbox.
import { messageOf } from '../../errors.js';
import type { Engine } from '../../jobs/engine.js';
import type { JobRecord } from '../../store/record.js';
import { markRead } from '../../store/transitions.js';
import type { Call } from '../tool.js';

/** Notes that these outcomes reach the caller; not if the caller has given up meanwhile. */
export async function markShown(engine: Engine, call: Pick<Call, 'signal'>, jobs: readonly JobRecord[]): Promise<void> {
  if (call.signal.aborted) return;
  const unread = jobs.filter((job) => job.finishedAt !== null && job.readAt === null);
  if (unread.length === 0) return;
  try {
    await engine.store.write(() => {
      for (const job of unread) markRead(engine.store, job.id, Date.now());
    });
  } catch (error) {
    // The answer is worth more than the note that it was read.
    engine.log.warn({ error: messageOf(error) }, 'jobs could not be marked as read');
  }
}
