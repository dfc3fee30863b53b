// A job as the command line shows it.
import type { Engine } from '../jobs/engine.js';
import { settleWork } from '../jobs/isolation/work.js';
import { type JobView, type OwnerView, ownerView } from '../jobs/view.js';
import type { JobRecord, JobStatus } from '../store/record.js';
import type { Style } from './terminal.js';

export type PersonView = OwnerView;

/** Nothing in it is masked for the owner, unless `redact` is set to `strict`. */
export async function personView(engine: Engine, job: JobRecord): Promise<PersonView> {
  await settleWork(engine, job);
  return engine.secrets.maskAll(await ownerView(engine, job));
}

export const STATUS_STYLES: Record<JobStatus, Style> = {
  queued: 'yellow',
  running: 'cyan',
  completed: 'green',
  failed: 'red',
  canceled: 'dim',
  orphaned: 'magenta',
};

/** `failed (timeout)` */
export function statusText({ status, reason }: Pick<JobView, 'status' | 'reason'>): string {
  return status + (reason ? ` (${reason})` : '');
}

/** `3.2 s`, `4 min 10 s`, `1 h 5 min` */
export function lasted(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** As JSON: one as an object, several as a list. */
export function oneOrList(views: readonly object[]): string {
  return `${JSON.stringify(views.length === 1 ? views[0] : views, null, 2)}\n`;
}
