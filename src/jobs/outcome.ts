// How did it end? A pure decision over the evidence: the exit file, the cause, and what the CLI said.
import { type ExitRecord, signalFromLog, startFailure } from '../process/exit-file.js';
import type { FoldState } from '../providers/fold.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import type { Cause, JobStatus, Outcome, Reason } from '../store/record.js';
import { hintFor } from './hints.js';
import { FOLDER_REPLACED, FOLDER_REPLACED_HINT } from './roots.js';

export interface Evidence {
  /** Absent if this server does not know the CLI (configured elsewhere): then its output cannot be read. */
  provider: Provider | undefined;
  exit: ExitRecord;
  /** Why we ended it, if we did, and before it ended by itself. */
  cause: Cause | null;
  causeNote: string | null;
  signalSent: string | null;
  fold: FoldState;
  launcherLog: string;
  /** The end of stderr. */
  stderr: string;
  /** What is wrong with the answer, where it had to fit a schema. */
  misfit?: string;
}

export type Verdict = Pick<Outcome, 'status' | 'reason' | 'exitCode' | 'signal' | 'error' | 'hint'>;

/** The outcome of a job of which nothing was read, because it never ran or cannot be seen from here. */
export const UNREAD_OUTCOME = {
  ...{ reason: null, exitCode: null, signal: null, error: null, hint: null, resetsAt: null },
  ...{ usage: null, usageTotal: null },
  ...{ sessionId: null, model: null, answerBytes: 0, stdoutBytes: 0, stderrBytes: 0, leftovers: 0 },
} as const satisfies Omit<Outcome, 'status'>;

/** Whether a job has given an answer that counts. One that is silent has failed. */
export function hasAnswered({ status }: { status: JobStatus }): boolean {
  return status === 'completed';
}

/** The verdict on a job whose process has ended. */
export function decideOutcome(evidence: Evidence): Verdict {
  const { exit, cause, launcherLog, signalSent } = evidence;
  const exitCode = exit.kind === 'exited' ? exit.code : null;
  const byLog = exitCode === null ? undefined : signalFromLog(launcherLog, exitCode);
  const signal = byLog ?? (cause ? signalSent : null);
  const facts = { exitCode, signal: signal ?? null };

  if (cause === 'cancel') return { status: 'canceled', reason: null, error: null, hint: null, ...facts };
  if (exit.kind === 'moved') {
    const moved = { status: 'failed', reason: 'spawn_failed' } as const;
    return { ...moved, error: FOLDER_REPLACED, hint: FOLDER_REPLACED_HINT, ...facts };
  }
  if (cause) return failed(evidence, cause, evidence.causeNote ?? `Ended by ${cause}.`, facts);
  if (exitCode === null) {
    const error = 'The process is gone and left no exit status.';
    const hint = 'Its partial output is kept (llm_job_result). It was not run again; submit it anew if wanted.';
    return { status: 'orphaned', reason: null, error, hint, ...facts };
  }
  const failure = failureOf(evidence, exitCode, byLog);
  if (failure) return failed(evidence, failure.reason, failure.error, facts);
  return { status: 'completed', reason: null, error: null, hint: null, ...facts };
}

function failed(
  evidence: Evidence,
  reason: Reason,
  error: string,
  facts: { exitCode: number | null; signal: string | null },
) {
  const status: JobStatus = 'failed';
  return { status, reason, error: oneLine(error, 300), hint: hintFor(reason, evidence.provider), ...facts } as const;
}

/** The first thing that went wrong, in the order of how much it explains. */
function failureOf(
  { provider, fold, launcherLog, stderr, misfit }: Evidence,
  exitCode: number,
  signal: NodeJS.Signals | undefined,
): { reason: Reason; error: string } | undefined {
  const notStarted = startFailure(exitCode, launcherLog, stderr);
  if (notStarted) return { reason: 'spawn_failed', error: notStarted };
  if (signal) return { reason: 'killed', error: `Ended by ${signal}, which was not sent by Sidejob.` };

  if (!provider) return { reason: 'invalid_output', error: 'Its provider is not known to the server that read it.' };

  // An error event counts unless the CLI recovered from it and ended well.
  const said = fold.end === 'ok' && exitCode === 0 ? undefined : fold.error;
  const byCode = provider.exitCodes?.[exitCode];
  if (said) {
    // The exit status may say which error it was where the words do not.
    const kind = said.kind === 'provider_error' && byCode ? byCode.kind : said.kind;
    return { reason: kind, error: said.message };
  }
  if (exitCode !== 0) {
    const known = byCode ?? provider.readStderr?.(stderr);
    if (known) return { reason: known.kind, error: known.message };
    const words = lastLine(stderr);
    return { reason: 'exit_code', error: `Exit status ${exitCode}${words ? `: ${words}` : '.'}` };
  }
  if (fold.end === 'error') return { reason: 'provider_error', error: 'The CLI reported an error without a message.' };
  if (fold.end === undefined && provider.finalEvent !== false) {
    return { reason: 'interrupted', error: 'It exited with status 0 but never said that it had finished.' };
  }
  if (fold.answer.trim() === '') return { reason: 'empty_answer', error: 'It finished without an answer.' };
  if (misfit) return { reason: 'invalid_output', error: `The answer does not fit outputSchema: ${misfit}` };
  return undefined;
}

function lastLine(text: string): string {
  return oneLine(text.trim().split('\n').at(-1) ?? '', 200);
}
