// A review in words: who has found how much, who could not be heard, and each finding in a line. Pure.
import { oneLine } from '../../providers/json.js';
import type { Merged } from './merge.js';
import type { Review, Reviewer } from './outcome.js';
import { shownPath } from './show.js';

const CLAIM_MAX_CHARS = 600;
const EVIDENCE_MAX_CHARS = 160;
/** States of a job that has not ended. */
const OPEN: readonly (string | undefined)[] = ['queued', 'running'];

/** Those who have answered, those who may yet, and those who will not. */
export function heardOf({ reviewers }: Review): { heard: Reviewer[]; open: Reviewer[]; lost: Reviewer[] } {
  return {
    heard: reviewers.filter(({ missing }) => missing === undefined),
    open: reviewers.filter(({ missing }) => OPEN.includes(missing)),
    lost: reviewers.filter(({ missing }) => missing !== undefined && !OPEN.includes(missing)),
  };
}

/** The whole of it in a few sentences. Silence is never told as "no findings". */
export function reviewHead(review: Review): string {
  const { files, against, findings, notShown } = review;
  const { heard, open, lost } = heardOf(review);
  const found = new Set(findings.flatMap(({ agreedBy }) => agreedBy));
  const finders = heard.filter(({ name }) => found.has(name));
  const others = heard.filter(({ name }) => !found.has(name));
  const dropped = heard.filter((each) => each.dropped > 0);
  const beyond = heard.filter((each) => each.beyond > 0);
  const sum = (of: readonly Reviewer[], key: 'dropped' | 'beyond') => of.reduce((all, each) => all + each[key], 0);
  const counted = (of: readonly Reviewer[], key: 'dropped' | 'beyond') =>
    of.map((each) => `${each.name} ${each[key]}`).join(', ');
  const sentences = [
    finders.length > 0 && `${count(findings.length, 'finding')} by ${names(finders)}`,
    others.length > 0 && `no findings by ${names(others)}`,
    dropped.length > 0 &&
      `${sum(dropped, 'dropped')} dropped, whose file or line does not exist (${counted(dropped, 'dropped')})`,
    beyond.length > 0 && `${sum(beyond, 'beyond')} left out as too many (${counted(beyond, 'beyond')})`,
    lost.length > 0 && `no answer from ${lost.map(({ name, missing }) => `${name} (${missing})`).join(', ')}`,
    open.length > 0 && `still going on: ${names(open)}`,
    notShown > 0 && `${count(notShown, 'file')} named to them but not shown whole`,
  ].filter((each) => each !== false);
  return `Review of ${count(files, 'file')} against ${against}: ${sentences.join('; ')}.`;
}

/** A finding in a line, and its evidence in another, unless it has none. */
export function findingLines(finding: Merged, review: Review): string[] {
  const { file, line, severity } = finding;
  const { claim, evidence, by } = findingWords(finding, review);
  const lines = [`${severity} ${shownPath(file)}:${line} ${claim}${by && ` (${by})`}`];
  return evidence === '' ? lines : [...lines, `  | ${evidence}`];
}

/** What a model has written, on one line each: it must not pass for a line of ours. Who says so where it may differ. */
export function findingWords({ claim, evidence, agreedBy }: Merged, review: Review) {
  return {
    claim: inLine(claim, CLAIM_MAX_CHARS),
    evidence: inLine(evidence, EVIDENCE_MAX_CHARS),
    by: heardOf(review).heard.length > 1 ? agreedBy.join(', ') : '',
  };
}

/** All of it. */
export function reviewText(review: Review): string {
  return [reviewHead(review), ...review.findings.flatMap((finding) => findingLines(finding, review))].join('\n');
}

function inLine(text: string, max: number): string {
  return oneLine(text.replaceAll(/\s+/g, ' '), max);
}

function names(reviewers: readonly Reviewer[]): string {
  return reviewers.map(({ name }) => name).join(', ');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
