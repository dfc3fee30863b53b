// A job as callers see it: what applies, and nothing else. Everything here can be derived again.
import { lstat } from 'node:fs/promises';
import { jobFiles } from '../config/paths.js';
import { readMaskedPage } from '../output/secrets/page.js';
import { oneLine } from '../providers/json.js';
import { groupMembers } from '../store/groups.js';
import { queuePosition } from '../store/queue.js';
import type { JobKind, JobRecord, JobStatus, Reason } from '../store/record.js';
import { chainText, pastLines } from './chain.js';
import type { Engine } from './engine.js';
import { localTime } from './figures.js';
import { limitHint } from './hints.js';
import { runFolder, worktreeOf } from './isolation/places.js';
import { isolationLine } from './isolation/state.js';
import { isOwnerAlive } from './settle.js';

const STDERR_TAIL_BYTES = 8192;

/** One job in a list. Durations are in seconds, sizes in bytes. */
export interface JobView {
  jobId: string;
  kind: JobKind;
  status: JobStatus;
  reason?: Reason;
  exitCode?: number;
  signal?: string;
  provider: string;
  model?: string;
  /** The CLIs that may answer it, in order: "claude:opus > codex". */
  chain?: string;
  /** CLIs of its chain that could not answer, and why: "claude: rate_limited until 15:00". */
  passedOver?: string[];
  label?: string;
  /** The job whose conversation it goes on with. */
  continues?: string;
  /** The group that it was started in. */
  groupId?: string;
  /** It weighs the answers of that group. */
  role?: 'judge';
  cwd: string;
  /** Its branch, if it is isolated, what it has changed, and what became of that. */
  isolated?: string;
  /** What it does right now, in one line. */
  activity?: string;
  elapsedSec: number;
  /** When it was accepted; ISO 8601. */
  createdAt: string;
  /** Time since its last output. */
  idleSec?: number;
  unread?: true;
  answerBytes?: number;
  stdoutBytes?: number;
  stderrBytes?: number;
  cancelRequested?: true;
  error?: string;
  hint?: string;
  /** When the limit that ended it is over, where the CLI has said so; ISO 8601. */
  resetsAt?: string;
}

/** What only the owner is told beside it. */
export interface OwnerView extends JobView {
  project?: string;
  /** The job that this one tries once more. */
  retryOf?: string;
  pinned?: true;
  /** Where the worktree of an isolated job is, as long as it is there. */
  worktree?: string;
}

/** The view of a job for its owner, on the command line and in `[on_finish]`. */
export async function ownerView(engine: Engine, job: JobRecord): Promise<OwnerView> {
  const worktree = worktreeOf(engine, job);
  return {
    ...(await viewJob(engine, job)),
    ...(job.project !== null && { project: job.project }),
    ...(job.resume === 0 && job.parentId !== null && { retryOf: job.parentId }),
    ...(job.pinned === 1 && { pinned: true as const }),
    ...(worktree?.path && !worktree.gone && { worktree: worktree.path }),
  };
}

/** The view of a job. An active job's output is read on to tell its activity. */
export async function viewJob(engine: Engine, job: JobRecord): Promise<JobView> {
  const ended = job.finishedAt !== null;
  const until = job.finishedAt ?? Date.now();
  return withoutNulls({
    jobId: job.id,
    kind: job.kind,
    status: job.status,
    reason: job.reason,
    exitCode: job.exitCode,
    signal: job.signal,
    provider: job.provider,
    model: job.model,
    chain: job.chain && job.chain.members.length > 1 ? chainText(job.chain.members) : null,
    passedOver: passedOver(job),
    label: job.label,
    continues: job.resume ? job.parentId : null,
    groupId: job.groupId,
    role: job.role,
    cwd: job.cwd,
    isolated: isolationLine(engine, job),
    createdAt: new Date(job.createdAt).toISOString(),
    elapsedSec: seconds(until - (job.startedAt ?? job.createdAt)),
    ...(ended ? {} : await activity(engine, job)),
    unread: ended && job.readAt === null ? true : null,
    ...(ended && {
      answerBytes: job.answerBytes || null,
      stdoutBytes: job.stdoutBytes || null,
      stderrBytes: job.stderrBytes || null,
    }),
    cancelRequested: !ended && job.cause !== null ? true : null,
    error: job.error,
    hint: job.resetsAt === null ? job.hint : limitHint(job.resetsAt, Date.now()),
    resetsAt: job.resetsAt === null ? null : new Date(job.resetsAt).toISOString(),
  }) as JobView;
}

/** Who of a chain could not answer, and who does: `claude: rate_limited until 15:00; answered by codex`. */
export function chainNote({ passedOver: past = [], status, provider, activity }: JobView): string {
  const sleeps = activity?.startsWith('waiting for');
  const who = status === 'completed' ? `answered by ${provider}` : `${past.length > 0 ? 'then' : 'with'} ${provider}`;
  return [...past, ...(sleeps ? [] : [who])].join('; ');
}

async function activity(engine: Engine, job: JobRecord) {
  if (job.status === 'queued') return { activity: await queuedActivity(engine, job) };
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const provider = engine.providerNamed(job.provider);
  const [stdout, stderr] = await Promise.all(
    [files.stdout, files.stderr].map((path) => lstat(path).catch(() => undefined)),
  );
  const fold = provider && (await engine.readings.latest(files.stdout, provider, stdout?.size ?? 0));
  const changedAt = Math.max(stdout?.mtimeMs ?? 0, stderr?.mtimeMs ?? 0, job.startedAt ?? 0);
  // Some CLIs tell of their retries on stderr alone; what was said last is what goes on now.
  const complaint =
    provider?.readStderr && stderr && stderr.size > 0 && stderr.mtimeMs > (stdout?.mtimeMs ?? 0)
      ? provider.readStderr(await stderrTail(engine, files.stderr))?.message
      : undefined;
  return {
    // Paths in the job's own folder read better without it.
    activity: oneLine((complaint ?? fold?.activity ?? 'started').replaceAll(`${runFolder(engine, job)}/`, '')),
    idleSec: seconds(Date.now() - changedAt),
    answerBytes: fold?.answer ? Buffer.byteLength(fold.answer) : null,
    stdoutBytes: stdout?.size || null,
    stderrBytes: stderr?.size || null,
  };
}

/** Masked before it is cut: what begins in the middle of a secret is not known for one any more. */
async function stderrTail(engine: Engine, path: string): Promise<string> {
  const reading = { growing: false };
  return (await readMaskedPage(engine.secrets, path, -STDERR_TAIL_BYTES, STDERR_TAIL_BYTES, reading)).text;
}

function passedOver({ chain }: JobRecord): string[] | null {
  const lines = pastLines(chain, Date.now());
  return lines.length > 0 ? lines : null;
}

async function queuedActivity(engine: Engine, job: JobRecord): Promise<string> {
  if (job.placed) return 'starting';
  if (job.notBefore !== null && job.notBefore > Date.now()) {
    return `waiting for ${job.provider}'s limit until ${localTime(job.notBefore, Date.now())}`;
  }
  const asked = job.role === 'judge' && job.groupId !== null ? groupMembers(engine.store, job.groupId) : [];
  const open = asked.filter((member) => member.job.finishedAt === null).length;
  if (open > 0) return `waiting for ${open} of ${asked.length} answers`;
  if (!(await isOwnerAlive(engine, job))) {
    return 'waiting: its server is gone; a server with the same login will start it';
  }
  return `waiting for a place, ${queuePosition(engine.store, job)} in line`;
}

export function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10);
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined));
}
