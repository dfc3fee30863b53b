// The process table: /proc on Linux, ps elsewhere. Facts only; what to do with them is decided by the callers.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../errors.js';

export interface ProcessInfo {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Start time in the table's own unit (Linux: clock ticks since boot). */
  start: string;
  zombie: boolean;
  name: string;
}

const run = promisify(execFile);
/** Processes that are looked at before others get their turn. */
const AT_ONCE = 64;
/** proc(5): a line of 52 fields, of which the longest, the name, has 64 bytes at most. */
const LINE = Buffer.alloc(4096);

/** One process, or undefined if no process has this pid. */
export async function processInfo(pid: number): Promise<ProcessInfo | undefined> {
  if (process.platform === 'linux') return linuxProcess(pid);
  return (await psTable(['-p', String(pid)])).at(0);
}

/** The processes that one descends from, its parent first. */
export async function ancestorsOf({ parent }: ProcessInfo): Promise<ProcessInfo[]> {
  const found: ProcessInfo[] = [];
  for (let pid = parent; pid > 1 && found.length < 100; ) {
    const info = await processInfo(pid);
    if (!info) break;
    found.push(info);
    pid = info.parent;
  }
  return found;
}

/** Every process that can be seen. */
export async function processTable(): Promise<ProcessInfo[]> {
  if (process.platform !== 'linux') return psTable(['-A']);
  const found: ProcessInfo[] = [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const [index, pid] of pids.entries()) {
    const info = linuxProcess(Number(pid));
    if (info) found.push(info);
    if (index % AT_ONCE === AT_ONCE - 1) await yieldToOthers();
  }
  return found;
}

/** Whether a process was started before another: then it cannot descend from it. False where the table cannot tell. */
export function startedBefore({ start }: Pick<ProcessInfo, 'start'>, other: Pick<ProcessInfo, 'start'>): boolean {
  return process.platform === 'linux' && Number(start) < Number(other.start);
}

/** The environment a process was started with, as `NAME=value` strings; empty where it may not be read. */
export async function environmentOf(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return text.split('\0');
}

/** At once: the kernel writes this line without waiting for anything, and the thread pool would take six times as long. */
function linuxProcess(pid: number): ProcessInfo | undefined {
  const text = statLine(pid);
  if (!text) return undefined;
  // The name is in parentheses and may itself hold spaces and parentheses; proc(5) numbers fields from 1.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const field = (number: number) => fields[number - 3] ?? '';
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, end),
    zombie: field(3) === 'Z' || field(3) === 'X',
    parent: Number(field(4)),
    group: Number(field(5)),
    session: Number(field(6)),
    start: field(22),
  };
}

function statLine(pid: number): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
    return LINE.toString('latin1', 0, readSync(file, LINE, 0, LINE.length, 0));
  } catch (error) {
    // Only this means that there is no such process; a lack of descriptors, say, proves nothing.
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// macOS: unverified until run there. `sess` is a pointer there, so the group stands in for the session.
async function psTable(selection: string[]): Promise<ProcessInfo[]> {
  const { stdout } = await run('ps', [...selection, '-o', 'pid=,ppid=,pgid=,stat=,lstart=,comm='], {
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    maxBuffer: 16 * 1024 * 1024,
  }).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w+ \w+ +\d+ [\d:]+ \d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, group, state, start, name]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: Number(group),
      zombie: state?.startsWith('Z') ?? false,
      start: start ?? '',
      name: name ?? '',
    }));
}

/**
 * Seconds since a process was started, on a clock that no change of the wall clock moves and that goes on
 * while the machine sleeps; undefined where the platform has none.
 */
export async function ageSec({ start }: Pick<ProcessInfo, 'start'>): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const uptime = Number.parseFloat(await readFile('/proc/uptime', 'latin1').catch(() => ''));
  // proc(5): the start time is in clock ticks, of which Linux has 100 a second on every platform Node runs on.
  const started = Number(start) / 100;
  return Number.isFinite(uptime) && Number.isFinite(started) ? uptime - started : undefined;
}
