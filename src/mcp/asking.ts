// Starting the jobs that llm_run and llm_job_submit ask for: one for each provider. One that cannot be started
// does not hold back the others.
import { SidejobError } from '../errors.js';
import { chooseWanted, type Wanted, wantedText } from '../jobs/chain.js';
import { conversationJob } from '../jobs/conversation.js';
import type { Engine } from '../jobs/engine.js';
import { factsOf } from '../jobs/facts.js';
import { submitGroup, type Wish } from '../jobs/group.js';
import { VERDICT_SCHEMA } from '../jobs/judge/schema.js';
import { attachedGroup, chooseJudge, judgeRequest, submitJudge } from '../jobs/judge/submit.js';
import { checkNoPanel, withPanels } from '../jobs/panels.js';
import type { JobFacts, JobRequest, Submitted } from '../jobs/request.js';
import { type ReviewWanted, reviewRequest, withChanges } from '../jobs/review/request.js';
import { loadStance } from '../jobs/stances.js';
import { submitJob } from '../jobs/submit.js';
import type { GroupRecord } from '../store/groups.js';
import type { Call } from './tool.js';

/** What a judge is named by among what was refused. */
export const JUDGE = 'judge ';

/** The arguments of a call, as far as they concern the jobs themselves. */
export type Asked = Omit<JobRequest, 'provider' | 'kind' | 'review'> & {
  provider?: string;
  providers?: string[];
  judge?: string;
  review?: ReviewWanted;
};

export interface Started {
  /** Of a call that asks several. */
  group?: GroupRecord | undefined;
  /** The judge comes last. */
  started: Submitted[];
  refused: { provider: string; error: SidejobError }[];
}

/**
 * Submits one job for each provider asked, and one for the judge of their answers.
 * @throws SidejobError if no job could be started
 */
export async function startJobs(call: Call, kind: JobRequest['kind'], asked: Asked): Promise<Started> {
  const outcome = await submitAll(call, kind, asked);
  const [first] = outcome.refused;
  for (const { provider, error } of outcome.refused) await call.noteRefusal(provider, error);
  if (outcome.started.length === 0 && first) throw first.error;
  return outcome;
}

async function submitAll(call: Call, kind: JobRequest['kind'], asked: Asked): Promise<Started> {
  const { engine } = await call.manager();
  const plan = await planOf(call, engine, kind, asked);
  const pass = await call.passJobs(() => decideOn(call, engine, plan));
  const outcome = await startPlanned(call, engine, plan, pass.admit).catch(async (error) => {
    await pass.undo(error);
    throw error;
  });
  const { started, refused } = outcome;
  if (started.length === 0) {
    await pass.undo((refused.find(({ error }) => error.code === 'denied') ?? refused[0])?.error);
  } else {
    await pass.done(
      started.map(({ job }) => job.id),
      started.every(({ joined }) => joined),
    );
  }
  return outcome;
}

/** What a call comes to before anything is decided about it or started. What is refused on the way is added to it. */
interface Plan {
  kind: JobRequest['kind'];
  request: Omit<JobRequest, 'provider' | 'kind' | 'review'>;
  review: ReviewWanted | undefined;
  /** One job for each, asked as a group if several were named. */
  wanted: { members: [Wanted, ...Wanted[]]; facts?: JobFacts[] }[];
  several: boolean;
  judge?: {
    members: [Wanted, ...Wanted[]];
    request: ReturnType<typeof judgeRequest>;
    stance: string | undefined;
    /** Answers that are there already. */
    attached: Awaited<ReturnType<typeof attachedGroup>> | undefined;
  };
  refused: Started['refused'];
}

async function planOf(call: Call, engine: Engine, kind: JobRequest['kind'], asked: Asked): Promise<Plan> {
  const { judge, stance, review, ...given } = asked;
  const { provider: _, providers: several, ...rest } = given;
  // With a judge, the stance is the judge's.
  const plain = { ...rest, ...(stance !== undefined && judge === undefined && { stance }) };
  const request = review === undefined ? plain : reviewRequest(plain);
  // Found out before anybody is asked.
  if (stance !== undefined) await loadStance(engine.paths, stance);
  const attached = judge !== undefined && several === undefined ? await attachedGroup(engine, { ...asked }) : undefined;
  const names = attached ? [] : namesOf(engine, given);
  if (judge !== undefined && !attached) checkJudged(names, review);
  const refused: Started['refused'] = [];
  const wanted: Plan['wanted'] = await those(names, refused, async (name) => {
    if (name !== undefined) checkNoPanel(engine, name, 'provider');
    return { members: await chooseWanted(engine, name, request.model, call.clientName) };
  });
  const plan: Plan = { kind, request, review, wanted, several: several !== undefined, refused };
  if (judge === undefined) return plan;
  const asking = attached?.providers ?? wanted.flatMap(({ members }) => members.map(({ provider }) => provider.name));
  const members = await chooseJudge(engine, judge, asking, call.clientName);
  return {
    ...plan,
    judge: { members, request: judgeRequest({ cwd: attached?.cwd, ...request, kind }), stance, attached },
  };
}

