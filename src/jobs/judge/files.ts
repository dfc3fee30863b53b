// The files of a judge's job: its brief, in place of a prompt, which is made when it starts, of the answers that are there
// then; and these answers.
import { jobFiles, type Paths } from '../../config/paths.js';
import { readPrivate } from '../../config/private-file.js';
import type { Verdict } from './schema.js';
import { type ShownAnswer, verdictIn } from './verdict.js';

export interface Brief {
  /** The group whose answers are weighed. */
  group: string;
  /** What is wanted of the judge beside what its members were asked. */
  focus?: string | undefined;
  /** How to weigh: of a stance. */
  weigh?: string | undefined;
}

/** As it is kept. Equal for equal briefs. */
export function briefText({ group, focus, weigh }: Brief): string {
  return JSON.stringify({ group, focus, weigh });
}

export async function readBrief(paths: Paths, jobId: string): Promise<Brief> {
  return JSON.parse(await readPrivate(jobFiles(paths, jobId).brief));
}

/** The answers that a judge was shown, kept with it: its members may be gone when somebody reads the verdict. */
async function readWeighed(paths: Paths, jobId: string): Promise<ShownAnswer[]> {
  return JSON.parse(await readPrivate(jobFiles(paths, jobId).weighed));
}

/** The verdict in a judge's answer, checked; undefined where there is none, or nothing to check it by. */
export async function readVerdict(paths: Paths, jobId: string, answer: string): Promise<Verdict | undefined> {
  // A job must end, and its answer be readable, whatever became of this file.
  const weighed = await readWeighed(paths, jobId).catch(() => undefined);
  return weighed && verdictIn(answer, weighed);
}

/** A judge's answer as it is kept: with what it quotes checked, and names for its letters. */
export async function checkedAnswer(paths: Paths, jobId: string, answer: string): Promise<string> {
  const verdict = await readVerdict(paths, jobId, answer);
  return verdict ? JSON.stringify(verdict) : answer;
}
