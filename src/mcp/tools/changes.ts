import { z } from 'zod';
import { applyWork } from '../../jobs/isolation/apply.js';
import { requireWorktree } from '../../jobs/isolation/diff.js';
import { discardWork } from '../../jobs/isolation/discard.js';
import { checkMayChange, checkOpenTo } from '../../jobs/isolation/may.js';
import { appliedText, discardedText } from '../../jobs/isolation/told.js';
import { requireJob } from '../../jobs/lookup.js';
import { settledJob } from '../../jobs/settle.js';
import { JOB } from '../fields.js';
import { defineTool } from '../tool.js';

export const changes = defineTool({
  name: 'llm_job_changes',
  title: 'Apply or discard an isolated job',
  description:
    'Apply the changes of an ended isolated job to its folder (files only, no commit), or discard them. See them first: ' +
    'llm_job_result, view "diff". On a conflict nothing is applied.',
  input: z.strictObject({ ...JOB, action: z.enum(['apply', 'discard']) }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'merge worktree branch changes of background job' },
  async handle({ jobId, action }, call) {
    const { engine } = await call.manager();
    const job = await settledJob(engine, requireJob(engine, jobId));
    await checkMayChange(engine, requireWorktree(engine, job));
    const project = await checkOpenTo(engine, job, call.caller.project);
    if (action === 'apply') return { text: appliedText(await applyWork(engine, job, project)) };
    return { text: discardedText(await discardWork(engine, job)) };
  },
});
