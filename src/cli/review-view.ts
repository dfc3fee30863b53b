// A review as a person sees it: each finding with its place, the worst first, and at the end the whole in a sentence.
import { join, relative } from 'node:path';
import type { Severity } from '../jobs/review/finding.js';
import type { Merged } from '../jobs/review/merge.js';
import type { Review } from '../jobs/review/outcome.js';
import { shownPath } from '../jobs/review/show.js';
import { findingWords, reviewHead } from '../jobs/review/words.js';
import { visible } from '../output/printable.js';
import { paint, type Style } from './terminal.js';

const STYLES: Record<Severity, Style> = {
  critical: ['bold', 'red'],
  major: 'red',
  minor: 'yellow',
  nit: 'dim',
};

/** @param cwd where the person is: files are named from there */
export function reviewForPerson(review: Review, cwd: string): string {
  return [
    ...review.findings.map((finding) => findingText(finding, review, cwd)),
    `${visible(reviewHead(review))}\n`,
  ].join('\n');
}

function findingText(finding: Merged, review: Review, cwd: string): string {
  const { severity, file, line } = finding;
  const { claim, evidence, by } = findingWords(finding, review);
  const place = `${shownPath(relative(cwd, join(review.folder, file)))}:${line}`;
  const head = [paint(STYLES[severity], severity), paint('bold', visible(place)), paint('dim', visible(by))];
  const quote = evidence === '' ? [] : [paint('dim', `  | ${visible(evidence)}`)];
  return `${[head.filter(Boolean).join('  '), `  ${visible(claim)}`, ...quote].join('\n')}\n`;
}
