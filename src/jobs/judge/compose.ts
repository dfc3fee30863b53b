// Makes the prompt of a judge that has a place, of its group as it has ended. Every server makes the same, so that one
// which takes over after a crash may make it again.
import { jobFiles } from '../../config/paths.js';
import { readPrivate, replacePrivate } from '../../config/private-file.js';
import { faultPoint } from '../../process/fault.js';
import { findGroup, type GroupMember, groupMembers } from '../../store/groups.js';
import type { JobRecord, Outcome } from '../../store/record.js';
import { finishJob, recordPrompt } from '../../store/transitions.js';
import type { Engine } from '../engine.js';
import { groupLine } from '../group.js';
import { hintFor } from '../hints.js';
import { hasAnswered, UNREAD_OUTCOME } from '../outcome.js';
import { endedAnswer } from '../readings.js';
import { promptWith, withoutSchema } from '../structured.js';
import { readBrief } from './files.js';
import { judgePrompt, ROOM, ROOM_IN_ARGUMENT, within } from './prompt.js';
import type { ShownAnswer } from './verdict.js';

/** Fewer answers are nothing to weigh. */
const LEAST = 2;

/**
 * The record of a judge with its prompt in place; undefined if it is not to be started: there is nothing to weigh, and it
 * has ended so, or somebody has ended it meanwhile.
 * @throws what the files say
 */
export async function composeJudge(engine: Engine, job: JobRecord): Promise<JobRecord | undefined> {
  const { paths, store } = engine;
  const { group: id, focus, weigh } = await readBrief(paths, job.id);
  const group = findGroup(store, id) ?? { id, refused: [], createdAt: job.createdAt };
  const members = groupMembers(store, id);
  const answered = members.filter((member) => hasAnswered(member.job)).sort(byBlind);
  if (answered.length < LEAST) {
    await endUnweighed(engine, job, groupLine(group, members));
    return undefined;
  }
  const asked = (job.chain?.members ?? [job]).map(({ provider }) => engine.providerNamed(provider));
  const room = asked.some((provider) => provider?.promptBy === 'argv') ? ROOM_IN_ARGUMENT : ROOM;
  const texts = await Promise.all(answered.map((member) => textOf(engine, member)));
  const shown = within(texts, room.answers);
  const weighed = answered.map(
    ({ job: { id: jobId, provider, model } }, index): ShownAnswer => ({
      answer: String.fromCharCode('A'.charCodeAt(0) + index),
      jobId,
      provider,
      ...(model !== null && { model }),
      text: shown[index] ?? '',
    }),
  );
  const question = await questionOf(engine, answered);
  const [shownQuestion] = question === undefined ? [] : within([question], room.question);
  const absent = members.length - answered.length + group.refused.length;
  const plain = judgePrompt({ question: shownQuestion, focus, weigh, answers: weighed, absent });
  const prompt = promptWith(plain, job.outputSchema, asked);
  const files = jobFiles(paths, job.id);
  // What an earlier try has left is the same.
  await replacePrivate(files.weighed, JSON.stringify(weighed));
  await replacePrivate(files.prompt, prompt);
  faultPoint('judge.composed');
  const composed = { ...job, promptBytes: Buffer.byteLength(prompt) };
  return (await store.write(() => recordPrompt(store, composed))) ? composed : undefined;
}

function byBlind(one: GroupMember, other: GroupMember): number {
  return one.blind - other.blind || (one.job.id < other.job.id ? -1 : 1);
}

function textOf(engine: Engine, { job }: GroupMember): Promise<string> {
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  return endedAnswer(files, engine.providerNamed(job.provider), job.outputSchema);
}

/** What all of them were asked; undefined if it was not the same. */
async function questionOf({ paths }: Engine, members: readonly GroupMember[]): Promise<string | undefined> {
  const questions = await Promise.all(
    members.map(async ({ job }) => {
      const prompt = await readPrivate(jobFiles(paths, job.id).prompt);
      return withoutSchema(prompt, job.outputSchema).trim();
    }),
  );
  return questions.every((question) => question === questions[0]) ? questions[0] : undefined;
}

/** No model was asked, and nothing was paid. */
async function endUnweighed({ store }: Engine, job: JobRecord, why: string): Promise<void> {
  const reason = 'too_few_answers';
  const error = `There is nothing to weigh: ${why}.`;
  const outcome: Outcome = { ...UNREAD_OUTCOME, status: 'failed', reason, error, hint: hintFor(reason, undefined) };
  await store.write(() => finishJob(store, job.id, ['queued'], outcome, Date.now(), job.run));
  store.bell.ring(job.id);
}
