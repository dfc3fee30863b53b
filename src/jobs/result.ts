// Captured output of a job in any state, page by page.
import { jobFiles } from '../config/paths.js';
import { readLines } from '../output/lines.js';
import { type Page, readPage, sizeOf } from '../output/read.js';
import { readLine } from '../providers/fold.js';
import type { Provider, ProviderEvent } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { endedAnswer, isMeaningful } from './readings.js';

export const RESULT_VIEWS = ['answer', 'stdout', 'stderr', 'events', 'prompt'] as const;
export type ResultView = (typeof RESULT_VIEWS)[number];

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

/** A page of a text in memory, with the same byte offsets as of a file. */
function pageOf(text: string, offset: number, limit: number): Page {
  const bytes = Buffer.from(text);
  const start = offset < 0 ? Math.max(0, bytes.length + offset) : Math.min(offset, bytes.length);
  const part = bytes.subarray(start, start + limit);
  // Never half a character: what was cut at the end is left for the next page.
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(part, { stream: true });
  return { text: whole, offset: start, nextOffset: start + Buffer.byteLength(whole), total: bytes.length };
}

async function eventPage(stdout: string, provider: Provider, offset: number, limit: number): Promise<Page> {
  const all: string[] = [];
  for await (const { lines } of readLines(stdout, 0, await sizeOf(stdout), true, (bytes) =>
    isMeaningful(provider, bytes),
  )) {
    for (const line of lines) {
      if (isMeaningful(provider, line)) all.push(...readLine(provider, line.toString('utf8')).map(eventLine));
    }
  }
  const start = offset < 0 ? Math.max(0, all.length + offset) : Math.min(offset, all.length);
  let text = '';
  let next = start;
  for (; next < all.length && text.length < limit; next += 1) text += `${next} ${all[next]}\n`;
  return { text, offset: start, nextOffset: next, total: all.length };
}

function eventLine(event: ProviderEvent): string {
  const { type, ...rest } = event;
  return 'text' in rest && Object.keys(rest).length <= 2
    ? `${type} ${JSON.stringify(rest.text)}`
    : `${type} ${JSON.stringify(rest)}`;
}
