// Waiting on behalf of a call: bounded by what the client allows, with progress where it listens.
import type { Engine } from '../jobs/engine.js';
import { viewJob } from '../jobs/view.js';
import { waitForJobs } from '../jobs/wait.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import { waitBudgetMs } from './clients.js';
import { jobLine } from './format.js';
import type { Call } from './tool.js';

/** How much longer this call may wait, in milliseconds: the client's patience counts from when the call came. */
export function waitLeftMs(call: Call, { config }: Engine, askedSec?: number): number {
  const budget = waitBudgetMs(call.clientName, askedSec, config);
  return Math.max(0, budget - (performance.now() - call.arrivedAt));
}

export async function waitInCall(
  call: Call,
  engine: Engine,
  ids: readonly string[],
  options: { until: 'all' | 'any'; waitSec?: number },
): Promise<JobRecord[]> {
  if (call.progress) call.progress.about = () => activeLines(engine, ids);
  const waitMs = waitLeftMs(call, engine, options.waitSec);
  return waitForJobs(engine, ids, { until: options.until, waitMs, signal: call.signal });
}

async function activeLines(engine: Engine, ids: readonly string[]): Promise<string> {
  const lines = ids.map(async (id) => {
    const job = findJob(engine.store, id);
    return job && job.finishedAt === null ? jobLine(await viewJob(engine, job)) : '';
  });
  return (await Promise.all(lines)).filter(Boolean).join('; ');
}
