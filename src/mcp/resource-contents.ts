// What a resource of a job holds: bounded whatever the job wrote, and the end of it, where the outcome stands.
import { isUtf8 } from 'node:buffer';
import { jobFiles } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { readingOf, readResult } from '../jobs/result.js';
import { viewJob } from '../jobs/view.js';
import { wholeCharacters } from '../output/read.js';
import { fileSource, maskedPart } from '../output/secrets/page.js';
import type { JobRecord } from '../store/record.js';
import { jobLine, stderrTail, usageLine } from './format.js';

export const OUTPUT_VIEWS = ['stdout', 'stderr', 'events'] as const;
export type OutputView = (typeof OUTPUT_VIEWS)[number];

/** Bytes of one resource: about as much as a client takes from a tool. */
const READ_MAX_BYTES = 36_000;
/** The same as base64, which is a third longer. */
const BLOB_MAX_BYTES = 27_000;
/** How many events are tried: the most whose text fits. A single one is cut to fit. */
const EVENT_COUNTS = [200, 50, 10, 1];

type Part = { mimeType: string } & ({ text: string } | { blob: string });

/** The job's header lines, and its answer so far or final; a failure adds the end of stderr. */
export async function readJob(engine: Engine, job: JobRecord): Promise<Part> {
  const answer = await readResult(engine, job, 'answer', -READ_MAX_BYTES, READ_MAX_BYTES);
  const stderr = job.status === 'failed' ? await stderrTail(engine, job) : '';
  const lines = [
    jobLine({ ...(await viewJob(engine, job)), unread: undefined }),
    usageLine(job.usage),
    answer.offset > 0 && earlier(job, 'answer', `the last ${answer.total - answer.offset} of ${answer.total} bytes`),
    answer.text && `\n${answer.text}`,
    stderr && `\nEnd of stderr:\n${stderr}`,
  ];
  return { mimeType: 'text/plain', text: lines.filter(Boolean).join('\n') };
}

/** A view's end. The note on what is missing stands behind it: some clients show the first part alone. */
export async function readOutput(engine: Engine, job: JobRecord, view: OutputView): Promise<Part[]> {
  const { body, missing } = view === 'events' ? await lastEvents(engine, job) : await lastBytes(engine, job, view);
  return missing ? [body, { mimeType: 'text/plain', text: earlier(job, view, missing) }] : [body];
}

function earlier(job: JobRecord, view: string, shown: string): string {
  return `[${shown}; llm_job_result{jobId:"${job.id}", view:"${view}", offset:0} reads from the beginning]`;
}

async function lastEvents(engine: Engine, job: JobRecord): Promise<{ body: Part; missing?: string }> {
  let page = await readResult(engine, job, 'events', 0, 0);
  const { total } = page;
  for (const count of EVENT_COUNTS) {
    page = await readResult(engine, job, 'events', Math.max(0, total - count), READ_MAX_BYTES);
    if (page.nextOffset >= total) break;
  }
  const { text, offset, nextOffset } = page;
  const missing = offset > 0 ? `the last ${nextOffset - offset} of ${total} events` : undefined;
  return { body: { mimeType: 'text/plain', text }, missing };
}

async function lastBytes(engine: Engine, job: JobRecord, view: 'stdout' | 'stderr') {
  const source = await fileSource(jobFiles(engine.paths, job.id, job.attempt, job.run)[view]);
  const start = Math.max(0, source.total - READ_MAX_BYTES);
  const { total } = source;
  const { raw, shown } = await maskedPart(engine.secrets, source, start, total - start, readingOf(engine, job, view));
  // Only a cut halves characters: that of this page, and that of a write under way.
  const page = wholeCharacters(raw, start, total);
  const from = start > 0 ? page.offset : 0;
  const to = job.finishedAt === null ? page.nextOffset : start + raw.length;
  const text = raw.subarray(from - start, to - start);
  const isText = isUtf8(text) && !text.includes(0);
  const first = isText ? from : Math.max(start, start + raw.length - BLOB_MAX_BYTES);
  return {
    body: isText
      ? { mimeType: 'text/plain', text: shown(from, to).toString('utf8') }
      : { mimeType: 'application/octet-stream', blob: shown(first, start + raw.length).toString('base64') },
    missing: first > 0 ? `the last ${total - first} of ${total} bytes` : undefined,
  };
}
