// Asking the same again: the request that a job's record and its prompt file still hold.
import { jobFiles } from '../config/paths.js';
import { readPrivate } from '../config/private-file.js';
import { messageOf, SidejobError } from '../errors.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { type JobRequest, NOTHING, requestKey } from './request.js';
import { scopeOf } from './review/kept.js';
import { withoutSchema } from './structured.js';

/**
 * The request of an ended job, as a new one that names it. What was attached stands in its prompt.
 * @throws SidejobError `bad_argument` if its prompt is no longer there
 */
export async function requestAgain(engine: Engine, job: JobRecord): Promise<Omit<JobRequest, 'provider'>> {
  const files = jobFiles(engine.paths, job.id);
  const whole = await readPrivate(job.role === 'judge' ? files.brief : files.prompt).catch((error) => {
    throw new SidejobError('bad_argument', `the prompt of ${job.id} cannot be read: ${messageOf(error)}.`, NOTHING);
  });
  const { outputSchema } = job;
  const review = await scopeOf(engine, job);
  return {
    kind: 'async',
    // Where the CLI has no flag for a schema, the prompt asks for it; it will again.
    prompt: withoutSchema(whole, outputSchema),
    access: job.access,
    timeoutSec: job.timeoutSec,
    // It was asked for by name: never the job of somebody who asked the same.
    fresh: true,
    // The answers of the same group are weighed once more.
    ...(job.role !== null && job.groupId !== null && { role: job.role, group: job.groupId }),
    ...(job.effort !== null && { effort: job.effort }),
    ...(job.label !== null && { label: job.label }),
    ...(job.idleTimeoutSec !== null && { idleTimeoutSec: job.idleTimeoutSec }),
    ...(outputSchema !== null && { outputSchema: JSON.parse(outputSchema) }),
    // The changes as they were: they stand in the prompt.
    ...(review && { review }),
    ...(modelAsked(job, whole) !== null && { model: modelAsked(job, whole) as string }),
    ...(job.resume
      ? { continueJob: job.id }
      : {
          cwd: job.cwd,
          ...(job.isolate !== null && { isolate: job.isolate === 'committed' || job.isolate }),
          retryOf: job.id,
          ...(job.systemPrompt !== null && { systemPrompt: job.systemPrompt }),
        }),
  };
}

/** The model that was asked for, of the CLI that ran last. */
function modelAsked(job: JobRecord, prompt: string): string | null {
  const { chain, provider } = job;
  if (chain && chain.members.length > 1) return chain.members.find((each) => each.provider === provider)?.model ?? null;
  return wasAsked(job, prompt) ? job.model : null;
}

/** Whether the model stands in the request, and not only in what its CLI said of itself. */
function wasAsked(job: JobRecord, prompt: string): boolean {
  const { provider, effort, access, cwd, systemPrompt, outputSchema, loginKey, isolate } = job;
  const parts = {
    ...(isolate !== null && { isolate }),
    provider,
    effort,
    access,
    cwd,
    systemPrompt,
    outputSchema,
    loginKey,
    prompt,
    sessionId: null,
  };
  return requestKey({ ...parts, model: null }) !== job.requestKey;
}
