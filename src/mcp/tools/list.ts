import { z } from 'zod';
import { SidejobError } from '../../errors.js';
import { knownProvider } from '../../jobs/choose.js';
import { ago } from '../../jobs/figures.js';
import { settledJob } from '../../jobs/settle.js';
import { viewJob } from '../../jobs/view.js';
import { pageOfJobs } from '../../store/list.js';
import { seqBefore } from '../cursor.js';
import { JOB_VIEW } from '../fields.js';
import { fitViews, REPLY_MAX_CHARS } from '../fit.js';
import { jobLine } from '../format.js';
import { defineTool } from '../tool.js';

export const list = defineTool({
  name: 'llm_job_list',
  title: 'Find jobs',
  description:
    'Find jobs, of earlier sessions and other clients too. Without arguments: running here, or ended and not yet ' +
    'read. Newest first.',
  input: z.strictObject({
    filter: z.enum(['open', 'active', 'unread', 'ended', 'any']).optional().describe('default open; any with query'),
    scope: z.enum(['project', 'all']).optional().describe("default project, where this client's is known"),
    provider: z.string().optional(),
    query: z.string().max(200).optional().describe('part of the label, folder or id; a whole id: its conversation'),
    limit: z.number().int().min(1).max(60).optional().describe('default 20'),
    cursor: z.string().optional().describe('nextCursor of the page before'),
  }),
  output: z.object({ jobs: z.array(JOB_VIEW), nextCursor: z.string().optional() }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'background jobs inbox history unread answers' },
  async handle({ query, filter = query === undefined ? 'open' : 'any', scope, provider, limit = 20, cursor }, call) {
    const { engine } = await call.manager();
    const project = scope === 'all' ? null : call.caller.project;
    const before = seqBefore(cursor, (what, todo) => new SidejobError('bad_argument', what, todo));
    const named = provider === undefined ? undefined : knownProvider(engine.providers, provider).name;
    const { jobs: found, next } = pageOfJobs(engine.store, {
      ...{ filter, project, before, limit },
      ...(named !== undefined && { provider: named }),
      ...(query !== undefined && { query }),
    });
    const page = await Promise.all(found.map((job) => settledJob(engine, job)));
    const views = await Promise.all(page.map((job) => viewJob(engine, job)));
    const jobs = fitViews(views, REPLY_MAX_CHARS);
    const now = Date.now();
    const nextCursor = next === undefined ? undefined : String(next);
    const where = project ? ` in ${project} (scope:"all" for every project)` : '';
    const lines =
      jobs.length > 0
        ? jobs.map((job) => `${jobLine(job)}, ${ago(Date.parse(job.createdAt), now)} ago`)
        : [`No ${filter === 'any' ? '' : `${filter} `}jobs${where}${nextCursor ? ' among those searched' : ''}.`];
    if (nextCursor) lines.push(`More: cursor "${nextCursor}".`);
    return { text: lines.join('\n'), data: { jobs, ...(nextCursor && { nextCursor }) } };
  },
});
