// How jobs and answers read for a model: one header line, then the answer as it is.

import { jobFiles } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { groupLine } from '../jobs/group.js';
import { settleWork } from '../jobs/isolation/work.js';
import { verdictOf, verdictText } from '../jobs/judge/text.js';
import { jobsOfGroup } from '../jobs/lookup.js';
import { hasAnswered } from '../jobs/outcome.js';
import { answerText } from '../jobs/result.js';
import { type Review, reviewsAmong } from '../jobs/review/outcome.js';
import { reviewHead } from '../jobs/review/words.js';
import { shareOut } from '../jobs/share-out.js';
import type { JobView } from '../jobs/view.js';
import { chainNote, viewJob } from '../jobs/view.js';
import { readMaskedPage } from '../output/secrets/page.js';
import { OVERLAP, WITHHELD } from '../output/secrets/secrets.js';
import type { Span } from '../output/secrets/spans.js';
import type { Usage } from '../providers/provider.js';
import { groupMembers, groupsWith } from '../store/groups.js';
import type { JobRecord } from '../store/record.js';
import { cutMiddle, REPLY_MAX_CHARS, sizeIn } from './fit.js';
import { findingsIn } from './review.js';

const STDERR_TAIL_BYTES = 1200;

/** One line on a job: for lists and for everything that is not an answer. */
export function jobLine(view: JobView): string {
  // Tenths of a second tell nobody anything by then; and a line that stays the same is not searched for secrets again.
  const took = view.elapsedSec < 10 ? view.elapsedSec : Math.round(view.elapsedSec);
  const parts = [`${view.jobId} ${view.status}${view.reason ? ` (${view.reason})` : ''}`, `${took} s`];
  if (view.role) parts.push(view.role);
  if (view.chain || view.passedOver) parts.push(chainNote(view));
  if (view.cancelRequested) parts.push('being ended');
  if (view.activity) parts.push(view.activity);
  if (view.idleSec !== undefined && view.idleSec >= 10) parts.push(`silent for ${view.idleSec} s`);
  if (view.label) parts.push(`"${view.label}"`);
  if (view.isolated) parts.push(`isolated: ${view.isolated}`);
  if (view.unread) parts.push('unread');
  const line = parts.join(', ');
  if (!view.error) return line;
  // The error is the CLI's own words, which may end in anything.
  const error = /[.!?…]$/.test(view.error) ? view.error : `${view.error}.`;
  return `${line}: ${error}${view.hint ? ` ${view.hint}` : ''}`;
}

/**
 * The replies of several jobs in one text, each below its header. Where a judge has weighed the answers of a group, or is
 * about to, these are a line each: llm_job_result has them.
 * @param room how large it may be, as `sizeIn` counts
 */
export async function jobReplies(
  engine: Engine,
  jobs: readonly JobRecord[],
  room: number = REPLY_MAX_CHARS,
): Promise<string> {
  const groups = shownGroups(engine, jobs);
  const heads = groups.map(({ line }) => line);
  const brief = new Set(groups.filter(({ judged }) => judged).flatMap(({ members }) => members));
  const lined = jobs.filter((job) => brief.has(job.id) && hasAnswered(job));
  const full = jobs.filter((job) => !lined.includes(job));
  const verdicts = await Promise.all(full.map((job) => verdictOf(engine, job)));
  const letters = new Map(
    verdicts.flatMap((verdict) => verdict?.answers ?? []).map((each) => [each.jobId, each.answer]),
  );
  const lines = await Promise.all(lined.map((job) => answerLine(engine, job, letters.get(job.id))));
  const reviews = await reviewsAmong(engine, full);
  const reviewed = reviews.flatMap(({ reviewers }) => reviewers.map(({ jobId }) => jobId));
  const told = new Set(jobs.map(({ id }) => id));
  // The verdict comes first, and then whose answers it weighs.
  const inOrder = [...full].sort((one, other) => Number(other.role === 'judge') - Number(one.role === 'judge'));
  const drafts = await Promise.all([
    ...inOrder.filter(({ id }) => !reviewed.includes(id)).map((job) => draftReply(engine, job, told)),
    ...reviews.map((review) => draftReview(engine, review, full, groups)),
  ]);
  const budgets = shareOut(
    drafts.map(({ header, size }) => header.length + size),
    room - [...heads, ...lines].join('\n').length,
  );
  const replies = drafts.map(({ header, shownIn }, index) => {
    const shown = shownIn((budgets[index] ?? 0) - header.length);
    return shown ? `${header}\n${shown}` : header;
  });
  const pending = pendingNames(jobs, groups);
  const todo = pending && `Still going on in the background. Do not ask again: llm_job_wait{${pending}}`;
  return [heads.join('\n'), ...replies, lines.join('\n'), todo].filter(Boolean).join('\n\n');
}

/** An answer that is not shown here, in a line. */
async function answerLine(engine: Engine, job: JobRecord, letter: string | undefined): Promise<string> {
  const line = jobLine({ ...(await viewJob(engine, job)), unread: undefined });
  return `${letter ? `${letter}: ` : ''}${line}, ${job.answerBytes ?? 0} bytes`;
}

interface ShownGroup {
  line: string;
  members: readonly string[];
  /** Its members, and its judge. */
  jobs: readonly string[];
  id: string;
  /** Its judge is among the jobs, and has not failed. */
  judged: boolean;
}

