// Accepts a job: everything that can be wrong is found before it is recorded, and once it is recorded it is
// never lost.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { jobFiles } from '../config/paths.js';
import { mustBeNoLink, writeNewPrivate } from '../config/private-file.js';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { faultPoint } from '../process/fault.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import { findByDedupeKey, findJob, findSameRequest } from '../store/jobs.js';
import { takePlace } from '../store/queue.js';
import type { NewJob } from '../store/record.js';
import { insertJob, markJoined, markRead } from '../store/transitions.js';
import { checkModelAllowed, checkProviderAllowed } from './allowed.js';
import { atMost } from './at-most.js';
import { attachedJobs, withAttachments } from './attach.js';
import { chainText, type Wanted } from './chain.js';
import {
  checkAbilities,
  checkAccess,
  checkBusy,
  checkDecided,
  checkDepth,
  checkDisk,
  checkModelName,
  checkPromptSize,
  checkText,
  workFolder,
} from './checks.js';
import { continued } from './conversation.js';
import { checkDay } from './day-limits.js';
import type { Engine } from './engine.js';
import { countInHour } from './hour-limit.js';
import { newId } from './ids.js';
import { intendWorktree, isolationOf, withdrawIntent } from './isolation/intend.js';
import { worktreeOf } from './isolation/places.js';
import { limitsOf } from './limits.js';
import { pick } from './pick.js';
import { type Caller, type JobRequest, NOTHING, requestKey, type Submitted } from './request.js';
import type { ReviewScope } from './review/validate.js';
import { projectRoot } from './roots.js';
import { framed, loadStance } from './stances.js';
import { promptWith, schemaText } from './structured.js';

/** Of ids of jobs that more than one CLI may answer: what is not known yet is not said. */
const CHAIN_PREFIX = 'chain';
/** How long an ended, unread job still answers the same request. */
const REASK_MS = 10 * 60 * 1000;
const START_PATIENCE_MS = 2000;

/**
 * Records a job and starts it if there is a place.
 * @throws SidejobError; nothing was started then
 */
export async function submitJob(
  engine: Engine,
  caller: Caller,
  asked: JobRequest,
  by: Provider | readonly [Wanted, ...Wanted[]],
): Promise<Submitted> {
  const wanted: readonly [Wanted, ...Wanted[]] = 'name' in by ? [{ provider: by, model: asked.model }] : by;
  const { depth, outer } = await checkDepth(engine);
  // Each of them may come to run: what one of them is not allowed, or cannot, is refused, and not healed by another.
  for (const { provider, model } of wanted) {
    const each = withModel(asked, model);
    checkText(each);
    await checkModelName(engine, each);
    checkProviderAllowed(engine, provider);
    checkAbilities(each, provider);
    checkAccess(engine, each, provider, outer);
    if (wanted.length > 1) {
      checkModelAllowed(engine, provider, model ?? null);
      checkAlone(each);
    }
  }
  const picked = await pick(engine, wanted, asked);
  const { provider } = picked.wanted;
  const request = withModel(asked, picked.wanted.model);
  const access = checkAccess(engine, request, provider, outer);
  const outputSchema = request.outputSchema === undefined ? null : await schemaText(request.outputSchema);
  const conversation = request.continueJob === undefined ? undefined : await continued(engine, request, provider);
  const parent = conversation?.job;
  const model = request.model ?? parent?.model ?? null;
  checkModelAllowed(engine, provider, model);
  const project = projectRoot(caller.project, outer, outer && worktreeOf(engine, outer)?.path);
  const cwd = await workFolder(engine, caller, parent ? { ...request, cwd: parent.cwd } : request, project);
  checkDecided(request, cwd);
  checkDisk(engine);
  const isolate = isolationOf(engine, request.isolate, access, parent);
  const stance = request.stance === undefined ? undefined : await loadStance(engine.paths, request.stance);
  const question = stance ? framed(stance, request.prompt) : request.prompt;
  const attached = await withAttachments(engine, question, request.attach ?? [], { cwd, project });
  const prompt = request.role === 'judge' ? request.prompt : promptFor(wanted, attached, outputSchema);

  const id = newId(wanted.length > 1 ? CHAIN_PREFIX : provider.name);
  const login = engine.loginKeyOf(provider.name);
  const effort = request.effort ?? null;
  // Some CLIs forget it from one run to the next; those that do not ignore it.
  const systemPrompt = request.systemPrompt ?? parent?.systemPrompt ?? null;
  const job: NewJob = {
    id,
    kind: request.kind,
    provider: provider.name,
    model,
    effort,
    access,
    systemPrompt,
    outputSchema,
    cwd,
    isolate,
    worktree: parent ? parent.worktree : isolate && id,
    label: request.label === undefined ? null : oneLine(request.label, 200) || null,
    promptBytes: Buffer.byteLength(prompt),
    client: caller.client,
    project: caller.project,
    parentId: parent?.id ?? request.retryOf ?? null,
    chainId: parent?.chainId ?? id,
    depth,
    sessionId: conversation?.sessionId ?? (provider.sessionId === 'chosen' ? randomUUID() : null),
    resume: conversation ? 1 : 0,
    groupId: request.group ?? null,
    role: request.role ?? null,
    requestKey: requestKey({
      ...{
        provider: wanted.length > 1 ? chainOf(wanted) : provider.name,
        model: wanted.length > 1 ? null : model,
        effort,
        access,
        cwd,
        systemPrompt,
        outputSchema,
        prompt,
        ...(isolate !== null && { isolate }),
      },
      sessionId: conversation?.sessionId ?? null,
      loginKey: login,
    }),
    dedupeKey: request.dedupeKey ?? null,
    loginKey: login,
    login: picked.member.login,
    chain: picked.chain,
    notBefore: picked.notBefore,
    // Somebody waits for the answer of a deferred job.
    priority: request.kind === 'deferred' ? 1 : 0,
    timeoutSec: request.timeoutSec ?? engine.config.settings.timeoutSec,
    idleTimeoutSec: request.idleTimeoutSec ?? null,
    owner: engine.server.id,
    createdAt: Date.now(),
  };
  const same = existing(engine, job, request);
  if (same) {
    await engine.store.write(() => markJoined(engine.store, same.job.id));
    return same;
  }
  if (picked.refusal) throw picked.refusal;

  // The files come first: the record is the acceptance, and then everything it speaks of is there.
  await writeFiles(engine, job, prompt, request.review);
  faultPoint('submit.files');
  let accepted = false;
  let placed: ReturnType<typeof takePlace>;
  let notes: string[] = [];
  try {
    if (job.isolate !== null && job.worktree === id) {
      ({ notes } = await intendWorktree(engine, id, cwd, job.isolate));
    }
    const joined = await engine.store.write(() => {
      const already = existing(engine, job, request);
      if (already) {
        markJoined(engine.store, already.job.id);
        return already;
      }
      checkBusy(engine, job);
      checkDay(engine, job);
      countInHour(engine, job.createdAt);
      request.admit?.();
      engine.register();
      insertJob(engine.store, job);
      request.recorded?.(job);
      // An answer that is attached has been put to use.
      for (const attached of attachedJobs(engine, request.attach ?? [])) {
        markRead(engine.store, attached.id, job.createdAt);
      }
      // Where there is a place, it is taken with the same commit. Another job of this server may be before this one.
      placed = takePlace(engine.store, engine.server, limitsOf(engine), job.createdAt);
      return undefined;
    });
    if (joined) return joined;
    accepted = true;
  } finally {
    if (!accepted) {
      await withdrawIntent(engine, id);
      await rm(jobFiles(engine.paths, id).dir, { recursive: true, force: true });
    }
  }
  faultPoint('submit.recorded');
  const first = placed && 'id' in placed ? placed.id : undefined;
  const started: Promise<unknown> =
    first === id ? engine.begin(id, picked.found) : Promise.all([first && engine.begin(first), engine.schedule()]);
  // Started already when the caller hears of it, unless something is slow: then it is queued, and it says so.
  await atMost(started, START_PATIENCE_MS);
  const recorded = findJob(engine.store, id);
  if (!recorded) throw new Error(`job ${id} vanished from the store`);
  return { job: recorded, joined: false, ...(notes.length > 0 && { notes }) };
}

