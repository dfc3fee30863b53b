import { z } from 'zod';
import { requireJob } from '../../jobs/lookup.js';
import { RESULT_VIEWS, readResult } from '../../jobs/result.js';
import { findingsPage, reviewNamed } from '../../jobs/review/named.js';
import { settledJob } from '../../jobs/settle.js';
import { viewJob } from '../../jobs/view.js';
import type { Page } from '../../output/read.js';
import { JOB } from '../fields.js';
import { jobLine, stderrTail, usageLine } from '../format.js';
import { defineTool } from '../tool.js';
import { markShown } from './shown.js';

export const result = defineTool({
  name: 'llm_job_result',
  title: 'Read what a job wrote',
  description:
    'Captured output of a job in any state, paged by bytes. The header says the total and where to read on; a ' +
    'failure adds the end of stderr.',
  input: z.strictObject({
    ...JOB,
    view: z
      .enum(RESULT_VIEWS)
      .optional()
      .describe('default answer, of a review its findings; events: one line each, offset counts them'),
    offset: z.number().int().optional().describe('default 0; negative: from the end'),
    limit: z.number().int().min(1).max(36_000).optional().describe('bytes, default 24000'),
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'answer stdout stderr log of background job' },
  async handle({ jobId, view: asked, offset = 0, limit = 24_000 }, call) {
    const { engine } = await call.manager();
    const named = asked === undefined ? await reviewNamed(engine, jobId) : undefined;
    if (named) {
      const page = await findingsPage(engine, named.review, offset, limit);
      await markShown(engine, call, named.jobs);
      return { text: `findings: ${rangeOf(page, 'bytes')}\n${page.text}` };
    }
    const view = asked ?? 'answer';
    const job = await settledJob(engine, requireJob(engine, jobId));
    const page = await readResult(engine, job, view, offset, limit);
    const range = rangeOf(page, view === 'events' ? 'events' : 'bytes');
    const shown = await viewJob(engine, job);
    const header = [jobLine({ ...shown, unread: undefined }), usageLine(job.usage), `${view}: ${range}`];
    const parts = [header.filter(Boolean).join('\n'), page.text];
    if (job.status === 'failed' && view === 'answer') {
      const stderr = await stderrTail(engine, job);
      if (stderr) parts.push(`End of stderr:\n${stderr}`);
    }
    await markShown(engine, call, [job]);
    return { text: parts.filter(Boolean).join('\n') };
  },
});

function rangeOf({ offset, nextOffset, total, uncounted }: Page, unit: string): string {
  const more = nextOffset < total ? `, read on from offset ${nextOffset}` : '';
  return total === 0 ? 'empty' : `${offset}–${nextOffset} of ${uncounted ? 'more than ' : ''}${total} ${unit}${more}`;
}
