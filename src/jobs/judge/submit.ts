// Asks for a judge: one more job of a group, which begins when all others of it have ended.
import { SidejobError } from '../../errors.js';
import { chooseWanted, type Wanted } from '../chain.js';
import { readyFor } from '../choose.js';
import type { Engine } from '../engine.js';
import { groupOf } from '../group.js';
import { groupNamed, requireJobs } from '../lookup.js';
import { checkNoPanel } from '../panels.js';
import { type Caller, type JobRequest, NOTHING, type Submitted } from '../request.js';
import { loadStance } from '../stances.js';
import { submitJob } from '../submit.js';
import { briefText } from './files.js';
import { VERDICT_SCHEMA } from './schema.js';

/** Each has a letter, and they share the room that there is. */
const ANSWERS_MAX = 26;
/** As a judge: one that is not among those who were asked, if there is one. */
const AUTO = 'auto';

/** What a judge takes of a request that is asked of others: the rest is about their answers. */
export type JudgeRequest = Pick<
  JobRequest,
  'kind' | 'cwd' | 'folder' | 'timeoutSec' | 'idleTimeoutSec' | 'label' | 'waitForQuota' | 'fresh' | 'admit'
>;

/** What of a request concerns its judge. */
export function judgeRequest(request: JobRequest): JudgeRequest {
  const { kind, cwd, folder, timeoutSec, idleTimeoutSec, label, waitForQuota, fresh, admit } = request;
  const given = { cwd, folder, timeoutSec, idleTimeoutSec, label, waitForQuota, fresh, admit };
  return { kind, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/**
 * Who judges: one CLI, a chain, or "auto".
 * @param asked names of those whose answers are weighed
 * @throws SidejobError `unknown_provider`, `not_installed`, `bad_argument`
 */
export async function chooseJudge(
  engine: Engine,
  name: string,
  asked: readonly string[],
  client: string,
): Promise<[Wanted, ...Wanted[]]> {
  if (name.trim().toLowerCase() !== AUTO) {
    checkNoPanel(engine, name, 'judge');
    return chooseWanted(engine, name, undefined, client);
  }
  const ready = await readyFor(engine, client);
  const provider = ready.find((each) => !asked.includes(each.name)) ?? ready[0];
  return provider ? [{ provider }] : chooseWanted(engine, undefined, undefined, client);
}

/**
 * Submits the judge of a group. Its job is there at once, and starts, under whatever server lives, when all members have
 * ended.
 * @param brief what it is told beside the question and the answers: `stance` by name
 * @throws SidejobError as `submitJob`
 */
export async function submitJudge(
  engine: Engine,
  caller: Caller,
  request: JudgeRequest,
  wanted: readonly [Wanted, ...Wanted[]],
  { group, focus, stance }: { group: string; focus?: string; stance?: string | undefined },
): Promise<Submitted> {
  const weigh = stance === undefined ? undefined : (await loadStance(engine.paths, stance)).judging;
  const prompt = briefText({ group, focus, weigh });
  const asked = { ...request, prompt, role: 'judge', group, outputSchema: VERDICT_SCHEMA } as const;
  return submitJob(engine, caller, asked, wanted);
}

/** What a judge of answers that are there cannot be told: it is about a job that is not asked for. */
const NOT_BESIDE = [
  ...['provider', 'continueJob', 'review', 'model', 'effort', 'systemPrompt', 'outputSchema'],
  ...['access', 'isolate', 'dedupeKey'],
] as const;

const FEW = ['judge weighs the answers of several.', 'Give providers, or attach:["job:group-…"].'] as const;

/** What attachments say is to be weighed: a group, and who is in it. */
export interface Attached {
  /** Its id; one of single jobs is only recorded once nothing is in its way. */
  group(): Promise<string>;
  providers: string[];
  /** Where the first of them worked. */
  cwd: string;
}

/**
 * The group that the attachments of a request are: one by its id, or of the jobs that are named.
 * @throws SidejobError `bad_argument` also for what cannot stand beside it, `unknown_job`
 */
export async function attachedGroup(
  engine: Engine,
  request: { attach?: readonly string[] | undefined } & Readonly<Record<string, unknown>>,
): Promise<Attached> {
  const wrong = (what: string, todo: string) => new SidejobError('bad_argument', what, `${todo} ${NOTHING}`);
  const { attach = [] } = request;
  if (attach.length === 0) throw wrong(...FEW);
  const beside = NOT_BESIDE.find((name) => request[name] !== undefined);
  if (beside) {
    throw wrong(`a judge of what is attached takes no ${beside}.`, 'Leave it out, or name providers.');
  }
  const file = attach.find((name) => !name.startsWith('job:'));
  if (file !== undefined) {
    const answers = 'Answers are job:ID or job:group-ID; name files in prompt, it can read them.';
    throw wrong(`a judge of what is attached takes answers, and ${JSON.stringify(file)} is a file.`, answers);
  }
  const jobs = attach.flatMap((name) => requireJobs(engine, name.slice('job:'.length)));
  const members = new Map(jobs.filter(({ role }) => role !== 'judge').map((job) => [job.id, job]));
  const [first] = members.values();
  if (!first || members.size < 2) {
    throw wrong(...FEW);
  }
  if (members.size > ANSWERS_MAX) {
    throw wrong(`these are ${members.size} answers, and a judge weighs ${ANSWERS_MAX} at most.`, 'Attach fewer.');
  }
  const [only] = attach;
  const named = only !== undefined && attach.length === 1 ? groupNamed(engine, only) : undefined;
  return {
    group: async () => named ?? groupOf(engine, [...members.keys()]),
    providers: [...members.values()].map(({ provider }) => provider),
    cwd: first.cwd,
  };
}