/** One prompt for all that may run. */
function promptFor(wanted: readonly Wanted[], asked: string, outputSchema: string | null): string {
  const providers = wanted.map(({ provider }) => provider);
  const text = promptWith(asked, outputSchema, providers);
  const prompt = providers.some(({ slashCommands }) => slashCommands) && text.startsWith('/') ? `\n${text}` : text;
  for (const provider of providers) checkPromptSize(provider, prompt);
  return prompt;
}

function withModel({ model: _, ...request }: JobRequest, model: string | undefined): JobRequest {
  return { ...request, ...(model !== undefined && { model }) };
}

function chainOf(wanted: readonly Wanted[]): string {
  return chainText(wanted.map(({ provider, model = null }) => ({ provider: provider.name, model })));
}

/** @throws SidejobError what cannot be asked of a chain */
function checkAlone({ continueJob }: JobRequest): void {
  if (continueJob === undefined) return;
  throw new SidejobError('bad_argument', 'a conversation goes on with one provider.', `Name one. ${NOTHING}`);
}

/** The job that already does what is asked, if there is one. */
function existing(engine: Engine, job: NewJob, request: JobRequest): Submitted | undefined {
  if (job.dedupeKey !== null) {
    const { dedupeKey } = job;
    const names = job.chain?.members.map(({ provider }) => provider) ?? [job.provider];
    const same = names.flatMap((name) => findByDedupeKey(engine.store, name, dedupeKey) ?? [])[0];
    if (same) return { job: same, joined: 'dedupeKey' };
  }
  if (request.fresh) return undefined;
  const same = findSameRequest(engine.store, job.requestKey, job.client, job.createdAt - REASK_MS);
  return same && { job: same, joined: 'request' };
}

async function writeFiles(
  engine: Engine,
  { id, role, outputSchema: schema }: NewJob,
  prompt: string,
  review: ReviewScope | undefined,
): Promise<void> {
  const files = jobFiles(engine.paths, id);
  try {
    mkdirSync(engine.paths.jobs, { recursive: true, mode: 0o700 });
    mustBeNoLink(engine.paths.jobs);
    mkdirSync(files.dir, { mode: 0o700 });
    await writeNewPrivate(role === 'judge' ? files.brief : files.prompt, prompt);
    if (schema !== null) await writeNewPrivate(files.schema, schema);
    if (review) await writeNewPrivate(files.review, JSON.stringify(review));
  } catch (error) {
    if (error instanceof SidejobError) throw error;
    const code = errnoOf(error) === 'ENOSPC' ? 'disk_full' : 'store_unavailable';
    throw new SidejobError(code, `${files.dir} cannot be written: ${messageOf(error)}.`, NOTHING, { cause: error });
  }
}
