// Captured output of a job in any state, page by page.
import { jobFiles } from '../config/paths.js';
import { type Page, sizeOf } from '../output/read.js';
import { bufferSource, maskedPage, type Reading, readMaskedPage } from '../output/secrets/page.js';
import { WITHHELD } from '../output/secrets/secrets.js';
import { readLine } from '../providers/fold.js';
import type { Provider, ProviderEvent } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { maskedEvents, piecesInOutput } from './pieces.js';
import { endedAnswer, meaningfulLines } from './readings.js';

export const RESULT_VIEWS = ['answer', 'stdout', 'stderr', 'events', 'prompt'] as const;
export type ResultView = (typeof RESULT_VIEWS)[number];

/** Longer ones are read with llm_job_result, page by page. */
const STRUCTURED_MAX_BYTES = 8_000;

/** Events before and after a page that may hold the other pieces of a secret. */
const EVENTS_AROUND = 1000;

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
    case 'answer': {
      // The kept file can be paged as it is; an unfinished answer is in memory.
      if (job.finishedAt !== null && (await sizeOf(files.answer)) > 0) {
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
    growing: job.finishedAt === null && view !== 'prompt',
    ...(view === 'stdout' &&
      provider && { also: (from: number, to: number) => piecesInOutput(engine.secrets, provider, stdout, from, to) }),
  };
}

/** The whole answer, so far or final, as the CLI gave it: with its secrets. */
export async function answerText(engine: Engine, job: JobRecord): Promise<string> {
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const provider = engine.providerNamed(job.provider);
  if (job.finishedAt !== null) return endedAnswer(files, provider);
  return provider ? (await engine.readings.current(files.stdout, provider)).answer : '';
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

/** One event a line; only the page is kept, with what stands around it, whatever the output's size. */
async function eventPage(
  engine: Engine,
  stdout: string,
  provider: Provider,
  offset: number,
  limit: number,
): Promise<Page> {
  if (offset < 0) {
    const { total } = await eventPage(engine, stdout, provider, 0, 0);
    return eventPage(engine, stdout, provider, Math.max(0, total + offset), limit);
  }
  const around: ProviderEvent[] = [];
  let before = 0;
  let shown = 0;
  let chars = 0;
  let total = 0;
  let full = limit === 0;
  for await (const { lines } of meaningfulLines(provider, stdout, 0, await sizeOf(stdout), true)) {
    for (const line of lines) {
      for (const event of readLine(provider, line.toString('utf8'))) {
        if (total < offset) {
          around.push(event);
          if (around.length > 2 * EVENTS_AROUND) around.splice(0, EVENTS_AROUND);
          before = around.length;
        } else {
          const length = entryOf(total, event).length;
          full ||= shown > 0 && chars + length > limit;
          if (!full) {
            shown += 1;
            chars += Math.min(length, limit + 1) + 1;
          }
          if (around.length < before + shown + EVENTS_AROUND) around.push(event);
        }
        total += 1;
      }
    }
  }
  const first = Math.min(offset, total);
  const events = limit === 0 ? [] : await maskedEvents(engine.secrets, around, before, before + shown);
  const entries = events?.map((event, index) => {
    const entry = entryOf(first + index, event);
    return `${entry.length > limit ? `${entry.slice(0, limit)}…` : entry}\n`;
  });
  return { text: entries?.join('') ?? WITHHELD, offset: first, nextOffset: first + shown, total };
}

function entryOf(index: number, event: ProviderEvent): string {
  return `${index} ${eventLine(event)}`;
}

function eventLine(event: ProviderEvent): string {
  const { type, ...rest } = event;
  return 'text' in rest && Object.keys(rest).length <= 2
    ? `${type} ${JSON.stringify(rest.text)}`
    : `${type} ${JSON.stringify(rest)}`;
}
