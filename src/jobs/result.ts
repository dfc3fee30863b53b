// Captured output of a job in any state, page by page.
import { jobFiles } from '../config/paths.js';
import { type Page, sizeOf } from '../output/read.js';
import { bufferSource, maskedPage, type Reading, readMaskedPage } from '../output/secrets/page.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { eventPage } from './event-pages.js';
import { diffOf } from './isolation/diff.js';
import { checkedAnswer } from './judge/files.js';
import { piecesInOutput } from './pieces.js';
import { endedAnswer } from './readings.js';

export const RESULT_VIEWS = ['answer', 'stdout', 'stderr', 'events', 'prompt', 'diff'] as const;
export type ResultView = (typeof RESULT_VIEWS)[number];

/** Longer ones are read with llm_job_result, page by page. */
const STRUCTURED_MAX_BYTES = 8_000;

/**
 * One page of a view, with secrets masked; see output/secrets/page.ts.
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
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const provider = engine.providerNamed(job.provider);
  const { secrets } = engine;
  const reading = readingOf(engine, job, view);
  switch (view) {
    case 'stdout':
    case 'stderr':
    case 'prompt':
      return readMaskedPage(secrets, files[view], offset, limit, reading);
    case 'events':
      return provider
        ? eventPage(engine, files.stdout, provider, offset, limit)
        : { text: '', offset: 0, nextOffset: 0, total: 0 };
    case 'diff': {
      const { summary, patch } = await diffOf(engine, job);
      const text = patch.length > 0 ? Buffer.concat([Buffer.from(`${summary}\n`), patch]) : Buffer.from(summary);
      return maskedPage(secrets, bufferSource(text), offset, limit, reading);
    }
    case 'answer': {
      // The kept file can be paged as it is; an unfinished answer is in memory.
      if (job.finishedAt !== null && sizeOf(files.answer) > 0) {
        return readMaskedPage(secrets, files.answer, offset, limit, reading);
      }
      return maskedPage(secrets, bufferSource(Buffer.from(await answerText(engine, job))), offset, limit, reading);
    }
  }
}

/** How a view of a job is to be read: whether more comes, and where secrets stand in pieces. */
export function readingOf(engine: Engine, job: JobRecord, view: ResultView): Reading {
  const { stdout } = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const provider = engine.providerNamed(job.provider);
  return {
    growing: job.finishedAt === null && view !== 'prompt' && view !== 'diff',
    ...(view === 'stdout' &&
      provider && { also: (from: number, to: number) => piecesInOutput(engine.secrets, provider, stdout, from, to) }),
  };
}

/** The whole answer, so far or final, as the CLI gave it: with its secrets. */
export async function answerText(engine: Engine, job: JobRecord): Promise<string> {
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const provider = engine.providerNamed(job.provider);
  if (job.finishedAt !== null) return endedAnswer(files, provider, job.outputSchema);
  return provider ? (await engine.readings.current(files.stdout, provider)).answer : '';
}

/** The answer of a job that had to fit a schema, as data; undefined for other jobs, and for a long one. */
export async function structuredOf(engine: Engine, job: JobRecord): Promise<unknown> {
  const fits = job.outputSchema !== null && job.status === 'completed';
  if (!fits || (job.answerBytes ?? 0) > STRUCTURED_MAX_BYTES) return undefined;
  try {
    const answer = await answerText(engine, job);
    // Derived anew from its output, a verdict has to be checked anew.
    return JSON.parse(job.role === 'judge' ? await checkedAnswer(engine.paths, job.id, answer) : answer);
  } catch {
    // Its files may have been touched since.
    return undefined;
  }
}
