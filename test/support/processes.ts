// Looks at processes as the system shows them (Linux: /proc), to tell what is left of a job or of a server.
import { readdir, readFile } from 'node:fs/promises';

export interface LiveProcess {
  pid: number;
  /** The pid of its session's leader: of a job's launcher, unless it has left for a session of its own. */
  session: number;
  command: string;
}

/** Live processes (no zombies) that were started with this entry, such as `NAME=value`, in their environment. */
export async function processesWith(entry: string): Promise<LiveProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => liveProcess(pid, entry)));
  return found.filter((one) => one !== undefined);
}

/** Live processes of one job: its launcher, its CLI, and what that has started. */
export function processesOf(jobId: string): Promise<LiveProcess[]> {
  return processesWith(`SIDEJOB_JOB_ID=${jobId}`);
}

async function liveProcess(pid: number, entry: string): Promise<LiveProcess | undefined> {
  const environment = await read(`/proc/${pid}/environ`);
  if (!environment.split('\0').includes(entry) || !(await isAlive(pid))) return undefined;
  const session = Number((await statFields(pid))[3]);
  return { pid, session, command: (await read(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim() };
}

/** Whether a process has this pid and has not ended. */
export async function isAlive(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return answers(pid);
  const [state = 'X'] = await statFields(pid);
  return state !== 'Z' && state !== 'X';
}

/** The same where there is no /proc; a zombie answers, too. */
function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What follows the name in /proc/PID/stat: state, parent, group, session, … (proc(5)); empty if it is gone. */
async function statFields(pid: number): Promise<string[]> {
  const text = await read(`/proc/${pid}/stat`);
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Memory of a process that is in RAM, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kilobytes) * 1024;
}

/** Sends a signal to one process; one that has gone meanwhile is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}
