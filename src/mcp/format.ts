// How jobs and answers read for a model: one header line, then the answer as it is.

import { jobFiles } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { answerText } from '../jobs/result.js';
import type { JobView } from '../jobs/view.js';
import { viewJob } from '../jobs/view.js';
import { readPage } from '../output/read.js';
import type { Usage } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';

/** Characters of one reply; clients cut or refuse longer ones (Claude Code: 25,000 tokens). */
export const REPLY_MAX_CHARS = 38_000;
const STDERR_TAIL_BYTES = 1200;

/** One line on a job: for lists and for everything that is not an answer. */
export function jobLine(view: JobView): string {
  const parts = [`${view.jobId} ${view.status}${view.reason ? ` (${view.reason})` : ''}`, `${view.elapsedSec} s`];
  if (view.cancelRequested) parts.push('being ended');
  if (view.activity) parts.push(view.activity);
  if (view.idleSec !== undefined && view.idleSec >= 10) parts.push(`silent for ${view.idleSec} s`);
  if (view.label) parts.push(`"${view.label}"`);
  if (view.unread) parts.push('unread');
  const line = parts.join(', ');
  if (!view.error) return line;
  // The error is the CLI's own words, which may end in anything.
  const error = /[.!?…]$/.test(view.error) ? view.error : `${view.error}.`;
  return `${line}: ${error}${view.hint ? ` ${view.hint}` : ''}`;
}

/** The replies of several jobs in one text, each below its header. */
export async function jobReplies(engine: Engine, jobs: readonly JobRecord[]): Promise<string> {
  const budget = Math.floor(REPLY_MAX_CHARS / Math.max(1, jobs.length));
  const replies = await Promise.all(jobs.map((job) => jobReply(engine, job, budget)));
  const pending = jobs.filter((job) => job.finishedAt === null).map((job) => `"${job.id}"`);
  if (pending.length > 0) {
    replies.push(`Still going on in the background. Do not ask again: llm_job_wait{jobIds:[${pending.join(', ')}]}`);
  }
  return replies.join('\n\n');
}

async function jobReply(engine: Engine, job: JobRecord, budget: number): Promise<string> {
  const header = jobLine({ ...(await viewJob(engine, job)), unread: undefined });
  if (job.finishedAt === null) return header;
  const answer = await answerText(engine, job);
  const parts = [header];
  if (answer) parts.push(cutMiddle(answer, budget - header.length, job.id));
  if (job.status === 'failed' || job.status === 'orphaned') {
    const stderr = await stderrTail(engine, job);
    if (stderr && !answer) parts.push(`End of stderr:\n${stderr}`);
  }
  return parts.join('\n');
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
  const { stderr } = jobFiles(engine.paths, job.id, job.attempt);
  return (await readPage(stderr, -STDERR_TAIL_BYTES, STDERR_TAIL_BYTES)).text.trim();
}

/** A long answer with its middle cut out: the question is answered at the end, and set out at the beginning. */
export function cutMiddle(text: string, max: number, jobId: string): string {
  if (text.length <= max) return text;
  const room = Math.max(400, max - 160);
  const head = wholeCharacters(text.slice(0, Math.floor(room * 0.6)));
  const tail = text.slice(text.length - Math.floor(room * 0.4)).replace(/^[\udc00-\udfff]/, '');
  const offset = Buffer.byteLength(head);
  const bytes = Buffer.byteLength(text) - offset - Buffer.byteLength(tail);
  return `${head}\n[… ${bytes} bytes cut; llm_job_result{jobId:"${jobId}", offset:${offset}} reads on …]\n${tail}`;
}

function wholeCharacters(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}
