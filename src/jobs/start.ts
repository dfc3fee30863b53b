// Starts one job that has a place: spawn, record, and only then let go.
import { access, mkdir, readFile } from 'node:fs/promises';
import { devNull, homedir } from 'node:os';
import { join } from 'node:path';
import { jobFiles } from '../config/paths.js';
import { errnoOf, messageOf, SidejobError } from '../errors.js';
import { sizeOf } from '../output/read.js';
import { faultPoint } from '../process/fault.js';
import { launch } from '../process/launch.js';
import { oneLine } from '../providers/json.js';
import type { Invocation, Provider } from '../providers/provider.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord, Outcome } from '../store/record.js';
import { finishJob, recordLaunch } from '../store/transitions.js';
import type { Engine } from './engine.js';
import { jobEnvironment } from './environment.js';
import { hintFor } from './hints.js';
import { UNREAD_OUTCOME } from './outcome.js';

/** A living server is first to end a job for its time limit: it reaches the whole tree, not the group alone. */
const LAUNCHER_DELAY_SEC = 3;

/** Starts the job that `takePlace` has given a place. A start that fails ends the job as `spawn_failed`. */
export async function startJob(engine: Engine, id: string): Promise<void> {
  const job = findJob(engine.store, id);
  if (!job) return;
  engine.starting.add(id);
  faultPoint('start.placed');
  try {
    await launchJob(engine, job);
  } catch (error) {
    // The store's trouble is not the job's: it has not begun, and goes back to the queue.
    if (error instanceof SidejobError && error.code.startsWith('store_')) throw error;
    const outcome = notStarted(engine, job, messageOf(error));
    await engine.store.write(() => finishJob(engine.store, id, ['queued'], outcome, Date.now()));
    engine.store.bell.ring();
    void engine.schedule();
  } finally {
    engine.starting.delete(id);
  }
}

async function launchJob(engine: Engine, job: JobRecord): Promise<void> {
  const provider = engine.providerNamed(job.provider);
  if (!provider) throw new SidejobError('spawn_failed', `The provider "${job.provider}" is not known to this server.`);
  const found = await engine.findCli(provider);
  if (!found) throw new SidejobError('spawn_failed', `${provider.command} is no longer installed.`);
  const files = jobFiles(engine.paths, job.id, job.attempt);
  if ((await sizeOf(files.prompt)) !== job.promptBytes) {
    throw new SidejobError('spawn_failed', 'Its prompt file is missing or incomplete.');
  }
  await mkdir(files.tmp, { recursive: true, mode: 0o700 });
  const invocation = await invocationOf(engine, job, provider);
  await Promise.all((invocation.needs ?? []).map(mustBeThere));
  const held = await launch(files, {
    path: found.path,
    args: invocation.args,
    cwd: job.cwd,
    // Read twice, a prompt would be asked twice.
    ...(provider.promptBy === 'argv' && { stdin: devNull }),
    env: jobEnvironment({
      base: engine.envOf(provider),
      guards: engine.nestingGuards,
      invocation: invocation.env,
      searchPath: found.searchPath,
      job: { id: job.id, depth: job.depth, tmp: files.tmp, home: engine.paths.home },
    }),
    timeoutSec: job.timeoutSec + LAUNCHER_DELAY_SEC,
    graceSec: engine.config.settings.graceSec,
  });
  let recorded = false;
  try {
    faultPoint('start.spawned');
    recorded = await engine.store.write(() => recordLaunch(engine.store, job, held.identity, Date.now()));
  } finally {
    // Canceled meanwhile, or not recorded: then it must not begin.
    if (!recorded) held.abandon();
  }
  if (!recorded) return;
  faultPoint('start.recorded');
  held.go();
  faultPoint('start.gone');
  const running = findJob(engine.store, job.id);
  if (running) engine.supervision.watch(running, held.ended);
  engine.store.bell.ring();
}

/** The command line of a job. */
export async function invocationOf(engine: Engine, job: JobRecord, provider: Provider): Promise<Invocation> {
  const files = jobFiles(engine.paths, job.id, job.attempt);
  const { outputSchema: schema } = job;
  return provider.invoke({
    cwd: job.cwd,
    access: job.access,
    trusted: isTrusted(engine, job),
    model: job.model ?? undefined,
    effort: job.effort ?? undefined,
    systemPrompt: job.systemPrompt ?? undefined,
    sessionId: job.sessionId ?? undefined,
    resume: job.resume === 1,
    ...(schema !== null && provider.structured === 'native' && { outputSchema: { json: schema, file: files.schema } }),
    ...(provider.promptBy === 'argv' && { prompt: await readFile(files.prompt, 'utf8') }),
    extras: engine.config.providers[provider.name] ?? {},
    env: engine.envOf(provider),
    files: await userFiles(provider, engine.envOf(provider), job.cwd),
    reportFile: files.report,
  });
}

/** The texts of the user's files that a provider looks into; a file that is there but cannot be read stops the start. */
async function userFiles({ userFiles = [] }: Provider, env: NodeJS.ProcessEnv, cwd: string) {
  const texts: Record<string, string> = {};
  for (const { name, below, file, movedBy } of userFiles) {
    const moved = movedBy && env[movedBy.env];
    const folder = below === 'cwd' ? cwd : (env.HOME ?? homedir());
    const path = movedBy && moved ? join(moved, movedBy.file) : join(folder, file);
    try {
      texts[name] = await readFile(path, 'utf8');
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
  return texts;
}

async function mustBeThere(path: string): Promise<void> {
  await access(path).catch(() => {
    throw new SidejobError('spawn_failed', `${path} is missing: Sidejob was replaced under this server.`);
  });
}

/** Whether a job works where its client does, or in the empty folder: not in just any folder that a model names. */
function isTrusted({ paths }: Engine, { cwd, project }: JobRecord): boolean {
  return cwd === paths.scratch || (project !== null && (cwd === project || cwd.startsWith(`${project}/`)));
}

function notStarted(engine: Engine, job: JobRecord, error: string): Outcome {
  const hint = hintFor('spawn_failed', engine.providerNamed(job.provider));
  return { ...UNREAD_OUTCOME, status: 'failed', reason: 'spawn_failed', error: oneLine(error, 300), hint };
}
