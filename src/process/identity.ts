// Is the process we recorded still the one that has this pid? A pid alone proves nothing: it may have been
// given to another program, and a zombie still answers to it.
import { compareHost, type Host, type HostKey } from './host.js';
import { processInfo } from './table.js';

/** A process as recorded when it was started. */
export interface ProcessIdentity {
  host: HostKey;
  pid: number;
  /** The kernel's start time, in the unit of the platform's process table; compared, never computed with. */
  start: string;
}

/** `unknown`: recorded on another machine or in another pid namespace; it must not be judged or signalled. */
export type Liveness = 'alive' | 'gone' | 'unknown';

/** Whether the recorded process lives. A zombie is gone, a process of another user (EPERM) is alive. */
export async function livenessOf(identity: ProcessIdentity, here: Host): Promise<Liveness> {
  const relation = compareHost(identity.host, here);
  if (relation === 'elsewhere') return 'unknown';
  if (relation === 'rebooted') return 'gone';
  const info = await processInfo(identity.pid);
  return info && !info.zombie && info.start === identity.start ? 'alive' : 'gone';
}
