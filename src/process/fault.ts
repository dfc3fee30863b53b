// Named points between two steps, at which a test ends this process as suddenly as a power cut would.

export const FAULT_VARIABLE = 'SIDEJOB_FAULT';

/** Every point, in the order in which a job passes them. */
export const FAULT_POINTS = [
  'submit.files',
  'submit.recorded',
  'start.placed',
  'judge.composed',
  'start.spawned',
  'start.recorded',
  'start.gone',
  'end.caused',
  'end.terminated',
  'finish.decided',
  'finish.recorded',
  'switch.decided',
  'switch.recorded',
  'audit.written',
] as const;

/** And those of a job that is isolated, from its submission to the end of its worktree. */
export const ISOLATION_POINTS = [
  'isolate.intended',
  'isolate.branched',
  'isolate.adding',
  'isolate.added',
  'capture.committed',
  'capture.branched',
  'apply.begun',
  'apply.placed',
  'apply.written',
  'discard.recorded',
  'discard.removed',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number] | (typeof ISOLATION_POINTS)[number];

/** Ends this process with SIGKILL if the environment names this point; otherwise nothing. */
export function faultPoint(name: FaultPoint): void {
  if (process.env[FAULT_VARIABLE] === name) process.kill(process.pid, 'SIGKILL');
}
