// What can be wrong with a request, found before anything is recorded.
import { mkdirSync, statfsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { mustBeNoLink } from '../config/private-file.js';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { bearsMark, JOB_VARIABLE } from '../process/job-processes.js';
import { ACCESS_LEVELS, type Access, type Provider } from '../providers/provider.js';
import { findByLauncher, findBySession, findJob, findWriterIn } from '../store/jobs.js';
import { countQueued, placesTaken } from '../store/queue.js';
import type { JobRecord, NewJob } from '../store/record.js';
import type { Engine } from './engine.js';
import { DEPTH_VARIABLE } from './environment.js';
import { limitsOf } from './limits.js';
import { type Caller, type JobRequest, NOTHING } from './request.js';
import { checkHoldsNoData, checkRoots, nameOf } from './roots.js';

/** Linux takes less than 128 KiB in one argument; the words around the prompt need some of it. */
const ARGUMENT_MAX_BYTES = 120 * 1024;

/** Texts that cannot be passed on as they are. */
export function checkText({ prompt, systemPrompt, model, label }: JobRequest): void {
  if (prompt.trim() === '') throw new SidejobError('bad_argument', 'prompt is empty.', NOTHING);
  // These travel in the command line, where a NUL byte ends the text; the prompt itself goes through a file.
  for (const [name, value] of Object.entries({ systemPrompt, model, label })) {
    if (value?.includes('\0')) throw new SidejobError('bad_argument', `${name} contains a NUL byte.`, NOTHING);
  }
  if (model && /[\p{Cc}\p{Zl}\p{Zp}]/u.test(model)) {
    throw new SidejobError('bad_argument', `model ${JSON.stringify(model)} is not a name.`, NOTHING);
  }
  if (model?.startsWith('-')) throw new SidejobError('bad_argument', `model "${model}" is not a name.`, NOTHING);
  // Linux takes at most 128 KiB in one argument.
  if (systemPrompt && Buffer.byteLength(systemPrompt) > 100_000) {
    throw new SidejobError(
      'bad_argument',
      'systemPrompt has more than 100,000 bytes.',
      `Put it into prompt. ${NOTHING}`,
    );
  }
}

/** A model's name stands in lists, in the audit and in command lines: no place for what was pasted by mistake. */
export async function checkModelName({ secrets }: Engine, { model }: JobRequest): Promise<void> {
  if (model === undefined || (await secrets.mask(model)) === model) return;
  throw new SidejobError('bad_argument', 'model looks like a credential, not like a name.', NOTHING);
}

/** A prompt that is passed as an argument has the kernel's limit for one; on stdin it has none. */
export function checkPromptSize({ name, promptBy }: Provider, prompt: string): void {
  if (promptBy === 'argv' && prompt.includes('\0')) {
    throw new SidejobError('bad_argument', `${name} takes its prompt as an argument, without NUL bytes.`, NOTHING);
  }
  if (promptBy === 'argv' && Buffer.byteLength(prompt) >= ARGUMENT_MAX_BYTES) {
    const what = `${name} takes its prompt as an argument, of at most ${ARGUMENT_MAX_BYTES} bytes.`;
    throw new SidejobError('bad_argument', what, `Shorten it, or let it read files by itself. ${NOTHING}`);
  }
}

/** What this CLI can be asked for at all. */
export function checkAbilities(request: JobRequest, provider: Provider): void {
  if (request.model && provider.takesModel === false) {
    throw new SidejobError('not_supported', `${provider.name} takes no model.`, `Leave it out. ${NOTHING}`);
  }
  if (request.effort && !provider.effortLevels.includes(request.effort)) {
    throw new SidejobError('not_supported', `${provider.name} takes no effort.`, `Leave it out. ${NOTHING}`);
  }
  if (request.systemPrompt && request.continueJob !== undefined) {
    // Seen with Claude Code and Codex: a system prompt on resume is ignored without a word.
    throw new SidejobError('not_supported', 'a conversation keeps its systemPrompt.', `Leave it out. ${NOTHING}`);
  }
  if (request.systemPrompt && !provider.systemPrompt) {
    throw new SidejobError(
      'not_supported',
      `${provider.name} takes no systemPrompt.`,
      `Put it into prompt. ${NOTHING}`,
    );
  }
}

/**
 * The access asked for, if the machine's owner allows it and the CLI can keep it; never more, never less.
 * @param outer the job that this is asked from within: what it starts may do no more than it may itself
 */
export function checkAccess(
  engine: Engine,
  request: JobRequest,
  provider: Provider,
  outer: JobRecord | undefined,
): Access {
  const access = request.access ?? 'read-only';
  const cap = engine.config.settings.maxAccess;
  if (ACCESS_LEVELS.indexOf(access) > ACCESS_LEVELS.indexOf(cap)) {
    throw new SidejobError(
      'access_denied',
      `access "${access}" is beyond this machine's cap "${cap}" (maxAccess).`,
      `Use "${cap}", or ask the person. ${NOTHING}`,
    );
  }
  if (outer && ACCESS_LEVELS.indexOf(access) > ACCESS_LEVELS.indexOf(outer.access)) {
    throw new SidejobError(
      'access_denied',
      `access "${access}" is beyond that of job ${outer.id}, which this runs in ("${outer.access}").`,
      `Use "${outer.access}". ${NOTHING}`,
    );
  }
  if (!provider.accessLevels.includes(access)) {
    const able = provider.accessLevels.map((level) => `"${level}"`).join(', ');
    throw new SidejobError(
      'not_supported',
      `${provider.name} has no access "${access}".`,
      `It has ${able}. ${NOTHING}`,
    );
  }
  return access;
}

/**
 * The depth of a job submitted here, and the job that we are in, if any: by the environment and by the processes that we
 * descend from, whichever is deeper. Some CLIs give their MCP servers a bare environment, and anybody may write one.
 */
export async function checkDepth(engine: Engine): Promise<{ depth: number; outer: JobRecord | undefined }> {
  const { depth, outer } = await depthHere(engine);
  const { maxDepth } = engine.config.settings;
  if (depth > maxDepth) {
    throw new SidejobError(
      'too_deep',
      `this runs inside a job at depth ${depth - 1}, and maxDepth is ${maxDepth}.`,
      `Do the work here, without another job. ${NOTHING}`,
    );
  }
  return { depth, outer };
}

/** The same, however deep that is. */
export async function depthHere(engine: Engine): Promise<{ depth: number; outer: JobRecord | undefined }> {
  const byEnvironment = Number.parseInt(engine.env[DEPTH_VARIABLE] ?? '0', 10) || 0;
  const byDescent = findByLauncher(engine.store, await engine.ancestors());
  const byName = namedJob(engine);
  // What a process descends from is a fact; what its environment says may be another job's.
  const outer = byDescent ?? byName;
  return { depth: Math.max(byEnvironment, byDescent?.depth ?? 0, byName?.depth ?? 0) + 1, outer };
}

/** The job that this process runs in, as its environment has it. */
function namedJob({ env, store }: Engine): JobRecord | undefined {
  const named = env[JOB_VARIABLE];
  return named ? findJob(store, named) : undefined;
}

/**
 * Refuses what only a person may do, inside a job: by its environment, by that of a process above, or by descent. It
 * keeps an assistant from doing it in passing, not one that sets out to: in full access it can do what its user can.
 * @throws SidejobError `access_denied`
 */
export async function checkPerson(engine: Engine, what: string): Promise<void> {
  if (!(await isInJob(engine))) return;
  throw new SidejobError(
    'access_denied',
    `this runs inside a job, and ${what} is for a person.`,
    'Nothing was changed.',
  );
}

/** Whether this process runs inside a job, as far as that can be told. */
export async function isInJob(engine: Engine): Promise<boolean> {
  const { env, store } = engine;
  if (env[JOB_VARIABLE] !== undefined || env[DEPTH_VARIABLE] !== undefined) return true;
  const ancestors = await engine.ancestors();
  return (await bearsMark(ancestors)) || findByLauncher(store, ancestors) !== undefined;
}

/**
 * Where the job works: as asked, else the client's project, else (for questions) an empty folder. Absolute, without links.
 * @param project what "." stands for among the roots
 */
export async function workFolder(
  engine: Engine,
  caller: Caller,
  request: JobRequest,
  project: string | null,
): Promise<string> {
  const wanted = request.cwd ?? caller.project;
  if (wanted === null || wanted === undefined) {
    if ((request.access ?? 'read-only') !== 'read-only') {
      throw new SidejobError('no_folder', 'cwd is needed for a job that changes files.', `Give cwd. ${NOTHING}`);
    }
    mustBeNoLink(engine.paths.scratch);
    mkdirSync(engine.paths.scratch, { recursive: true, mode: 0o700 });
    return engine.paths.scratch;
  }
  if (!isAbsolute(wanted) || wanted.includes('\0')) {
    throw new SidejobError(
      'bad_argument',
      `cwd ${JSON.stringify(wanted)} is not an absolute path${wanted.startsWith('~') ? ' ("~" is not expanded)' : ''}.`,
      NOTHING,
    );
  }
  let folder: string;
  try {
    // One name for one folder, or two writers would not see each other.
    folder = await realpath(wanted);
    if (!(await stat(folder)).isDirectory()) throw new Error('it is not a folder');
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
    throw new SidejobError(
      'no_folder',
      `cwd "${wanted}" cannot be used: ${why}.`,
      `Give an existing folder. ${NOTHING}`,
    );
  }
  await checkRoots(engine, project, `cwd ${nameOf(wanted, folder)}`, folder);
  checkHoldsNoData(engine, request.access ?? 'read-only', folder);
  return folder;
}

/** Between a decision and what it allows, a link may come to lead elsewhere. */
export function checkDecided({ folder }: JobRequest, cwd: string): void {
  if (folder === undefined || folder === cwd) return;
  throw new SidejobError(
    'denied',
    `cwd led to "${folder}" when this call was allowed, and now leads to "${cwd}".`,
    `Make the call again. ${NOTHING}`,
  );
}

export async function checkInstalled(engine: Engine, provider: Provider): Promise<void> {
  if (await engine.findCli(provider)) return;
  const configured = engine.config.providers[provider.name]?.command;
  if (configured && isAbsolute(configured)) {
    throw new SidejobError(
      'not_installed',
      `${provider.name}: ${configured}, which ${engine.paths.config} names as its command, cannot be run.`,
      `Mend providers.${provider.name}.command there. ${NOTHING}`,
    );
  }
  const ready = await engine.readyProviders();
  throw new SidejobError(
    'not_installed',
    `${provider.name}: "${provider.command}" was not found on PATH or the login shell's PATH.`,
    `Install it: ${provider.install}.${ready.length > 0 ? ` Ready now: ${ready.join(', ')}.` : ''} ${NOTHING}`,
  );
}

export function checkDisk(engine: Engine): void {
  const { minFreeMb } = engine.config.settings;
  const { bavail, bsize } = statfsSync(engine.paths.home);
  const freeMb = Math.floor((bavail * bsize) / (1024 * 1024));
  if (freeMb < minFreeMb) {
    throw new SidejobError(
      'disk_full',
      `${engine.paths.home} has ${freeMb} MB free; ${minFreeMb} MB are needed (minFreeMb).`,
      `Free some space. ${NOTHING}`,
    );
  }
}

/** What else is under way may forbid this job. Inside the transaction that records it, so that nothing slips by. */
export function checkBusy(engine: Engine, job: NewJob): void {
  if (job.resume && job.sessionId !== null) {
    const user = findBySession(engine.store, job.provider, job.sessionId);
    if (user) {
      throw new SidejobError('session_busy', `job ${user.id} is using that conversation.`, `Wait for it. ${NOTHING}`);
    }
  }
  const writer = job.access === 'read-only' ? undefined : findWriterIn(engine.store, job);
  if (writer) {
    throw new SidejobError(
      'folder_busy',
      `job ${writer.id} (${writer.status}) may be changing files in ${job.worktree === null ? job.cwd : 'that worktree'}.`,
      `Wait for it${job.worktree === null ? ', or submit with isolate: true, in a git worktree of its own' : ''}. ${NOTHING}`,
    );
  }
  const { maxQueued } = engine.config.settings;
  const { maxRunning, perProvider } = limitsOf(engine);
  const { total, byProvider } = placesTaken(engine.store, engine.server.host);
  const waits = total >= maxRunning || (byProvider.get(job.provider) ?? 0) >= perProvider(job.provider);
  if (waits && countQueued(engine.store) >= maxQueued) {
    throw new SidejobError('queue_full', `${maxQueued} jobs are waiting already (maxQueued).`, `Try later. ${NOTHING}`);
  }
}
