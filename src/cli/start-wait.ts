// `sidejob submit`: the ids at once, and then no longer than until the jobs have begun.
import type { Engine } from '../jobs/engine.js';
import { settle } from '../jobs/settle.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import type { CommandContext } from './context.js';
import { EXIT, INTERRUPTED } from './exit-status.js';
import { endLine } from './follow.js';
import type { Interrupts } from './interrupt.js';
import { oneOrList, personView } from './job-view.js';
import { nextChange } from './next-change.js';

const LOOK_MS = 1000;

/**
 * Exit status 0 once all have begun, 1 if one could not be started.
 * @param ids by which they can be asked for
 */
export async function waitForStart(
  engine: Engine,
  context: CommandContext,
  jobs: readonly JobRecord[],
  json: boolean,
  interrupts: Interrupts,
  ids: readonly string[] = jobs.map(({ id }) => id),
): Promise<number> {
  if (!json) context.stdout(`${ids.join('\n')}\n`);
  // A job that waits in the queue is nobody's but ours: without a server, nobody else would start it.
  let told = false;
  let now = await current(engine, jobs);
  for (; now.some(({ status }) => status === 'queued') && !interrupts.choice; now = await current(engine, jobs)) {
    if (!told) {
      for (const job of now.filter(({ status }) => status === 'queued')) {
        context.stderr(`${job.id} ${(await personView(engine, job)).activity}; Ctrl-C leaves it in the queue\n`);
      }
      told = true;
    }
    await nextChange(engine, interrupts.signal, LOOK_MS);
  }
  if (json) {
    const views = await Promise.all(now.map((job) => personView(engine, job)));
    context.stdout(oneOrList(views));
  }
  const broken = now.filter(({ reason }) => reason === 'spawn_failed');
  for (const job of broken) context.stderr(endLine(await personView(engine, job), job));
  if (interrupts.choice?.go === 'detach') return INTERRUPTED[interrupts.choice.signal] ?? EXIT.unfinished;
  return broken.length > 0 ? EXIT.failed : 0;
}

/** Settled: one whose launcher did not run anything is queued again. */
async function current(engine: Engine, jobs: readonly JobRecord[]): Promise<JobRecord[]> {
  await Promise.all(jobs.map(({ id }) => settle(engine, id)));
  return jobs.map((job) => findJob(engine.store, job.id) ?? job);
}
