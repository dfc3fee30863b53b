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
import { cutEnd, ERROR_MAX_CHARS } from './fit.js';
import type { Call } from './tool.js';

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
  const { model: __, ...others } = request;
  type One = { members: [Wanted, ...Wanted[]]; facts?: JobFacts[] };
  let wanted: One[] = await those(names, refused, async (name) => {
    if (name !== undefined) checkNoPanel(engine, name, 'provider');
    return { members: await chooseWanted(engine, name, request.model, call.clientName) };
  });
  const asking = attached?.providers ?? wanted.flatMap(({ members }) => members.map(({ provider }) => provider.name));
  const judges = judge === undefined ? undefined : await chooseJudge(engine, judge, asking, call.clientName);
  const judging = judgeRequest({ cwd: attached?.cwd, ...request, kind });
  // Each that may come to run is decided about as itself.
  const factsFor = (members: readonly Wanted[], of: Omit<JobRequest, 'model'>) =>
    Promise.all(
      members.map(({ provider, model }) => factsOf(engine, call.caller, { ...of, ...(model && { model }) }, provider)),
    );
  const pass = await call.passJobs(async () => {
    wanted = await those(wanted, refused, async ({ members }) => ({
      members,
      facts: await factsFor(members, { ...others, kind }),
    }));
    const judged = { ...judging, prompt: request.prompt, outputSchema: VERDICT_SCHEMA };
    const ofJudge = judges ? await factsFor(judges, judged) : [];
    judging.folder = ofJudge[0]?.cwd;
    return [...wanted.flatMap(({ facts }) => facts ?? []), ...ofJudge];
  });
  // In the very folder that was decided on, or not at all.
  const decided = { ...request, folder: wanted[0]?.facts?.[0]?.cwd };
  const start = async () => {
    // Once for all of them, and only now: nothing is looked at for a call that may not be made.
    const whole = review && wanted.length > 0 ? await withChanges(engine, call.caller, decided, review) : decided;
    const wishes = wanted.map(({ members }) => ({ members, request: { ...whole, kind, admit: pass.admit } }));
    return submitted(engine, call, wishes, refused, several !== undefined);
  };
  const judgeOf = (group: string, focus?: string) => async (members: readonly [Wanted, ...Wanted[]]) =>
    submitJudge(engine, call.caller, { ...judging, admit: pass.admit }, members, { group, focus, stance });
  const undoing = async (error: unknown): Promise<never> => {
    await pass.undo(error);
    throw error;
  };
  const { group, started } = await start().catch(undoing);
  if (judges && (attached || (group && started.length > 1))) {
    const submit = attached ? judgeOf(await attached.group(), request.prompt) : judgeOf(group?.id ?? '');
    const name = `${JUDGE}${wantedText(judges)}`;
    started.push(...(await those([judges], refused, submit, () => name).catch(undoing)));
  }
  if (started.length === 0) {
    await pass.undo((refused.find(({ error }) => error.code === 'denied') ?? refused[0])?.error);
  } else {
    await pass.done(
      started.map(({ job }) => job.id),
      started.every(({ joined }) => joined),
    );
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

/** What a judge is named by among what was refused. */
const JUDGE = 'judge ';

/** A refusal as it is told beside jobs that were started. */
function toldBeside({ group }: Started, { provider, error }: Started['refused'][number]): string {
  const told = `${cutEnd(provider, 60)}: ${error.line.replace(/ Nothing was started\.$/, '')}`;
  if (!group || !provider.startsWith(JUDGE)) return told;
  return `${told} The answers come all the same; judge with attach:["job:${group.id}"] weighs them later.`;
}

/** What a reply says of requests that did not become new jobs, and of jobs that know no project. */
export function notesOn(outcome: Started, scratch: string): string[] {
  const { started, refused } = outcome;
  const joined = (by: Submitted['joined']) => started.filter((each) => each.joined === by).map(({ job }) => job.id);
  const asked = joined('request');
  const keyed = joined('dedupeKey');
  const nowhere = started.some(({ job, joined }) => !joined && job.cwd === scratch);
  const notes = [
    ...new Set(started.flatMap((each) => each.notes ?? [])),
    ...(asked.length > 0
      ? [`Joined ${asked.join(', ')}: the same was asked before. fresh:true (llm_job_submit) starts another.`]
      : []),
    ...(keyed.length > 0 ? [`Joined ${keyed.join(', ')}, the active job with that dedupeKey.`] : []),
    ...(nowhere ? ['No project is known here: it runs in an empty folder. Give cwd if it needs files.'] : []),
    ...refused.map((refusal) => toldBeside(outcome, refusal)),
  ];
  return notes.map((note) => cutEnd(note, ERROR_MAX_CHARS));
}
