// Attachments: files, and the answers of other jobs, appended to a prompt as fenced data, so that nothing has
// to be typed again.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { jobFiles } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { groupMembers } from '../store/groups.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { groupNamed, requireJob } from './lookup.js';
import { hasAnswered } from './outcome.js';
import { endedAnswer } from './readings.js';
import { checkRoots, nameOf } from './roots.js';

/** All attachments of a request together; more would not fit a model's context anyway. */
const MAX_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

/** Where a request may take files from. */
interface Place {
  /** The job's folder, which relative names start from. */
  cwd: string;
  /** What "." stands for among the roots. */
  project: string | null;
}

/**
 * The prompt with its attachments appended.
 * @throws SidejobError `bad_argument` for a file that cannot be read or a job that has no answer yet; `outside_roots`
 */
export async function withAttachments(
  engine: Engine,
  prompt: string,
  attach: readonly string[],
  place: Place,
): Promise<string> {
  const parts = [prompt];
  let bytes = 0;
  for (const name of attach) {
    const found = name.startsWith('job:')
      ? await answersOf(engine, name)
      : [[name, await fileText(engine, name, place)]];
    for (const [title = '', text = ''] of found) {
      bytes += Buffer.byteLength(text);
      if (bytes > MAX_BYTES) throw bad(`the attachments have more than ${MAX_BYTES} bytes`, 'Attach less.');
      parts.push(fenced(title, text));
    }
  }
  return parts.join('\n\n');
}

/** The jobs among attachments. */
export function attachedJobs(engine: Engine, attach: readonly string[]): JobRecord[] {
  return attach
    .filter((name) => name.startsWith('job:'))
    .flatMap((name) => {
      const group = groupNamed(engine, name);
      return group === undefined
        ? requireJob(engine, name.slice(4))
        : groupMembers(engine.store, group).map(({ job }) => job);
    });
}

/** The text between fences longer than any it contains, so that it cannot end them. */
export function fenced(name: string, text: string): string {
  let longest = 2;
  for (const [ticks] of text.matchAll(/`+/g)) longest = Math.max(longest, ticks.length);
  const fence = '`'.repeat(longest + 1);
  return `Attached data, "${name}":\n${fence}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}`;
}

/** The answer of a job, or those of a group, of which some may have none: that is said in their place. */
async function answersOf(engine: Engine, name: string): Promise<string[][]> {
  const group = groupNamed(engine, name);
  if (group === undefined) return [[name, await answerOf(engine, name.slice(4))]];
  const members = groupMembers(engine.store, group).map(({ job }) => job);
  const open = members.filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id);
  if (open.length > 0) throw bad(`${open.join(', ')} of ${group} has not ended`, 'Wait for it first (llm_job_wait).');
  if (!members.some(hasAnswered)) throw bad(`nobody in ${group} has answered`, 'Leave it out.');
  return Promise.all(
    members.map(async (job) =>
      hasAnswered(job)
        ? [`job:${job.id}`, await answerOf(engine, job.id)]
        : [`job:${job.id}`, `(It gave no answer: ${job.reason ?? job.status}.)`],
    ),
  );
}

async function answerOf(engine: Engine, id: string): Promise<string> {
  const job = requireJob(engine, id);
  if (job.finishedAt === null) throw bad(`job ${job.id} is still ${job.status}`, 'Wait for it first (llm_job_wait).');
  const answer = await endedAnswer(
    jobFiles(engine.paths, job.id, job.attempt, job.run),
    engine.providerNamed(job.provider),
    job.outputSchema,
  );
  if (answer === '') throw bad(`job ${job.id} (${job.status}) has no answer`, 'Leave it out.');
  return answer;
}

async function fileText(engine: Engine, name: string, { cwd, project }: Place): Promise<string> {
  try {
    // Not blocking: opening a pipe would wait for its writer, and hold this process with it.
    const file = await open(resolve(cwd, name), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      if (!(await file.stat()).isFile()) throw new Error('it is no regular file');
      // Of the file that is open, not of its name, which may lead elsewhere by now.
      const path = await placeOf(file, resolve(cwd, name));
      await checkRoots(engine, project, `attach: ${nameOf(name, path)}`, path);
      return await wholeText(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SidejobError) throw error;
    const home = name.startsWith('~') ? ' ("~" is not expanded)' : '';
    throw bad(`"${name}" cannot be attached${home}: ${messageOf(error)}`, 'Give a readable file, or job:ID.');
  }
}

/** Where an open file really is, without links. */
async function placeOf(file: FileHandle, named: string): Promise<string> {
  const told = await readlink(`/proc/self/fd/${file.fd}`).catch(() => undefined);
  if (told !== undefined) return told;
  // Without /proc: the name resolved anew, if it still leads to the same file.
  const path = await realpath(named);
  const [opened, found] = await Promise.all([file.stat(), lstat(path)]);
  if (opened.dev !== found.dev || opened.ino !== found.ino) throw new Error('it was replaced this moment');
  return path;
}

/** Read by its bytes, not by its size: some files (in /proc) say 0 and have no end. */
async function wholeText(file: FileHandle): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
    pieces.push(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  }
}

function bad(what: string, todo: string): SidejobError {
  return new SidejobError('bad_argument', `attach: ${what}.`, `${todo} Nothing was started.`);
}
