// Jobs as resources: `job://ID` is a job with its answer, below it stand its stdout, its stderr and its events.
// To read one marks nothing as read: clients do it ahead of a person or a model, who may never see it.
import { stat } from 'node:fs/promises';
import { ResourceNotFoundError, type ServerContext } from '@modelcontextprotocol/server';
import { resolvePaths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { requireJob } from '../jobs/lookup.js';
import { settledJob } from '../jobs/settle.js';
import { viewJob } from '../jobs/view.js';
import { pageOfJobs } from '../store/list.js';
import type { JobRecord } from '../store/record.js';
import { findIds } from '../store/search.js';
import { seqBefore } from './cursor.js';
import { jobLine } from './format.js';
import { type GoesBy, invalidParams, serveRequest } from './requests.js';
import { OUTPUT_VIEWS, type OutputView, readJob, readOutput } from './resource-contents.js';
import type { Session } from './session.js';
import type { Call } from './tool.js';

/** Clients of the 2.x SDK walk 64 pages at the most: enough for all jobs that are kept unless told otherwise. */
const PAGE_JOBS = 200;

const TEMPLATES = [
  { view: '', title: 'Job', description: 'What became of a job, and its answer.' },
  { view: '/stdout', title: 'Output of a job', description: 'The end of what its CLI wrote to stdout.' },
  { view: '/stderr', title: 'Complaints of a job', description: 'The end of what its CLI wrote to stderr.' },
  { view: '/events', title: 'Events of a job', description: 'What it did last, one line each.' },
].map(({ view, title, description }) => ({
  name: `job${view.replace('/', '-')}`,
  title,
  description,
  uriTemplate: `job://{id}${view}`,
  mimeType: 'text/plain',
}));

const URI = new RegExp(`^job://([^/?#]+)(?:/(${OUTPUT_VIEWS.join('|')}))?$`, 'i');

/** Answers `resources/templates/list`. */
export const RESOURCE_TEMPLATES = { resourceTemplates: TEMPLATES };

/** Answers `resources/list`. */
export function listResources(session: Session, cursor: string | undefined, context: ServerContext) {
  return serveRequest(session, context, { tool: 'llm_job_list', args: { cursor } }, (call) => pageOf(call, cursor));
}

/** Answers `resources/read`. */
export function readResource(session: Session, uri: string, context: ServerContext) {
  return serveRequest(session, context, readingOf(uri), (call) => contentsOf(call, uri));
}

async function pageOf(call: Call, cursor: string | undefined) {
  const before = seqBefore(cursor, (what, todo) => invalidParams(`${what} ${todo}`));
  if (!(await hasStore(call))) return { resources: [] };
  const { engine } = await call.manager();
  const filter = { filter: 'any', project: call.caller.project, before, limit: PAGE_JOBS } as const;
  const { jobs, next } = pageOfJobs(engine.store, filter);
  const page = await Promise.all(jobs.map((job) => settledJob(engine, job)));
  const resources = await Promise.all(
    page.map(async (job) => ({
      uri: `job://${job.id}`,
      name: job.id,
      ...(job.label && { title: job.label }),
      description: jobLine(await viewJob(engine, job)),
      mimeType: 'text/plain',
      annotations: { lastModified: lastModified(job) },
    })),
  );
  return { resources, ...(next !== undefined && { nextCursor: String(next) }) };
}

function lastModified({ createdAt, startedAt, finishedAt }: JobRecord): string {
  return new Date(finishedAt ?? startedAt ?? createdAt).toISOString();
}

async function contentsOf(call: Call, uri: string) {
  const [, id, view] = URI.exec(plain(uri)) ?? [];
  if (id === undefined) {
    const known = TEMPLATES.map(({ uriTemplate }) => uriTemplate).join(', ');
    throw new ResourceNotFoundError(uri, `no resource ${JSON.stringify(uri.slice(0, 200))}. There are ${known}.`);
  }
  const { engine } = await call.manager();
  try {
    const job = await settledJob(engine, requireJob(engine, id));
    const parts = view ? await readOutput(engine, job, view.toLowerCase() as OutputView) : [await readJob(engine, job)];
    return { contents: parts.map((part) => ({ uri, ...part })) };
  } catch (error) {
    if (error instanceof SidejobError && error.code === 'unknown_job') throw new ResourceNotFoundError(uri, error.line);
    throw error;
  }
}

/** The id in the address of a resource; undefined if it is no resource of ours. */
export function jobIdIn(uri: string): string | undefined {
  return URI.exec(plain(uri))?.[1];
}

/** The call of a tool that would read the same. */
function readingOf(uri: string): GoesBy {
  const [, jobId, view = 'answer'] = URI.exec(plain(uri)) ?? [];
  return { tool: 'llm_job_result', args: { jobId, view: view.toLowerCase() } };
}

/** Some clients encode what they put into a template, or end it with a slash. */
function plain(uri: string): string {
  try {
    return decodeURIComponent(uri).replace(/\/$/, '');
  } catch {
    return uri;
  }
}

/**
 * Ids for the template's `{id}`, newest first: at most `limit`, that begin with what was typed, or whose random part does.
 * @throws ProtocolError for another template
 */
export async function completeJobId(
  call: Call,
  template: string,
  argument: string,
  typed: string,
  limit: number,
): Promise<string[]> {
  if (!TEMPLATES.some(({ uriTemplate }) => uriTemplate === template)) throw invalidParams(`no template ${template}.`);
  const prefix = typed.toLowerCase();
  if (argument !== 'id' || !/^[a-z0-9-]*$/.test(prefix) || !(await hasStore(call))) return [];
  const { engine } = await call.manager();
  return findIds(engine.store, prefix, limit);
}

/** Some clients list the resources of every server at their start: that must not make a store where none is. */
async function hasStore({ server }: Call): Promise<boolean> {
  const { store } = resolvePaths({ SIDEJOB_HOME: server.home });
  return (await stat(store).catch(() => undefined)) !== undefined;
}
