// Tells who has subscribed to a job's resource when it has become final: once, when the job has ended.
import type { ServerContext } from '@modelcontextprotocol/server';
import { requireJob } from '../jobs/lookup.js';
import { waitForJobs } from '../jobs/wait.js';
import type { Connection } from './connection.js';
import { invalidParams, serveRequest } from './requests.js';
import { jobIdIn } from './resources.js';
import type { Session } from './session.js';

/** To be told that a job has ended goes by the rules of reading what it wrote. */
const READING = { tool: 'llm_job_result' };
/** Subscriptions of one client, above which it is told that there are too many. */
const SUBSCRIPTIONS_MAX = 256;

/**
 * Resolves with true once the job of that resource has ended; with false if `signal` was aborted before, or nobody may read it any more.
 * @throws SidejobError `unknown_job`
 */
export async function jobEnded(session: Session, uri: string, signal: AbortSignal): Promise<boolean> {
  const gate = await session.gate();
  await gate.checkTool(READING.tool, 'unknown');
  const { engine } = await (await session.call('unknown', signal, undefined)).manager();
  const { id } = requireJob(engine, jobIdIn(uri) ?? uri);
  await waitForJobs(engine, [id], { until: 'all', waitMs: Number.POSITIVE_INFINITY, signal });
  // The policy may have changed meanwhile.
  return !signal.aborted && !(await gate.isClosed(READING.tool));
}

/** Answers `resources/subscribe`, which the protocol had until 2025-11-25. */
export function subscribe({ server, session, subscriptions }: Connection, uri: string, context: ServerContext) {
  return serveRequest(session, context, { ...READING, args: { jobId: jobIdIn(uri) ?? uri } }, async (call) => {
    if (subscriptions.has(uri)) return {};
    if (subscriptions.size >= SUBSCRIPTIONS_MAX) throw invalidParams(`more than ${SUBSCRIPTIONS_MAX} subscriptions.`);
    const id = jobIdIn(uri);
    if (id === undefined) throw invalidParams(`no resource ${JSON.stringify(uri.slice(0, 200))}.`);
    requireJob((await call.manager()).engine, id);
    const over = new AbortController();
    subscriptions.set(uri, over);
    void jobEnded(session, uri, over.signal)
      .then((ended) => (ended ? server.sendResourceUpdated({ uri }) : undefined))
      .catch(() => {})
      .finally(() => subscriptions.get(uri) === over && subscriptions.delete(uri));
    return {};
  });
}