/** The groups of which all members are among these jobs, each job in one of them; of several, the newest. */
function shownGroups(engine: Engine, jobs: readonly JobRecord[]): ShownGroup[] {
  const now = new Map(jobs.map((job) => [job.id, job]));
  const told = new Set<string>();
  return groupsWith(engine.store, [...now.keys()]).flatMap((group) => {
    const members = groupMembers(engine.store, group.id).map(({ job }) => now.get(job.id));
    if (!members.every((job) => job !== undefined) || members.some(({ id }) => told.has(id))) return [];
    for (const { id } of members) told.add(id);
    const judge = jobs.find(({ role, groupId }) => role === 'judge' && groupId === group.id);
    return {
      id: group.id,
      members: members.map(({ id }) => id),
      jobs: jobsOfGroup(engine, group.id).map(({ id }) => id),
      judged: judge !== undefined && (judge.finishedAt === null || hasAnswered(judge)),
      line: groupLine(
        group,
        members.map((job) => ({ job })),
      ),
    };
  });
}

/** What is still going on, in as few names as will do. */
function pendingNames(jobs: readonly JobRecord[], groups: readonly ShownGroup[]): string {
  const pending = jobs.filter((job) => job.finishedAt === null).map((job) => job.id);
  const open = groups.filter((group) => group.jobs.some((id) => pending.includes(id)));
  const single = pending.filter((id) => !open.some((group) => group.jobs.includes(id)));
  const names = [...open.map(({ id }) => id), ...single].map((id) => `"${id}"`);
  if (names.length === 0) return '';
  return names.length === 1 && open.length === 1 ? `jobId:${names[0]}` : `jobIds:[${names.join(', ')}]`;
}

/** A header, and what stands below it, as far as it fits. */
interface Draft {
  header: string;
  /** Of all that stands below, as `sizeIn` counts. */
  size: number;
  shownIn(room: number): string;
}

/**
 * Below a job: its answer, or for a failure without one the end of stderr.
 * @param told the jobs that the same reply tells of
 */
async function draftReply(engine: Engine, job: JobRecord, told: ReadonlySet<string>): Promise<Draft> {
  await settleWork(engine, job);
  const header = jobLine({ ...(await viewJob(engine, job)), unread: undefined });
  const draft = (body: string, secrets: readonly Span[] = [], view?: 'stderr'): Draft => ({
    header,
    size: sizeIn(body),
    shownIn: (room) => cutMiddle(body, room, job.id, view, secrets),
  });
  if (job.finishedAt === null) return draft('');
  const verdict = await verdictOf(engine, job);
  const named = verdict?.answers.some(({ jobId }) => !told.has(jobId)) ?? false;
  const answer = verdict ? verdictText(verdict, named) : await answerText(engine, job);
  if (answer || !['failed', 'orphaned'].includes(job.status)) {
    const secrets = await secretsAtEnds(engine, answer);
    return secrets ? draft(answer, secrets) : draft(WITHHELD);
  }
  const stderr = await stderrTail(engine, job);
  return draft(stderr && `End of stderr:\n${stderr}`, [], 'stderr');
}

/** Below the jobs of a review: the findings of all. */
async function draftReview(
  engine: Engine,
  review: Review,
  jobs: readonly JobRecord[],
  groups: readonly ShownGroup[],
): Promise<Draft> {
  const own = jobs.filter(({ id }) => review.reviewers.some(({ jobId }) => jobId === id));
  const lines = await Promise.all(
    own.map(async (job) => jobLine({ ...(await viewJob(engine, job)), unread: undefined })),
  );
  const group = groups.find((each) => own.every(({ id }) => each.jobs.includes(id)));
  const id = own.length === 1 ? own[0]?.id : group?.id;
  const said = own.some(({ finishedAt }) => finishedAt !== null);
  return {
    header: [...lines, ...(said ? [reviewHead(review)] : [])].join('\n'),
    size: sizeIn(findingsIn(review, id, Number.POSITIVE_INFINITY)),
    shownIn: (room) => findingsIn(review, id, room),
  };
}

/** Where secrets stand in the parts of a text that a reply may show; undefined if that could not be found out. */
async function secretsAtEnds({ secrets }: Engine, text: string): Promise<readonly Span[] | undefined> {
  const reach = REPLY_MAX_CHARS + OVERLAP;
  if (text.length <= 2 * reach) return secrets.find(text);
  const tailAt = text.length - reach;
  const [head, tail] = await Promise.all([secrets.find(text.slice(0, reach)), secrets.find(text.slice(tailAt))]);
  return head && tail && [...head, ...tail.map(([start, end]): Span => [start + tailAt, end + tailAt])];
}

/** What a run used, in the words the CLI counts in. */
export function usageLine(usage: Usage | null): string {
  if (!usage) return '';
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens, costUsd } = usage;
  const parts = [
    inputTokens !== undefined && `${inputTokens} tokens in`,
    cachedTokens !== undefined && cachedTokens > 0 && `${cachedTokens} of them cached`,
    outputTokens !== undefined && `${outputTokens} out`,
    reasoningTokens !== undefined && reasoningTokens > 0 && `${reasoningTokens} reasoning`,
    costUsd !== undefined && `$${Number(costUsd.toPrecision(3))}`,
  ].filter(Boolean);
  return parts.length > 0 ? `used: ${parts.join(', ')}` : '';
}

/** The last words of a job's stderr. */
export async function stderrTail(engine: Engine, job: JobRecord): Promise<string> {
  const { stderr } = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const reading = { growing: job.finishedAt === null };
  return (await readMaskedPage(engine.secrets, stderr, -STDERR_TAIL_BYTES, STDERR_TAIL_BYTES, reading)).text.trim();
}