/** The facts of all that the call would start: each that may come to run is decided about as itself. */
async function decideOn(call: Call, engine: Engine, plan: Plan): Promise<JobFacts[]> {
  const { kind, request, judge } = plan;
  const factsFor = (members: readonly Wanted[], of: Omit<JobRequest, 'model'>) =>
    Promise.all(
      members.map(({ provider, model }) => factsOf(engine, call.caller, { ...of, ...(model && { model }) }, provider)),
    );
  const { model: _, ...others } = request;
  plan.wanted = await those(plan.wanted, plan.refused, async ({ members }) => ({
    members,
    facts: await factsFor(members, { ...others, kind }),
  }));
  const facts = plan.wanted.flatMap((one) => one.facts ?? []);
  if (!judge) return facts;
  const judged = { ...judge.request, prompt: request.prompt, outputSchema: VERDICT_SCHEMA };
  const ofJudge = await factsFor(judge.members, judged);
  judge.request.folder = ofJudge[0]?.cwd;
  return [...facts, ...ofJudge];
}

async function startPlanned(call: Call, engine: Engine, plan: Plan, admit: (() => void) | undefined): Promise<Started> {
  const { kind, request, review, wanted, several, judge, refused } = plan;
  // In the very folder that was decided on, or not at all.
  const decided = { ...request, folder: wanted[0]?.facts?.[0]?.cwd };
  // Once for all of them, and only now: nothing is looked at for a call that may not be made.
  const whole = review && wanted.length > 0 ? await withChanges(engine, call.caller, decided, review) : decided;
  const wishes = wanted.map(({ members }) => ({ members, request: { ...whole, kind, admit } }));
  const { group, started } = await submitted(engine, call, wishes, refused, several);
  if (judge && (judge.attached || (group && started.length > 1))) {
    const { attached, stance } = judge;
    const of = attached ? { group: await attached.group(), focus: request.prompt } : { group: group?.id ?? '' };
    const submit = (members: readonly [Wanted, ...Wanted[]]) =>
      submitJudge(engine, call.caller, { ...judge.request, admit }, members, { focus: undefined, ...of, stance });
    const name = `${JUDGE}${wantedText(judge.members)}`;
    started.push(...(await those([judge.members], refused, submit, () => name)));
  }
  return { group, started, refused };
}

/** @throws SidejobError `bad_argument` for what leaves a judge nothing to do */
function checkJudged(names: readonly unknown[], review: ReviewWanted | undefined): void {
  const wrong = (what: string) => new SidejobError('bad_argument', what, 'Leave out judge. Nothing was started.');
  if (review !== undefined) throw wrong('findings are merged; a review takes no judge.');
  if (names.length < 2) throw wrong('judge weighs the answers of several.');
}

/**
 * Who is asked; undefined: whoever is the default.
 * @throws SidejobError `bad_argument`
 */
function namesOf(engine: Engine, { provider, providers, continueJob }: Asked): (string | undefined)[] {
  if (provider !== undefined && providers !== undefined) {
    throw new SidejobError('bad_argument', 'provider and providers exclude each other.', 'Nothing was started.');
  }
  if (continueJob !== undefined && providers !== undefined) {
    throw new SidejobError(
      'bad_argument',
      'a conversation goes on with one provider.',
      'Leave out providers. Nothing was started.',
    );
  }
  if (providers) return withPanels(engine.config.panels, providers);
  // A conversation stays with its CLI, whatever the default is.
  return [provider ?? (continueJob === undefined ? undefined : keeperOf(engine, continueJob))];
}

/** One job, or several as a group; what is refused is added to `refused`. */
async function submitted(
  engine: Engine,
  call: Call,
  wishes: readonly Wish[],
  refused: Started['refused'],
  several: boolean,
): Promise<Pick<Started, 'group' | 'started'>> {
  if (several) {
    const outcome = await submitGroup(engine, call.caller, wishes, refused);
    refused.splice(0, refused.length, ...outcome.refused);
    return outcome;
  }
  const started = await those(wishes, refused, ({ members, request }) =>
    submitJob(engine, call.caller, request, members),
  );
  return { group: undefined, started };
}

/** What became of each; one that is refused does not hold back the others. */
async function those<Each, Result>(
  each: readonly Each[],
  refused: Started['refused'],
  work: (one: Each) => Promise<Result>,
  naming: (one: Each) => string = nameOf,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const one of each) {
    try {
      results.push(await work(one));
    } catch (error) {
      if (!(error instanceof SidejobError)) throw error;
      refused.push({ provider: naming(one), error });
    }
  }
  return results;
}

function nameOf(one: unknown): string {
  if (typeof one === 'string') return one;
  const members = (one as { members?: readonly Wanted[] } | undefined)?.members;
  return members ? wantedText(members) : 'default';
}

/** The provider of the job that a conversation belongs to. */
function keeperOf(engine: Engine, continueJob: string): string {
  const job = conversationJob(engine, continueJob);
  if (job) return job.provider;
  throw new SidejobError(
    'bad_argument',
    `no job had conversation ${JSON.stringify(continueJob)}.`,
    'If it is one that a CLI knows itself, say which with provider, and its folder with cwd. Nothing was started.',
  );
}
