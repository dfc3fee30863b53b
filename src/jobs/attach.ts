// Attachments: files, and the answers of other jobs, appended to a prompt as fenced data, so that nothing has
// to be typed again.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { jobFiles } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { readBytes } from '../output/read.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { requireJob } from './lookup.js';
import { endedAnswer } from './readings.js';

/** All attachments of a request together; more would not fit a model's context anyway. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * The prompt with its attachments appended.
 * @throws SidejobError `bad_argument` for a file that cannot be read or a job that has no answer yet
 */
export async function withAttachments(
  engine: Engine,
  prompt: string,
  attach: readonly string[],
  cwd: string,
): Promise<string> {
  const parts = [prompt];
  let bytes = 0;
  for (const name of attach) {
    const text = name.startsWith('job:') ? await answerOf(engine, name.slice(4)) : await fileText(name, cwd);
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_BYTES) throw bad(`the attachments have more than ${MAX_BYTES} bytes`, 'Attach less.');
    parts.push(fenced(name, text));
  }
  return parts.join('\n\n');
}

/** The jobs among attachments. */
export function attachedJobs(engine: Engine, attach: readonly string[]): JobRecord[] {
  return attach.filter((name) => name.startsWith('job:')).map((name) => requireJob(engine, name.slice(4)));
}

/** The text between fences longer than any it contains, so that it cannot end them. */
function fenced(name: string, text: string): string {
  let longest = 2;
  for (const [ticks] of text.matchAll(/`+/g)) longest = Math.max(longest, ticks.length);
  const fence = '`'.repeat(longest + 1);
  return `Attached data, "${name}":\n${fence}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}`;
}

async function answerOf(engine: Engine, id: string): Promise<string> {
  const job = requireJob(engine, id);
  if (job.finishedAt === null) throw bad(`job ${job.id} is still ${job.status}`, 'Wait for it first (llm_job_wait).');
  const answer = await endedAnswer(jobFiles(engine.paths, job.id), engine.providerNamed(job.provider));
  if (answer === '') throw bad(`job ${job.id} (${job.status}) has no answer`, 'Leave it out.');
  return answer;
}

async function fileText(name: string, cwd: string): Promise<string> {
  const path = isAbsolute(name) ? name : resolve(cwd, name);
  try {
    // Not blocking: opening a pipe would wait for its writer, and hold this process with it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw new Error('it is no regular file');
    } finally {
      await file.close();
    }
    // Read by its bytes, not by its size: some files (in /proc) say 0 and have no end.
    const bytes = await readBytes(path, 0, MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    const home = name.startsWith('~') ? ' ("~" is not expanded)' : '';
    throw bad(`"${name}" cannot be attached${home}: ${messageOf(error)}`, 'Give a readable file, or job:ID.');
  }
}

function bad(what: string, todo: string): SidejobError {
  return new SidejobError('bad_argument', `attach: ${what}.`, `${todo} Nothing was started.`);
}
