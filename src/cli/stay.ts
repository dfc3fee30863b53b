// Staying with jobs that were just asked for, until they end or the person leaves.
import { cancelJob } from '../jobs/cancel.js';
import type { Engine } from '../jobs/engine.js';
import { readableAnswer } from '../jobs/judge/text.js';
import { answerText, structuredOf } from '../jobs/result.js';
import { settledJob } from '../jobs/settle.js';
import { waitForJobs } from '../jobs/wait.js';
import { printable } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import { markRead } from '../store/transitions.js';
import type { CommandContext } from './context.js';
import { exitStatusOfAll, INTERRUPTED } from './exit-status.js';
import { endLine, followJob, mayStream } from './follow.js';
import type { Choice, Interrupts } from './interrupt.js';
import { oneOrList, personView } from './job-view.js';
import { paint } from './terminal.js';

const LOOK_MS = 3_600_000;

/** Prints what has come of jobs that belong together, once all have ended: in place of the answer of each. */
export type Together = (engine: Engine, jobs: readonly JobRecord[]) => Promise<void>;

/** Returns the exit status: the jobs' own, or that of an interruption. */
export async function stayWith(
  engine: Engine,
  context: CommandContext,
  jobs: readonly JobRecord[],
  json: boolean,
  interrupts: Interrupts,
  together?: Together,
): Promise<number> {
  const { stderr } = context;
  for (const job of jobs) stderr(paint('dim', `${job.id} in ${printable(job.cwd)}\n`, process.stderr));
  const names = jobs.map(({ id }) => id).join(', ');
  const they = jobs.length > 1 ? 'They go' : 'It goes';
  interrupts.question = `${names}: [d]etach, [c]ancel, or Enter to wait on? ${they} on meanwhile.`;
  const [only] = jobs;
  const streams =
    only !== undefined && jobs.length === 1 && only.role === null && !json && !together && mayStream(engine);
  const now =
    only !== undefined && jobs.length === 1
      ? [await followJob(engine, only, context, interrupts, streams)]
      : await eachInTurn(engine, jobs, context, interrupts, together ? 'ends' : json ? 'nothing' : 'answers');
  const { choice } = interrupts;
  // What has ended while the person thought about it is neither left nor canceled.
  const latest = choice ? await Promise.all(now.map((job) => settledJob(engine, job))) : now;
  if (choice && latest.some(({ finishedAt }) => finishedAt === null)) {
    return leave(engine, context, latest, choice, json);
  }
  return conclude(engine, context, latest, { json, printed: streams || jobs.length > 1, together });
}

/** Several, side by side: each answer is printed when it is whole, in the order in which they end; or only that it has. */
async function eachInTurn(
  engine: Engine,
  jobs: readonly JobRecord[],
  context: CommandContext,
  interrupts: Interrupts,
  prints: 'answers' | 'ends' | 'nothing',
): Promise<JobRecord[]> {
  const ended = new Map<string, JobRecord>();
  for (;;) {
    const open = jobs.filter(({ id }) => !ended.has(id)).map(({ id }) => id);
    if (open.length === 0 || interrupts.choice) return jobs.map((job) => ended.get(job.id) ?? job);
    const options = { until: 'any', waitMs: LOOK_MS, signal: interrupts.signal } as const;
    const now = await waitForJobs(engine, open, options);
    await interrupts.answered();
    for (const job of now.filter(({ finishedAt }) => finishedAt !== null)) {
      ended.set(job.id, job);
      if (prints === 'ends') context.stderr(endLine(await personView(engine, job), job));
      if (prints !== 'answers') continue;
      const who = job.role === null ? job.provider : `${job.role}: ${job.provider}`;
      context.stdout(`${paint('bold', `## ${who} (${job.id})`)}\n\n`);
      await printAnswer(engine, context, job);
      context.stdout('\n');
    }
  }
}

async function printAnswer(engine: Engine, { stdout }: CommandContext, job: JobRecord): Promise<void> {
  const answer = (await engine.secrets.mask(await readableAnswer(engine, job))).trimEnd();
  // In a file or a pipe it stays as it is.
  if (answer) stdout(`${process.stdout.isTTY ? printable(answer) : answer}\n`);
}

/** All have ended: what is still to be printed, how it went, and the exit status. */
async function conclude(
  engine: Engine,
  context: CommandContext,
  jobs: readonly JobRecord[],
  { json, printed, together }: { json: boolean; printed: boolean; together: Together | undefined },
): Promise<number> {
  if (together) await together(engine, jobs);
  else if (json) context.stdout(await jobsAsJson(engine, jobs.map(asRead)));
  for (const job of jobs) {
    if (!json && !printed && !together) await printAnswer(engine, context, job);
  }
  await context.flushed();
  const read = await Promise.all(jobs.map((job) => nowRead(engine, job)));
  // Of several that belong together it has been said already.
  const untold = together && jobs.length > 1 ? [] : read;
  for (const job of untold) context.stderr(endLine(await personView(engine, job), job));
  return exitStatusOfAll(read);
}

/** The record as it will be once what is about to be shown has been. */
export function asRead(job: JobRecord): JobRecord {
  return job.finishedAt === null || job.readAt !== null ? job : { ...job, readAt: Date.now() };
}

/** Shown is read. */
export async function nowRead({ store }: Engine, job: JobRecord): Promise<JobRecord> {
  if (job.finishedAt === null || job.readAt !== null) return job;
  const readAt = Date.now();
  await store.write(() => markRead(store, job.id, readAt));
  return { ...job, readAt };
}

async function jobsAsJson(engine: Engine, jobs: readonly JobRecord[]): Promise<string> {
  const views = await Promise.all(jobs.map((job) => withAnswer(engine, job)));
  return oneOrList(views);
}

/** What `--json` shows of a job with its answer; the same for `run`, `show` and `result`. */
export async function withAnswer(engine: Engine, job: JobRecord): Promise<object> {
  const answer = await engine.secrets.mask(await answerText(engine, job));
  const structured = await engine.secrets.maskAll(await structuredOf(engine, job));
  const { sessionId, login, usage } = job;
  return { ...(await personView(engine, job)), sessionId, login, usage, answer, structured };
}

async function leave(
  engine: Engine,
  context: CommandContext,
  jobs: readonly JobRecord[],
  choice: Choice,
  json: boolean,
): Promise<number> {
  if (choice.go === 'cancel') {
    context.stderr('Canceling…\n');
    const done = await Promise.all(jobs.map(({ id }) => cancelJob(engine, id)));
    const ended = await Promise.all(done.map(({ job }) => nowRead(engine, job)));
    if (json) context.stdout(await jobsAsJson(engine, ended));
    for (const job of ended) context.stderr(endLine(await personView(engine, job), job));
    return exitStatusOfAll(ended);
  }
  for (const { id, finishedAt, status } of jobs) {
    if (finishedAt !== null) continue;
    const queued = status === 'queued' ? ', once a server or "sidejob wait" starts it' : '';
    context.stderr(
      `${id} goes on${queued}: "sidejob result ${id}" shows its answer, "sidejob cancel ${id}" ends it.\n`,
    );
  }
  return INTERRUPTED[choice.signal] ?? 1;
}
