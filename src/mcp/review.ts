// Reviews as a reply shows them: as text, within its room, and as data.

import type { Review } from '../jobs/review/outcome.js';
import { findingLines, heardOf } from '../jobs/review/words.js';
import { cutEnd, sizeIn } from './fit.js';

/** Of a claim, and of its evidence, in data. */
const TEXT_MAX_CHARS = 800;

/**
 * The findings, the worst first, as far as they fit; then how the rest can be read.
 * @param id of a group or job whose result has all of them; undefined if there is none
 */
export function findingsIn(review: Review, id: string | undefined, room: number): string {
  const each = review.findings.map((finding) => findingLines(finding, review).join('\n'));
  const all = each.join('\n');
  if (sizeIn(all) <= room) return all;
  const where = id === undefined ? 'llm_job_result has those of each job' : `llm_job_result{jobId:"${id}"} has all`;
  const rest = (left: number) => `${left} more: ${where}`;
  let size = sizeIn(rest(each.length)) + 1;
  const beyond = each.findIndex((text) => {
    size += sizeIn(text) + 1;
    return size > room;
  });
  return [...each.slice(0, beyond), rest(each.length - beyond)].join('\n');
}

/** A review as data of about `room` characters at most. */
export function reviewData(review: Review, room: number): Record<string, unknown> {
  const { folder, against, files, notShown, reviewers } = review;
  const { heard } = heardOf(review);
  const findings = review.findings.map(({ sources: _, claim, evidence, ...finding }) => ({
    ...finding,
    claim: cutEnd(claim, TEXT_MAX_CHARS),
    evidence: cutEnd(evidence, TEXT_MAX_CHARS),
  }));
  const data = {
    ...{ folder, against, files, notShown },
    answered: heard.map(({ name }) => name),
    missing: Object.fromEntries(
      reviewers.flatMap(({ name, missing }) => (missing === undefined ? [] : [[name, missing]])),
    ),
    dropped: heard.reduce((sum, each) => sum + each.dropped, 0),
  };
  let size = JSON.stringify(data).length;
  const beyond = findings.findIndex((finding) => {
    size += JSON.stringify(finding).length + 1;
    return size > room;
  });
  return beyond === -1
    ? { ...data, findings }
    : { ...data, findings: findings.slice(0, beyond), more: findings.length - beyond };
}
