// Starting the jobs that llm_run and llm_job_submit ask for: one for each provider. One that cannot be started
// does not hold back the others.
import { SidejobError } from '../errors.js';
import { chooseProvider } from '../jobs/choose.js';
import { requireJob } from '../jobs/lookup.js';
import type { JobRequest, Submitted } from '../jobs/request.js';
import { submitJob } from '../jobs/submit.js';
import type { Call } from './tool.js';

/** The arguments of a call, as far as they concern the jobs themselves. */
export type Asked = Omit<JobRequest, 'provider' | 'kind'> & { provider?: string; providers?: string[] };

export interface Started {
  started: Submitted[];
  refused: { provider: string; error: SidejobError }[];
}

/**
 * Submits one job for each provider asked.
 * @throws SidejobError if no job could be started
 */
export async function startJobs(call: Call, kind: JobRequest['kind'], asked: Asked): Promise<Started> {
  const { provider: one, providers: several, ...request } = asked;
  if (one !== undefined && several !== undefined) {
    throw new SidejobError('bad_argument', 'provider and providers exclude each other.', 'Nothing was started.');
  }
  const { engine } = await call.manager();
  if (request.continueJob !== undefined && several !== undefined) {
    throw new SidejobError(
      'bad_argument',
      'a conversation goes on with one provider.',
      'Leave out providers. Nothing was started.',
    );
  }
  // A conversation stays with its CLI, whatever the default is.
  const fixed =
    one ?? (request.continueJob === undefined ? undefined : requireJob(engine, request.continueJob).provider);
  const names: (string | undefined)[] = several ? [...new Set(several)] : [fixed];
  const result: Started = { started: [], refused: [] };
  for (const name of names) {
    try {
      const provider = await chooseProvider(engine, call.providers, name, call.clientName);
      result.started.push(await submitJob(engine, call.caller, { ...request, kind }, provider));
    } catch (error) {
      if (!(error instanceof SidejobError)) throw error;
      result.refused.push({ provider: name ?? 'default', error });
    }
  }
  const [first] = result.refused;
  if (result.started.length === 0 && first) throw first.error;
  return result;
}

/** What a reply says of requests that did not become new jobs. */
export function notesOn({ started, refused }: Started): string[] {
  const joined = started.filter(({ joined }) => joined).map(({ job }) => job.id);
  return [
    ...(joined.length > 0
      ? [`Joined: ${joined.join(', ')} had been asked the same; fresh:true (llm_job_submit) starts another.`]
      : []),
    ...refused.map(({ provider, error }) => `${provider}: ${error.line}`),
  ];
}
