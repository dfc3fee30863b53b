// What a request comes to, for whoever decides about it before it is submitted.

import type { Provider } from '../providers/provider.js';
import { modelOf } from './allowed.js';
import { checkDepth, workFolder } from './checks.js';
import { continued } from './conversation.js';
import type { Engine } from './engine.js';
import type { Caller, JobFacts, JobRequest } from './request.js';
import { projectRoot } from './roots.js';

/**
 * The facts of a request to one provider.
 * @throws SidejobError what is wrong with it as far as that shows here: the folder, the conversation, the depth
 */
export async function factsOf(
  engine: Engine,
  caller: Caller,
  request: JobRequest,
  provider: Provider,
): Promise<JobFacts> {
  const { depth, outer } = await checkDepth(engine);
  const parent = request.continueJob === undefined ? undefined : (await continued(engine, request, provider)).job;
  const folder = parent ? { ...request, cwd: parent.cwd } : request;
  const model = modelOf(engine, provider, request.model ?? parent?.model ?? null);
  return {
    provider: provider.name,
    ...(model && { model }),
    access: request.access ?? 'read-only',
    cwd: await workFolder(engine, caller, folder, projectRoot(caller.project, outer)),
    depth,
    promptLength: request.prompt.length,
    structured: request.outputSchema !== undefined,
    ...(request.continueJob !== undefined && { continueJob: parent?.id ?? request.continueJob }),
  };
}
