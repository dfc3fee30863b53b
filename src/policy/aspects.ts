// What a call is about, one by one: the jobs that it would start, or those that it names.
import type { Engine } from '../jobs/engine.js';
import { groupNamed, jobsOfGroup, lookUp } from '../jobs/lookup.js';
import type { JobRecord } from '../store/record.js';
import { type Decision, type InForce, judge } from './decide.js';
import type { Facts } from './request.js';

/** One thing that a call is about: a job that it would start, or one that it names. */
export interface Aspect {
  args: Readonly<Record<string, unknown>>;
  facts: Facts;
  /** A job that is named, in a line. */
  job?: string;
}

/** What the policy says of all that a call is about: a denial of any is one of all. */
export function decideAll(inForce: InForce, tool: string, aspects: readonly Aspect[]): Decision {
  const all = aspects.map(({ args, facts }) => judge(inForce, { tool, args, facts: [facts] }));
  const found =
    all.find(({ effect }) => effect === 'deny') ?? all.find(({ effect }) => effect === 'approve') ?? all.at(-1);
  return found ?? judge(inForce, { tool, args: {}, facts: [] });
}

/** A call that may name jobs. */
interface Naming {
  args: Readonly<Record<string, unknown>>;
  engine(): Promise<Engine>;
}

/** A call for each job that it names, by its whole id: a part of one would slip past what is said of the whole. */
export async function namedJobs({ args, engine }: Naming): Promise<Aspect[]> {
  const { jobId, jobIds } = args;
  const typed = [...(Array.isArray(jobIds) ? jobIds : []), ...(jobId === undefined ? [] : [jobId])];
  if (typed.length === 0) return [{ args, facts: {} }];
  const there = await engine();
  // One that is not there is refused by the tool itself.
  const jobs = typed.flatMap((id) => jobsMeant(there, String(id)));
  if (jobs.length === 0) return [{ args, facts: {} }];
  const ids = jobs.map(({ id }) => id);
  return jobs.map(({ id, provider, model, access, cwd, depth, status, label }) => ({
    args: { ...args, jobId: id, jobIds: ids },
    facts: { provider, ...(model && { model }), access, cwd, depth },
    job: [id, status, label && JSON.stringify(label)].filter(Boolean).join(', '),
  }));
}

/** The job with that id, or those of the group with it. */
function jobsMeant(engine: Engine, typed: string): JobRecord[] {
  const group = groupNamed(engine, typed);
  if (group !== undefined) return jobsOfGroup(engine, group);
  const found = lookUp(engine, typed);
  return Array.isArray(found) ? [] : [found];
}

/** The facts of all jobs of a call in one: what they share, and the providers. */
export function summary(facts: readonly Facts[]): Facts {
  const [first = {}] = facts;
  const all = (name: 'provider' | 'model') =>
    [...new Set(facts.map((each) => each[name]).filter((each) => each !== undefined))].join(', ') || undefined;
  return { ...first, provider: all('provider'), model: all('model') };
}
