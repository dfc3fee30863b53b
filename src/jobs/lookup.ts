// From what a caller typed to a job.
import { SidejobError } from '../errors.js';
import { findGroup, findGroupIds, groupJudge, groupMembers } from '../store/groups.js';
import { findJob } from '../store/jobs.js';
import type { JobRecord } from '../store/record.js';
import { findIds } from '../store/search.js';
import type { Engine } from './engine.js';
import { normalizeId } from './ids.js';

/** Of several that are meant, so many are named. */
const MOST_NAMED = 4;

/** Ids that begin with what was typed, or whose random part does; read with care for look-alike letters. */
function findMatches({ store }: Pick<Engine, 'store'>, typed: string): string[] {
  const plain = typed.trim().toLowerCase();
  if (!/^[a-z0-9][a-z0-9-]+$/.test(plain)) return [];
  const asTyped = findIds(store, plain, MOST_NAMED);
  return asTyped.length > 0 ? asTyped : findIds(store, normalizeId(plain), MOST_NAMED);
}

/** The job with this id, a unique prefix of it, or its random part; else the several that it may mean. */
export function lookUp(engine: Pick<Engine, 'store'>, typed: string): JobRecord | string[] {
  const named = typed.trim().replace(/^job:(\/\/)?/, '');
  const exact = findJob(engine.store, named) ?? findJob(engine.store, normalizeId(named));
  if (exact) return exact;
  const matches = findMatches(engine, named);
  const [only, ...others] = matches;
  const found = only !== undefined && others.length === 0 ? findJob(engine.store, only) : undefined;
  return found ?? matches;
}

/** What the id of every group begins with. */
export const GROUP_PREFIX = 'group-';

/** The id of the group that is meant, by it or a unique prefix of it; undefined if none is. */
export function groupNamed({ store }: Pick<Engine, 'store'>, typed: string): string | undefined {
  const named = normalizeId(typed.replace(/^\s*job:(\/\/)?/, ''));
  if (!named.startsWith(GROUP_PREFIX)) return undefined;
  if (findGroup(store, named)) return named;
  const [only, ...others] = named === GROUP_PREFIX ? [] : findGroupIds(store, named, 2);
  return others.length === 0 ? only : undefined;
}

/** The members of a group, in the order asked, and last the judge of their answers, if there is one. */
export function jobsOfGroup({ store }: Pick<Engine, 'store'>, id: string): JobRecord[] {
  const judge = groupJudge(store, id);
  return [...groupMembers(store, id).map(({ job }) => job), ...(judge ? [judge] : [])];
}

/**
 * The jobs that are meant: that of an id, as for `requireJob`, or those of a group.
 * @throws SidejobError `unknown_job`
 */
export function requireJobs(engine: Pick<Engine, 'store'>, typed: string): JobRecord[] {
  const group = groupNamed(engine, typed);
  return group === undefined ? [requireJob(engine, typed)] : jobsOfGroup(engine, group);
}

/**
 * The job with this id, a unique prefix of it, or its random part.
 * @throws SidejobError `unknown_job`, naming the jobs where several are meant
 */
export function requireJob(engine: Pick<Engine, 'store'>, typed: string): JobRecord {
  const found = lookUp(engine, typed);
  if (!Array.isArray(found)) return found;
  const group = groupNamed(engine, typed);
  if (group !== undefined) {
    const ids = jobsOfGroup(engine, group).map(({ id }) => id);
    throw new SidejobError(
      'unknown_job',
      `${group} is a group, and one job is meant here.`,
      `Name one of its jobs: ${ids.join(', ')}.`,
    );
  }
  const shown = JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
  if (found.length === 0) {
    throw new SidejobError('unknown_job', `no job ${shown}.`, 'llm_job_list shows the jobs there are.');
  }
  const named = found.map((id) => `${id} (${findJob(engine.store, id)?.status})`).join(', ');
  const end = found.length < MOST_NAMED ? '.' : ', …';
  throw new SidejobError('unknown_job', `several jobs begin with ${shown}: ${named}${end}`);
}
