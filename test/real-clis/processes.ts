// Which processes belong to one test, whatever Sidejob believes of them.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Process {
  pid: number;
  command: string;
}

/**
 * Every live process that has the folder in its environment or its command line, or works in it. Elsewhere than on
 * Linux the command line alone is looked at, which shows at least the launcher of each job.
 */
export async function processesIn(folder: string): Promise<Process[]> {
  const all = process.platform === 'linux' ? await linuxProcesses() : await psProcesses();
  return all
    .filter(({ pid, traces }) => pid !== process.pid && traces.some((trace) => trace.includes(folder)))
    .map(({ pid, command }) => ({ pid, command }));
}

interface TracedProcess extends Process {
  traces: string[];
}

async function linuxProcesses(): Promise<TracedProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return Promise.all(
    pids.map(async (pid) => {
      // All three are empty or cannot be read once the process is a zombie.
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const [environment, line, cwd] = await Promise.all([
        read('environ'),
        read('cmdline'),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ]);
      return { pid, command: line.replaceAll('\0', ' ').trim(), traces: [environment, line, cwd] };
    }),
  );
}

async function psProcesses(): Promise<TracedProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,command=']);
  const lines = stdout.matchAll(/^\s*(\d+) (.*)$/gm);
  return [...lines].map(([, pid, command = '']) => ({ pid: Number(pid), command, traces: [command] }));
}
