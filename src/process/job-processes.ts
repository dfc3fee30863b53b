// Which processes belong to a job: the launcher's descendants, its session and group, and (Linux) those that
// bear the job's mark in their environment. Nothing else is ever signalled.

import { compareHost, type Host } from './host.js';
import type { ProcessIdentity } from './identity.js';
import { livenessOf } from './identity.js';
import { environmentOf, type ProcessInfo, processTable, startedBefore } from './table.js';

/** The environment variable that marks every process of a job with the job's id. */
export const JOB_VARIABLE = 'SIDEJOB_JOB_ID';

export interface JobProcess extends ProcessInfo {
  /** False for a process that left the job's session: reached by its descent or its mark alone. */
  inSession: boolean;
}

/**
 * The live processes of job `id`, the launcher among them. Proof: while the launcher lives, descent, session
 * and mark; once it is gone, its pid may be somebody else's, so only the mark (or, where it cannot be read,
 * nothing) proves membership.
 */
export async function jobProcesses(id: string, launcher: ProcessIdentity, here: Host): Promise<JobProcess[]> {
  return (await processesOf([{ id, launcher }], here)).get(id) ?? [];
}

/** The same for several jobs, with one look at all processes. */
export async function processesOf(
  jobs: readonly { id: string; launcher: ProcessIdentity }[],
  here: Host,
): Promise<Map<string, JobProcess[]>> {
  // Nothing survives a reboot, and what is elsewhere cannot be seen from here.
  const visible = jobs.filter(({ launcher }) => compareHost(launcher.host, here) === 'same');
  if (visible.length === 0) return new Map();
  const alive = new Set<string>();
  for (const { id, launcher } of visible) if ((await livenessOf(launcher, here)) === 'alive') alive.add(id);
  const table = (await processTable()).filter((info) => !info.zombie && info.pid !== process.pid);
  const marks = new Map<number, Promise<string | undefined>>();
  /** Read once for all jobs, and only of processes that are young enough to be asked about. */
  const markOnce = (pid: number) => {
    const mark = marks.get(pid) ?? markOf(pid);
    marks.set(pid, mark);
    return mark;
  };
  const found = visible.map(async ({ id, launcher }) => {
    const young = table.filter((info) => !startedBefore(info, launcher));
    return [id, await membersAmong(young, id, launcher, alive.has(id), markOnce)] as const;
  });
  return new Map(await Promise.all(found));
}

async function membersAmong(
  table: ProcessInfo[],
  id: string,
  launcher: ProcessIdentity,
  led: boolean,
  markOf: (pid: number) => Promise<string | undefined>,
): Promise<JobProcess[]> {
  const members = new Map<number, JobProcess>();
  const add = (info: ProcessInfo) => members.set(info.pid, { ...info, inSession: info.session === launcher.pid });
  if (led) {
    for (const info of table) {
      if (info.pid === launcher.pid || info.session === launcher.pid || info.group === launcher.pid) add(info);
    }
  }
  const unknown = table.filter((info) => !members.has(info.pid));
  const marks = await Promise.all(unknown.map((info) => markOf(info.pid)));
  const foreign = new Set<number>();
  for (const [index, info] of unknown.entries()) {
    if (marks[index] === id) add(info);
    else if (marks[index] !== undefined) foreign.add(info.pid);
  }
  addDescendants(table, members, foreign, add);
  return [...members.values()];
}

/** Whether one of these processes bears the mark of any job. */
export async function bearsMark(processes: readonly ProcessInfo[]): Promise<boolean> {
  return (await Promise.all(processes.map(({ pid }) => markOf(pid)))).some((mark) => mark !== undefined);
}

/** The id of the job that a process bears in its environment, if it can be read. */
async function markOf(pid: number): Promise<string | undefined> {
  const prefix = `${JOB_VARIABLE}=`;
  return (await environmentOf(pid)).find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** Adds what descends from members; a job that a job has started is its own, with a record of its own. */
function addDescendants(
  table: ProcessInfo[],
  members: ReadonlyMap<number, unknown>,
  foreign: ReadonlySet<number>,
  add: (info: ProcessInfo) => void,
): void {
  const children = Map.groupBy(table, (info) => info.parent);
  const waiting = [...members.keys()];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (members.has(child.pid) || foreign.has(child.pid)) continue;
      add(child);
      waiting.push(child.pid);
    }
  }
}
