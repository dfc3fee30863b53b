// Ends the whole process tree of a job: TERM, a grace period, KILL, and proof that all of it is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.js';
import type { Host } from './host.js';
import type { ProcessIdentity } from './identity.js';
import { type JobProcess, jobProcesses, processesOf } from './job-processes.js';
import { processInfo } from './table.js';

export interface Termination {
  /** The strongest signal that was needed; absent if nothing of the job was left alive. */
  signal?: 'SIGTERM' | 'SIGKILL';
  /** Processes that outlived even SIGKILL (stuck in the kernel, or another user's). */
  survivors: JobProcess[];
}

const POLL_MS = 25;
/** When a process that was sent SIGTERM is first looked at again; then after twice as long each time. */
const FIRST_LOOK_MS = 50;
/** How long the kernel gets to remove a killed process. */
const KILL_WAIT_MS = 1000;

/**
 * Ends every process of job `id` and waits until that is proved.
 * @param graceMs time between SIGTERM and SIGKILL
 * @param beforeKill called once before the first SIGKILL
 */
export async function terminateJob(
  id: string,
  launcher: ProcessIdentity,
  here: Host,
  graceMs: number,
  beforeKill: () => Promise<void> = async () => {},
): Promise<Termination> {
  // The snapshot comes before the first signal: a parent's death cuts the descent of its children.
  const before = await jobProcesses(id, launcher, here);
  if (before.length === 0) return { survivors: [] };
  await signalAll(before, launcher, 'SIGTERM');
  // A stopped process takes SIGTERM only once it goes on.
  await signalAll(before, launcher, 'SIGCONT');
  const stubborn = await graced(before, graceMs, () => jobProcesses(id, launcher, here));
  if (stubborn.length === 0) return { signal: 'SIGTERM', survivors: [] };

  await beforeKill();
  const survivors = await kill(id, stubborn, launcher, here);
  return { signal: 'SIGKILL', survivors };
}

/**
 * Waits for processes that were sent SIGTERM, at most `ms`; returns what is left then. What was begun since by one of them
 * (the launcher begins the command whatever it is sent) has not heard of it, and is told now; so is what has become another
 * program: it was a shell that had not come to it yet.
 */
async function graced(told: JobProcess[], ms: number, look: () => Promise<JobProcess[]>): Promise<JobProcess[]> {
  const end = performance.now() + ms;
  const heard = new Set(told.map(programOf));
  let left = told;
  for (let pause = FIRST_LOOK_MS; ; pause *= 2) {
    left = await waitGone(left, Math.min(pause, end - performance.now()));
    const now = await look();
    const deaf = now.filter((info) => !heard.has(programOf(info)));
    left = mergeByPid(left, now);
    if (left.length === 0 || performance.now() >= end) return left;
    await signalEach(deaf, 'SIGTERM');
    for (const info of deaf) heard.add(programOf(info));
  }
}

const programOf = ({ pid, start, name }: JobProcess) => `${pid} ${start} ${name}`;

/** Kills what TERM did not end; again, for what was forked meanwhile; and the launcher last of all. */
async function kill(id: string, stubborn: JobProcess[], launcher: ProcessIdentity, here: Host) {
  let left = stubborn;
  for (let round = 0; round < 20 && left.length > 0; round += 1) {
    const others = left.filter((info) => info.pid !== launcher.pid);
    await signalEach(others, 'SIGKILL');
    // The launcher writes down how the command ended, and then leaves by itself.
    await waitGone(others.length > 0 ? others : left, KILL_WAIT_MS / 4);
    const waited = await waitGone(
      left.filter((info) => info.pid === launcher.pid),
      KILL_WAIT_MS / 4,
    );
    await signalEach(waited, 'SIGKILL');
    left = mergeByPid(await waitGone(left, POLL_MS), await jobProcesses(id, launcher, here));
  }
  return left;
}

async function signalAll(members: JobProcess[], launcher: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  // The group is proved to be ours while its leader is; then one signal also reaches what was forked just now.
  const leader = members.filter((info) => info.pid === launcher.pid);
  const led = (await stillAlive(leader)).length > 0;
  if (led) send(-launcher.pid, signal);
  await signalEach(
    members.filter((info) => !led || info.group !== launcher.pid),
    signal,
  );
}

/** Signals processes one by one, each proved to be the one we mean right before: pids are given away again. */
async function signalEach(members: JobProcess[], signal: NodeJS.Signals): Promise<void> {
  await Promise.all(
    members.map(async (info) => {
      if ((await stillAlive([info])).length > 0) send(info.pid, signal);
    }),
  );
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone meanwhile, or another user's: either way the caller's proof of death decides.
    if (!['ESRCH', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** Waits until the processes are gone, at most `ms`; returns those that are not. */
async function waitGone(members: JobProcess[], ms: number): Promise<JobProcess[]> {
  const end = performance.now() + ms;
  for (;;) {
    const alive = await stillAlive(members);
    if (alive.length === 0 || performance.now() >= end) return alive;
    await sleep(POLL_MS);
  }
}

async function stillAlive(members: JobProcess[]): Promise<JobProcess[]> {
  const now = await Promise.all(members.map((info) => processInfo(info.pid)));
  return members.filter((info, index) => now[index]?.start === info.start && !now[index]?.zombie);
}

function mergeByPid(...lists: JobProcess[][]): JobProcess[] {
  return [...new Map(lists.flat().map((info) => [info.pid, info])).values()];
}

/**
 * Whether anything is left in the launcher's process group. A group keeps its number from being given to a new
 * process, so this asks about ours, or about one that began after it had gone; it only asks.
 */
export function isGroupAlive({ pid }: ProcessIdentity): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/**
 * Ends what finished commands left behind in their own sessions. What left its session may be a daemon that
 * others share: it is reported and not touched.
 * @returns the daemons' pids, by job
 */
export async function endLeftovers(
  jobs: readonly { id: string; launcher: ProcessIdentity }[],
  here: Host,
  graceMs: number,
): Promise<Map<string, number[]>> {
  const left = await processesOf(jobs, here);
  const ours = [...left.values()].flat().filter((info) => info.inSession);
  await signalEach(ours, 'SIGTERM');
  await signalEach(ours, 'SIGCONT');
  await signalEach(await waitGone(ours, graceMs), 'SIGKILL');
  const daemons = [...left].map(([id, all]) => [id, all.filter((info) => !info.inSession)] as const);
  return new Map(daemons.filter(([, all]) => all.length > 0).map(([id, all]) => [id, all.map(({ pid }) => pid)]));
}
