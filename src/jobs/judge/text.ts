// A verdict as it reads: for models, who pay for every word, and for people.

import type { JobRecord } from '../../store/record.js';
import type { Engine } from '../engine.js';
import { answerText } from '../result.js';
import { readVerdict } from './files.js';
import type { Verdict } from './schema.js';

/** The verdict of a judge that has given one; undefined for any other job. */
export async function verdictOf(engine: Engine, job: JobRecord): Promise<Verdict | undefined> {
  if (job.role !== 'judge' || job.status !== 'completed') return undefined;
  return readVerdict(engine.paths, job.id, await answerText(engine, job));
}

/** A job's answer as a person reads it: as it is, and a judge's in words. */
export async function readableAnswer(engine: Engine, job: JobRecord): Promise<string> {
  const verdict = await verdictOf(engine, job);
  return verdict ? verdictText(verdict, true) : answerText(engine, job);
}

/**
 * The verdict in a few lines.
 * @param named whether it says whose answers the letters are
 */
export function verdictText(verdict: Verdict, named: boolean): string {
  const { agreement, differences, openPoints, recommendation, dropped, answers } = verdict;
  const points = differences.map(({ point, positions }) => {
    const said = positions.map(({ answer, provider, quote }) => `  ${answer} (${provider}): "${quote}"`);
    return [`- ${point}`, ...(said.length > 0 ? said : ['  (none of its quotes stands in an answer)'])].join('\n');
  });
  return [
    `Recommendation: ${recommendation}`,
    part('All say', agreement.map(dashed)),
    part('They differ', points),
    part('Open', openPoints.map(dashed)),
    droppedLine(dropped),
    named ? `Weighed: ${answers.map(({ answer, jobId }) => `${answer} ${jobId}`).join(', ')}.` : '',
  ]
    .filter(Boolean)
    .join('\n');
}

function part(title: string, lines: readonly string[]): string {
  return lines.length > 0 ? `${title}:\n${lines.join('\n')}` : '';
}

function dashed(text: string): string {
  return `- ${text}`;
}

function droppedLine({ quotes = 0, letters = 0 }: NonNullable<Verdict['dropped']> = {}): string {
  const what = [
    quotes > 0 && `${quotes} quote${quotes > 1 ? 's' : ''} that no answer holds`,
    letters > 0 && `${letters} position${letters > 1 ? 's' : ''} of an answer that is not there`,
  ].filter(Boolean);
  return what.length > 0 ? `Left out: ${what.join(', ')}.` : '';
}
