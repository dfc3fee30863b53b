// `completion/complete`: ids of jobs for resources, names of providers for prompts.
import type { CompleteRequest, ServerContext } from '@modelcontextprotocol/server';
import { completePrompt } from './prompts.js';
import { serveRequest } from './requests.js';
import { completeJobId } from './resources.js';
import type { Session } from './session.js';
import type { Call } from './tool.js';

/** The protocol's own limit. */
const VALUES_MAX = 100;

/** Completes what is typed for an argument of a prompt or of a resource's template. */
export function complete(session: Session, { ref, argument }: CompleteRequest['params'], context: ServerContext) {
  const tool = ref.type === 'ref/prompt' ? 'llm_providers' : 'llm_job_list';
  return serveRequest(session, context, { tool, args: {} }, async (call) => {
    const { name, value } = argument;
    const found =
      ref.type === 'ref/prompt'
        ? await completePrompt(ref.name, name, value, () => providersOf(call))
        : await completeJobId(call, ref.uri, name, value, VALUES_MAX + 1);
    return { completion: { values: found.slice(0, VALUES_MAX), hasMore: found.length > VALUES_MAX } };
  });
}

/** Those of the configuration too; what is ready comes first. */
async function providersOf(call: Call): Promise<string[]> {
  const { engine } = await call.manager();
  const ready = await engine.readyProviders();
  const names = engine.providers.map(({ name }) => name);
  return [...names.filter((name) => ready.includes(name)), ...names.filter((name) => !ready.includes(name))];
}
