// Who may change a checkout, or throw away what a job has done.
import { SidejobError } from '../../errors.js';
import { ACCESS_LEVELS } from '../../providers/provider.js';
import type { JobRecord } from '../../store/record.js';
import type { WorktreeRecord } from '../../store/worktrees.js';
import { depthHere } from '../checks.js';
import type { Engine } from '../engine.js';
import { checkRoots, isWithin } from '../roots.js';
import { runFolder } from './places.js';

/**
 * Refuses what changes files where the machine's owner allows none to be changed, and, within a job, what is outside of
 * the folder that the job itself may change.
 * @throws SidejobError `access_denied`
 */
export async function checkMayChange(engine: Engine, { top }: WorktreeRecord): Promise<void> {
  const cap = engine.config.settings.maxAccess;
  if (ACCESS_LEVELS.indexOf(cap) < ACCESS_LEVELS.indexOf('edit')) {
    throw denied(`it changes files, and this machine's cap is "${cap}" (maxAccess).`, 'Ask the person.');
  }
  await checkOwnFolder(engine, top);
}

/**
 * Refuses what is closed to whoever calls: another project's job may work where he may not.
 * @param project of the caller
 * @returns what "." stands for among the roots, where files are changed
 * @throws SidejobError `outside_roots`
 */
export async function checkOpenTo(
  engine: Engine,
  { id, cwd, project: own }: JobRecord,
  project: string | null,
): Promise<string | null> {
  // Within a job, its own folder is the boundary.
  if ((await depthHere(engine)).outer) return own;
  await checkRoots(engine, project, `the folder of ${id}, ${JSON.stringify(cwd)},`, cwd);
  return project;
}

/** @throws SidejobError `access_denied` inside a job that may not change this folder */
export async function checkOwnFolder(engine: Engine, top: string): Promise<void> {
  const { outer } = await depthHere(engine);
  if (!outer) return;
  if (outer.access !== 'read-only' && isWithin(top, runFolder(engine, outer))) return;
  throw denied(
    `this runs inside job ${outer.id}, which may not change ${top}.`,
    'Leave it to whoever started that job.',
  );
}

function denied(what: string, hint: string): SidejobError {
  return new SidejobError('access_denied', what, `${hint} Nothing was changed.`);
}
