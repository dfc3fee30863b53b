// Which machine, which boot of it and which pid namespace this process lives in: a pid means something only
// together with these three.
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** Where a pid is valid, as one comparable string: `machine/boot/pid namespace`. */
export type HostKey = string;

export interface Host {
  machine: string;
  boot: string;
  pidNamespace: string;
}

let known: Promise<Host> | undefined;

/** This process's host. Read once. */
export function currentHost(): Promise<Host> {
  known ??= process.platform === 'linux' ? linuxHost() : posixHost();
  return known;
}

async function linuxHost(): Promise<Host> {
  const [machine, boot, pidNamespace] = await Promise.all([
    // systemd's machine id; containers without one are told apart by their host name.
    readFile('/etc/machine-id', 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { machine: machine.trim() || hostname(), boot: boot.trim(), pidNamespace };
}

// macOS: unverified until run there (see docs/platforms.md).
async function posixHost(): Promise<Host> {
  const { stdout } = await promisify(execFile)('/usr/sbin/sysctl', ['-n', 'kern.boottime']).catch(() => ({
    stdout: '',
  }));
  const boot = /sec = (\d+)/.exec(stdout)?.[1] ?? '';
  return { machine: hostname(), boot, pidNamespace: '' };
}

export function hostKey({ machine, boot, pidNamespace }: Host): HostKey {
  return [machine, boot, pidNamespace].map((part) => part.replaceAll('/', '_')).join('/');
}

/**
 * What may be said here of a process recorded under `key`.
 * - `same`: its pid can be looked up here;
 * - `rebooted`: this machine has been restarted since, so it is gone;
 * - `elsewhere`: another machine or pid namespace; it is shown and never judged.
 */
export function compareHost(key: HostKey, here: Host): 'same' | 'rebooted' | 'elsewhere' {
  const [machine, boot, pidNamespace] = hostKey(here).split('/');
  const [thatMachine, thatBoot, thatNamespace] = key.split('/');
  if (thatMachine !== machine) return 'elsewhere';
  if (thatBoot !== boot) return 'rebooted';
  return thatNamespace === pidNamespace ? 'same' : 'elsewhere';
}
