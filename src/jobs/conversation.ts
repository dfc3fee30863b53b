// Conversations that go on: a job's, or one that the CLI knows by an id of its own.
import { realpath } from 'node:fs/promises';
import { SidejobError } from '../errors.js';
import type { Provider } from '../providers/provider.js';
import { findJob, findLatestOf } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { requireJob } from './lookup.js';
import { type JobRequest, NOTHING } from './request.js';

/** What goes on: the CLI's id of it, and the job that had it last, if one of ours had. */
export interface Conversation {
  sessionId: string;
  job?: JobRecord;
}

/**
 * The shape of the ids that CLIs give their conversations (UUIDs, `ses_…`), as far as one is taken that no job of ours
 * had. It travels in a command line, so it must not look like a flag.
 */
const SESSION_ID = /^(?=.*\d)[A-Za-z0-9][\w-]{15,99}$/;

/**
 * The job that `continueJob` means: by its own id, or by its conversation's. Undefined for a conversation that no
 * job of ours had.
 * @throws SidejobError `unknown_job` for what looks like neither
 */
export function conversationJob(engine: Engine, typed: string): JobRecord | undefined {
  const named = typed.trim();
  const known = findJob(engine.store, named) ?? findLatestOf(engine.store, named);
  if (known) return known;
  const meantJob = engine.providers.some(({ name }) => named.startsWith(`${name}-`));
  return meantJob || !SESSION_ID.test(named) ? requireJob(engine, named) : undefined;
}

function hasControls(text: string): boolean {
  return [...text].some((letter) => letter < ' ' || letter === '\u007f');
}

/** The conversation that goes on. */
export async function continued(engine: Engine, request: JobRequest, provider: Provider): Promise<Conversation> {
  const typed = request.continueJob ?? '';
  const job = conversationJob(engine, typed);
  if (!job) {
    if (provider.sessionId === 'none') {
      throw new SidejobError('no_session', `${provider.name} keeps no conversations.`, NOTHING);
    }
    return { sessionId: typed.trim() };
  }
  if (job.provider !== provider.name) {
    throw new SidejobError(
      'bad_argument',
      `job ${job.id} is a conversation with ${job.provider}, not ${provider.name}.`,
      `Leave out provider, or attach its answer with attach: ["job:${job.id}"]. ${NOTHING}`,
    );
  }
  if (job.finishedAt === null) {
    throw new SidejobError('session_busy', `job ${job.id} is still ${job.status}.`, 'Wait for it first.');
  }
  const { sessionId } = job;
  const todo = `Attach its answer with attach: ["job:${job.id}"] instead. ${NOTHING}`;
  if (provider.sessionId === 'none') {
    throw new SidejobError('no_session', `${provider.name} keeps no conversations.`, todo);
  }
  // One that was to go on and never began has left the conversation as it was.
  if (sessionId === null || (job.startedAt === null && !job.resume)) {
    throw new SidejobError('no_session', `job ${job.id} left no conversation to go on with.`, todo);
  }
  // It stands in a command line, and is what the CLI has printed.
  if (sessionId.startsWith('-') || hasControls(sessionId)) {
    throw new SidejobError('no_session', `the conversation of job ${job.id} has no id that can be named.`, todo);
  }
  // The same folder may be spelled in another way.
  const wanted = request.cwd === undefined ? job.cwd : await realpath(request.cwd).catch(() => request.cwd);
  if (wanted !== job.cwd) {
    throw new SidejobError(
      'bad_argument',
      `the conversation of job ${job.id} lives in ${job.cwd}, not in ${request.cwd}.`,
      `Leave out cwd. ${NOTHING}`,
    );
  }
  return { sessionId, job };
}
