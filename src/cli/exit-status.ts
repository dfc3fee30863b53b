// With which status a command exits that speaks for jobs. The documentation is docs/command-line.md.
import type { JobRecord } from '../store/record.js';

export const EXIT = {
  completed: 0,
  failed: 1,
  /** Called wrongly. */
  usage: 2,
  canceled: 3,
  orphaned: 4,
  /** It has not ended yet. */
  unfinished: 5,
  /** A review has found what `--fail-on` names. */
  found: 6,
  /** Ended at a time limit of its own; what timeout(1) exits with. */
  timeout: 124,
} as const;

/** 128 and the number of the signal, as a shell has it. */
export const INTERRUPTED: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

export function exitStatusOf({ status, reason }: Pick<JobRecord, 'status' | 'reason'>): number {
  switch (status) {
    case 'completed':
    case 'canceled':
    case 'orphaned':
      return EXIT[status];
    case 'failed':
      return reason === 'timeout' || reason === 'idle_timeout' ? EXIT.timeout : EXIT.failed;
    default:
      return EXIT.unfinished;
  }
}

/** Of several jobs: that of the first, in the order given, that was not completed. */
export function exitStatusOfAll(jobs: readonly JobRecord[]): number {
  return jobs.map(exitStatusOf).find((status) => status !== 0) ?? 0;
}
