// What a request comes to, for whoever decides about it before it is submitted.

import type { Provider } from '../providers/provider.js';
import { modelOf } from './allowed.js';
import { checkDepth, workFolder } from './checks.js';
import { continued } from './conversation.js';
import type { Engine } from './engine.js';
import { isolationOf } from './isolation/intend.js';
import { worktreeOf } from './isolation/places.js';
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
  const access = request.access ?? 'read-only';
  const project = projectRoot(caller.project, outer, outer && worktreeOf(engine, outer)?.path);
  const model = modelOf(engine, provider, request.model ?? parent?.model ?? null);
  return {
    provider: provider.name,
    ...(model && { model }),
    access,
    cwd: await workFolder(engine, caller, folder, project),
    depth,
    promptLength: request.prompt.length,
    structured: request.outputSchema !== undefined,
    isolate: isolationOf(engine, request.isolate, access, parent) !== null,
    ...(request.continueJob !== undefined && { continueJob: parent?.id ?? request.continueJob }),
  };
}
