// One call, one group: a job for each CLI that is asked. What is missing or refused takes nobody down, and is kept with
// the group; a request that is repeated joins the group that is there.
import { randomInt } from 'node:crypto';
import { SidejobError } from '../errors.js';
import { oneLine } from '../providers/json.js';
import {
  type GroupMember,
  type GroupRecord,
  groupMembers,
  groupsWith,
  type Refused,
  recordGroup,
} from '../store/groups.js';
import type { JobRecord } from '../store/record.js';
import { type Wanted, wantedText } from './chain.js';
import type { Engine } from './engine.js';
import { newId } from './ids.js';
import { GROUP_PREFIX } from './lookup.js';
import { hasAnswered } from './outcome.js';
import type { Caller, JobRequest, Submitted } from './request.js';
import { submitJob } from './submit.js';

/** Members are read in the order of random numbers below it. */
const BLIND_MAX = 2 ** 47;
/** Of an error that is kept with a group. */
const MESSAGE_MAX_CHARS = 300;

/** One that is asked, or a chain of which the first answers that can. */
export interface Wish {
  members: readonly [Wanted, ...Wanted[]];
  request: Omit<JobRequest, 'provider'>;
}

/** One that was asked and got no job. */
export interface Refusal {
  provider: string;
  error: SidejobError;
}

export interface StartedGroup {
  /** Undefined if no job was started. */
  group: GroupRecord | undefined;
  started: Submitted[];
  refused: Refusal[];
}

/**
 * Submits a job for each wish, as one group. Each is recorded with the group in one transaction; the group is there with
 * the first of them.
 * @param before refusals that came before: they are kept with the group
 * @throws what is no SidejobError
 */
export async function submitGroup(
  engine: Engine,
  caller: Caller,
  wishes: readonly Wish[],
  before: readonly Refusal[] = [],
): Promise<StartedGroup> {
  const { store } = engine;
  const group = newGroup();
  const refused = [...before];
  const started: Submitted[] = [];
  const members: { jobId: string; blind: number }[] = [];
  const blindOf = new Map<string, number>();
  const memberOf = (jobId: string) => {
    const blind = blindOf.get(jobId) ?? randomInt(BLIND_MAX);
    blindOf.set(jobId, blind);
    return { jobId, blind };
  };
  const record = () => ({ ...group, refused: refused.map(kept) });
  let written = '';
  for (const { members: wanted, request } of wishes) {
    let all = members;
    const recorded = (job: { id: string }) => {
      all = [...members, memberOf(job.id)];
      recordGroup(store, record(), all);
    };
    try {
      const submitted = await submitJob(engine, caller, { ...request, group: group.id, recorded }, wanted);
      started.push(submitted);
      if (!members.some(({ jobId }) => jobId === submitted.job.id)) members.push(memberOf(submitted.job.id));
      if (!submitted.joined) written = JSON.stringify([members, refused.map(kept)]);
    } catch (error) {
      if (!(error instanceof SidejobError)) throw error;
      refused.push({ provider: wantedText(wanted), error });
    }
  }
  if (started.length === 0) return { group: undefined, started, refused };
  const same = started.every(({ joined }) => joined) && sameGroup(engine, members, refused);
  if (same) return { group: same, started, refused };
  // What was joined or refused after the last job was recorded.
  if (written !== JSON.stringify([members, refused.map(kept)])) {
    await store.write(() => recordGroup(store, record(), members));
  }
  return { group: record(), started, refused };
}

function newGroup() {
  return { id: newId(GROUP_PREFIX.slice(0, -1)), createdAt: Date.now() };
}

/** The id of the group of these jobs, which were asked one by one: it is made where there is none. */
export async function groupOf(engine: Engine, jobIds: readonly string[]): Promise<string> {
  const members = jobIds.map((jobId) => ({ jobId, blind: randomInt(BLIND_MAX) }));
  const same = sameGroup(engine, members, []);
  if (same) return same.id;
  const group = { ...newGroup(), refused: [] };
  await engine.store.write(() => recordGroup(engine.store, group, members));
  return group.id;
}

/** The group that these jobs are, where everybody who is asked has been asked before. */
function sameGroup({ store }: Engine, members: readonly { jobId: string }[], refused: readonly Refusal[]) {
  const ids = members.map(({ jobId }) => jobId);
  return groupsWith(store, ids).find((group) => {
    const theirs = groupMembers(store, group.id).map(({ job }) => job.id);
    const names = group.refused.map(({ provider }) => provider).join();
    return theirs.join() === ids.join() && names === refused.map(({ provider }) => provider).join();
  });
}

function kept({ provider, error }: Refusal): Refused {
  return { provider: oneLine(provider, 60), code: error.code, message: oneLine(error.message, MESSAGE_MAX_CHARS) };
}

/**
 * How a group stands, in one line: "group-7f3k9m2q: 2 of 3 answered; codex: rate_limited".
 * @param members all of them, as they are now
 */
export function groupLine(
  group: Pick<GroupRecord, 'id' | 'refused'>,
  members: readonly Pick<GroupMember, 'job'>[],
): string {
  const jobs = members.map(({ job }) => job);
  const answered = jobs.filter(hasAnswered).length;
  const open = jobs.filter(({ finishedAt }) => finishedAt === null).length;
  const asked = jobs.length + group.refused.length;
  const out = [
    ...jobs.filter((job) => job.finishedAt !== null && !hasAnswered(job)).map(missing),
    ...group.refused.map(({ provider, code }) => `${provider}: ${code}`),
  ];
  const count = answered === asked ? `all ${asked} answered` : `${answered} of ${asked} answered`;
  const going = open > 0 ? [`${open} still going on`] : [];
  return `${group.id}: ${[count, ...going, ...out].join('; ')}`;
}

function missing({ provider, status, reason }: JobRecord): string {
  return `${provider}: ${reason ?? status}`;
}
