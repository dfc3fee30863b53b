import { z } from 'zod';
import { isolationLine } from '../../jobs/isolation/state.js';
import { startJobs } from '../asking.js';
import { ASKING, NOTE, WORKING } from '../fields.js';
import { notesOn } from '../notes.js';
import { pollAfterSec } from '../polling.js';
import { defineTool } from '../tool.js';

export const submit = defineTool({
  name: 'llm_job_submit',
  title: 'Start a background job',
  description:
    'Start work on an LLM CLI, also work that changes files; returns at once. The job outlives this client and ' +
    'its server; collect the answer with llm_job_wait.',
  input: z.strictObject({ ...ASKING, ...WORKING }),
  output: z.object({
    jobId: z.string(),
    jobs: z.array(
      z.object({
        jobId: z.string(),
        provider: z.string(),
        status: z.string(),
        role: z.string().optional(),
        joined: z.boolean().optional(),
        cwd: z.string().optional(),
        isolated: z.string().optional(),
      }),
    ),
    pollAfterSec: z.number(),
    note: NOTE,
  }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  meta: { 'anthropic/searchHint': 'delegate hand off background job claude codex gemini agent' },
  async handle(asked, call) {
    const { engine } = await call.manager();
    const outcome = await startJobs(call, 'async', asked);
    const jobs = outcome.started.map(({ job, joined }) => ({
      jobId: job.id,
      provider: job.provider,
      status: job.status,
      ...(job.role !== null && { role: job.role }),
      ...(joined && { joined: true }),
      // Where files change must be seen, above all where the folder was not named.
      ...(job.access !== 'read-only' && { cwd: job.cwd }),
      ...(isolationLine(engine, job) && { isolated: isolationLine(engine, job) }),
    }));
    // Said in the data, too: some clients show the model nothing else.
    const note = [...notesOn(outcome, engine.paths.scratch), 'Collect with llm_job_wait.'].join(' ');
    const lines = jobs.map(({ jobId, status, role, cwd, isolated }) => {
      const more = [role && `, ${role}`, cwd && ` in ${cwd}`, isolated && `, isolated on ${isolated}`];
      return [`${jobId} ${status}`, ...more].filter(Boolean).join('');
    });
    return {
      text: [...(outcome.group ? [`${outcome.group.id}:`] : []), ...lines, note].join('\n'),
      data: {
        // Of several, the group stands for all of them.
        jobId: outcome.group?.id ?? jobs[0]?.jobId,
        jobs,
        pollAfterSec: pollAfterSec(outcome.started.map(({ job }) => job)),
        note,
      },
    };
  },
});
