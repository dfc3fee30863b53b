// Captured output of a job in any state, page by page.
import { jobFiles } from '../config/paths.js';
import { type Page, readPage, sizeOf, wholeCharacters } from '../output/read.js';
import { readLine } from '../providers/fold.js';
import type { Provider, ProviderEvent } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { endedAnswer, meaningfulLines } from './readings.js';

export const RESULT_VIEWS = ['answer', 'stdout', 'stderr', 'events', 'prompt'] as const;
export type ResultView = (typeof RESULT_VIEWS)[number];

/** Longer ones are read with llm_job_result, page by page. */
const STRUCTURED_MAX_BYTES = 8_000;

/**
 * One page of a view.
 * @param offset bytes from the beginning, or from the end if negative; for `events` their number
 * @param limit bytes at most; for `events` the bytes of their text
 */
export async function readResult(
  engine: Engine,
  job: JobRecord,
  view: ResultView,
  offset: number,
  limit: number,
): Promise<Page> {
  const files = jobFiles(engine.paths, job.id, job.attempt);
  const provider = engine.providerNamed(job.provider);
  switch (view) {
    case 'stdout':
    case 'stderr':
    case 'prompt':
      return readPage(files[view], offset, limit);
    case 'events':
      return provider ? eventPage(files.stdout, provider, offset, limit) : pageOf('', offset, limit);
    case 'answer': {
      // The kept file can be paged as it is; an unfinished answer is in memory.
      if (job.finishedAt !== null && (await sizeOf(files.answer)) > 0) return readPage(files.answer, offset, limit);
      return pageOf(await answerText(engine, job), offset, limit);
    }
  }
}

/** The whole answer, so far or final. */
export async function answerText(engine: Engine, job: JobRecord): Promise<string> {
  const files = jobFiles(engine.paths, job.id, job.attempt);
  const provider = engine.providerNamed(job.provider);
  if (job.finishedAt !== null) return endedAnswer(files, provider);
  return provider ? (await engine.readings.current(job.id, files.stdout, provider)).answer : '';
}

/** The answer of a job that had to fit a schema, as data; undefined for other jobs, and for a long one. */
export async function structuredOf(engine: Engine, job: JobRecord): Promise<unknown> {
  const fits = job.outputSchema !== null && job.status === 'completed';
  if (!fits || (job.answerBytes ?? 0) > STRUCTURED_MAX_BYTES) return undefined;
  try {
    return JSON.parse(await answerText(engine, job));
  } catch {
    // Derived anew from the output it may have its fence again.
    return undefined;
  }
}

/** A page of a text in memory, with the same byte offsets as of a file. */
function pageOf(text: string, offset: number, limit: number): Page {
  const bytes = Buffer.from(text);
  const start = offset < 0 ? Math.max(0, bytes.length + offset) : Math.min(offset, bytes.length);
  return wholeCharacters(bytes.subarray(start, start + limit), start, bytes.length);
}

/** One event a line; only the page is kept, whatever the output's size. */
async function eventPage(stdout: string, provider: Provider, offset: number, limit: number): Promise<Page> {
  if (offset < 0) {
    const { total } = await eventPage(stdout, provider, 0, 0);
    return eventPage(stdout, provider, Math.max(0, total + offset), limit);
  }
  let text = '';
  let total = 0;
  let full = false;
  let next = offset;
  for await (const { lines } of meaningfulLines(provider, stdout, 0, await sizeOf(stdout), true)) {
    for (const line of lines) {
      for (const event of readLine(provider, line.toString('utf8'))) {
        const entry = `${total} ${eventLine(event)}`;
        full ||= text.length + entry.length > limit && (text !== '' || limit === 0);
        if (total >= offset && !full) {
          text += `${entry.length > limit ? `${entry.slice(0, limit)}…` : entry}\n`;
          next = total + 1;
        }
        total += 1;
      }
    }
  }
  return { text, offset: Math.min(offset, total), nextOffset: Math.min(next, total), total };
}

function eventLine(event: ProviderEvent): string {
  const { type, ...rest } = event;
  return 'text' in rest && Object.keys(rest).length <= 2
    ? `${type} ${JSON.stringify(rest.text)}`
    : `${type} ${JSON.stringify(rest)}`;
}
