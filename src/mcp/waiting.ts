// Waiting on behalf of a call: bounded by what the client allows, with progress where it listens.
import type { Engine } from '../jobs/engine.js';
import { viewJob } from '../jobs/view.js';
import { waitForJobs } from '../jobs/wait.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import { waitBudgetMs } from './clients.js';
import { jobLine } from './format.js';
import type { Call } from './tool.js';

const PROGRESS_MS = 4000;

export async function waitInCall(
  call: Call,
  engine: Engine,
  ids: readonly string[],
  options: { until: 'all' | 'any'; waitSec?: number },
): Promise<JobRecord[]> {
  const begun = performance.now();
  const budget = waitBudgetMs(call.clientName, options.waitSec, engine.config.settings.waitSec);
  const waitMs = Math.max(0, budget - (begun - call.arrivedAt));
  const { progress } = call;
  const report = async (send: NonNullable<Call['progress']>) => {
    const active = (await Promise.all(ids.map((id) => activeLine(engine, id)))).filter(Boolean);
    await send(Math.round((performance.now() - begun) / 100) / 10, active.join('; '), () => done);
  };
  let done = false;
  const timer = progress && setInterval(() => void report(progress).catch(() => {}), PROGRESS_MS);
  try {
    return await waitForJobs(engine, ids, { until: options.until, waitMs, signal: call.signal });
  } finally {
    done = true;
    clearInterval(timer);
  }
}

async function activeLine(engine: Engine, id: string): Promise<string> {
  const job = findJob(engine.store, id);
  return job && job.finishedAt === null ? jobLine(await viewJob(engine, job)) : '';
}
