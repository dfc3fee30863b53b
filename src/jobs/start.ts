// Starts one job that has a place: spawn, record, and only then let go.
import { mkdirSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { jobFiles } from '../config/paths.js';
import { mustBeNoLink } from '../config/private-file.js';
import { messageOf, SidejobError } from '../errors.js';
import { sizeOf } from '../output/read.js';
import { faultPoint } from '../process/fault.js';
import type { FoundCommand } from '../process/find-command.js';
import { launch } from '../process/launch.js';
import { oneLine } from '../providers/json.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord, Outcome } from '../store/record.js';
import { finishJob, recordLaunch } from '../store/transitions.js';
import type { Engine } from './engine.js';
import { jobEnvironment } from './environment.js';
import { goOn } from './failover.js';
import { hintFor } from './hints.js';
import { invocationOf } from './invocation.js';
import { enterFolder } from './isolation/enter.js';
import { composeJudge } from './judge/compose.js';
import { UNREAD_OUTCOME } from './outcome.js';
import { checkFolderAgain } from './roots.js';

/** A living server is first to end a job for its time limit: it reaches the whole tree, not the group alone. */
const LAUNCHER_DELAY_SEC = 3;

/**
 * Starts the job that `takePlace` has given a place. A start that fails ends the job as `spawn_failed`.
 * @param checked its CLI, if the job was checked just now; what has waited is looked at once more
 */
export async function startJob(engine: Engine, id: string, checked?: FoundCommand): Promise<void> {
  const job = findJob(engine.store, id);
  if (!job) return;
  engine.starting.add(id);
  faultPoint('start.placed');
  try {
    const ready = job.role === 'judge' ? await composeJudge(engine, job) : job;
    if (ready) await launchJob(engine, ready, checked);
    else void engine.schedule();
  } catch (error) {
    // The store's trouble is not the job's: it has not begun, and goes back to the queue.
    if (error instanceof SidejobError && error.code.startsWith('store_')) throw error;
    const absent = error instanceof SidejobError && error.code === 'not_installed';
    const gone = { reason: 'spawn_failed', error: messageOf(error), resetsAt: null, usage: null } as const;
    if (absent && (await goOn(engine, job, gone))) {
      engine.store.bell.ring(id);
      void engine.schedule();
      return;
    }
    const hint =
      error instanceof SidejobError && error.hint
        ? error.hint
        : hintFor('spawn_failed', engine.providerNamed(job.provider));
    const outcome = notStarted(messageOf(error), hint);
    await engine.store.write(() => finishJob(engine.store, id, ['queued'], outcome, Date.now(), job.run));
    engine.store.bell.ring(id);
    void engine.schedule();
  } finally {
    engine.starting.delete(id);
  }
}

async function launchJob(engine: Engine, job: JobRecord, checked: FoundCommand | undefined): Promise<void> {
  const provider = engine.providerNamed(job.provider);
  if (!provider) throw new SidejobError('spawn_failed', `The provider "${job.provider}" is not known to this server.`);
  if (!checked) await checkFolderAgain(engine, job);
  const found = checked ?? (await engine.findCli(provider));
  if (!found) throw new SidejobError('not_installed', `${provider.command} is no longer installed.`);
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  if (sizeOf(files.prompt) !== job.promptBytes) {
    throw new SidejobError('spawn_failed', 'Its prompt file is missing or incomplete.');
  }
  try {
    for (const folder of [files.dir, files.tmp]) mustBeNoLink(folder);
  } catch (error) {
    failStart(error);
  }
  mkdirSync(files.tmp, { recursive: true, mode: 0o700 });
  const folder = await enterFolder(engine, job).catch(failIsolation);
  const invocation = await invocationOf(engine, job, provider, folder).catch(failStart);
  await Promise.all((invocation.needs ?? []).map(mustBeThere));
  const held = await launch(files, {
    path: found.path,
    args: invocation.args,
    cwd: folder,
    // Read twice, a prompt would be asked twice.
    ...(provider.promptBy === 'argv' && { stdin: 'nothing' as const }),
    env: jobEnvironment({
      base: engine.envOf(provider),
      guards: engine.nestingGuards,
      invocation: invocation.env,
      searchPath: found.searchPath,
      isolated: job.worktree !== null,
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
  engine.store.bell.ring(job.id);
}

/** Another CLI of its chain would fare no better. */
function failIsolation(error: unknown): never {
  if (!(error instanceof SidejobError) || error.code.startsWith('store_')) throw error;
  throw new SidejobError('spawn_failed', error.message, error.hint);
}

function failStart(error: unknown): never {
  throw new SidejobError('spawn_failed', messageOf(error), 'Mend that, then submit it again.');
}

function notStarted(error: string, hint: string | null): Outcome {
  return { ...UNREAD_OUTCOME, status: 'failed', reason: 'spawn_failed', error: oneLine(error, 300), hint };
}

async function mustBeThere(path: string): Promise<void> {
  await access(path).catch(() => {
    throw new SidejobError('spawn_failed', `${path} is missing: Sidejob was replaced under this server.`);
  });
}
