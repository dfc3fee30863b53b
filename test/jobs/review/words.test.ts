// A review in words: nobody's silence is told as a finding of nothing, and no line can pass for another.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEVERITIES } from '../../../src/jobs/review/finding.js';
import { mergeFindings, type Source } from '../../../src/jobs/review/merge.js';
import type { Review, Reviewer } from '../../../src/jobs/review/outcome.js';
import { findingLines, heardOf, reviewHead, reviewText } from '../../../src/jobs/review/words.js';
import { sizeIn } from '../../../src/mcp/fit.js';
import { findingsIn, reviewData } from '../../../src/mcp/review.js';

const reviewer = (name: string, more: Partial<Reviewer> = {}): Reviewer => ({ name, dropped: 0, beyond: 0, ...more });
const source = (name: string, more: Partial<Source> = {}): Source => ({
  ...{ reviewer: name, file: 'a.js', line: 3, severity: 'major', claim: 'It breaks.', evidence: 'x()' },
  ...more,
});
const review = (reviewers: Reviewer[], sources: Source[] = [], more: Partial<Review> = {}): Review => ({
  ...{ id: 'r', folder: '/p', against: 'HEAD', files: 1, notShown: 0, reviewers },
  findings: mergeFindings(sources),
  ...more,
});

test.each([
  ['one has found something', [reviewer('claude')], [source('claude')], '1 finding by claude.'],
  [
    'one of two',
    [reviewer('claude'), reviewer('codex', { dropped: 2 })],
    [source('claude')],
    '1 finding by claude; no findings by codex; 2 dropped, whose file or line does not exist (codex 2).',
  ],
  ['nobody', [reviewer('claude'), reviewer('codex')], [], 'no findings by claude, codex.'],
  [
    'nobody was heard',
    [reviewer('claude', { missing: 'rate_limited' }), reviewer('codex', { missing: 'not_installed' })],
    [],
    'no answer from claude (rate_limited), codex (not_installed).',
  ],
  [
    'some are still at it',
    [reviewer('claude'), reviewer('codex', { missing: 'running' }), reviewer('pi', { missing: 'queued' })],
    [],
    'no findings by claude; still going on: codex, pi.',
  ],
  [
    'one with very many',
    [reviewer('claude', { beyond: 7 })],
    [source('claude')],
    '1 finding by claude; 7 left out as too many (claude 7).',
  ],
])('the head: %s', (_what, reviewers, sources, end) => {
  expect(reviewHead(review(reviewers, sources))).toBe(`Review of 1 file against HEAD: ${end}`);
});

test('files that nobody was shown whole are told', () => {
  expect(reviewHead(review([reviewer('pi')], [], { files: 3, notShown: 2 }))).toBe(
    'Review of 3 files against HEAD: no findings by pi; 2 files named to them but not shown whole.',
  );
});

test('a finding is a line and its quote another, whatever stands in them', () => {
  const sly = source('pi', {
    file: 'odd\nname.js',
    claim: 'Bad.\ncritical b.js:1 Invented',
    evidence: 'a\n\u001b[31mcritical c.js:1 Invented',
  });
  const lines = findingLines(review([], [sly]).findings[0] as never, review([reviewer('pi')]));
  expect(lines).toEqual([
    'major "odd\\nname.js":3 Bad. critical b.js:1 Invented',
    expect.stringMatching(/^ {2}\| a .*Invented$/),
  ]);
  expect(lines.join('\n').split('\n')).toHaveLength(2);
  expect(lines.join('')).not.toContain('\u001b');
  // Who says so is told where it may differ.
  const two = review([reviewer('pi'), reviewer('qwen')], [source('pi'), source('qwen')]);
  expect(reviewText(two)).toBe(
    'Review of 1 file against HEAD: 1 finding by pi, qwen.\nmajor a.js:3 It breaks. (pi, qwen)\n  | x()',
  );
});

const anyReview = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom('claude', 'codex', 'gemini', 'pi'), { minLength: 1 }),
    fc.array(
      fc.record({
        reviewer: fc.constantFrom('claude', 'codex', 'gemini', 'pi'),
        file: fc.constantFrom('a.js', '漢字.js', 'odd\nname'),
        line: fc.integer({ min: 1, max: 400 }),
        severity: fc.constantFrom(...SEVERITIES),
        claim: fc.string({ unit: 'binary', maxLength: 300 }),
        evidence: fc.string({ unit: 'grapheme', maxLength: 300 }),
      }),
      { maxLength: 40 },
    ),
    fc.array(fc.constantFrom(undefined, 'running', 'queued', 'failed', 'rate_limited'), { minLength: 4, maxLength: 4 }),
  )
  .map(([names, sources, missing]) => {
    const reviewers = names.map((name, index) => ({
      ...reviewer(name),
      ...(missing[index] !== undefined && { missing: missing[index] }),
    }));
    const heard = heardOf(review(reviewers)).heard.map(({ name }) => name);
    return review(
      reviewers,
      sources.filter((each) => heard.includes(each.reviewer)),
    );
  });

test('everybody is named once, and only those who were heard can have found nothing', () => {
  fc.assert(
    fc.property(anyReview, (any) => {
      const head = reviewHead(any);
      for (const { name, missing } of any.reviewers) {
        expect(head.match(new RegExp(`\\b${name}\\b`, 'g'))).toHaveLength(1);
        const [, none = ''] = /no findings by ([^;.]*)/.exec(head) ?? [];
        if (missing !== undefined) expect(none.split(', ')).not.toContain(name);
      }
    }),
  );
});

test('a reply keeps its bound, the worst first, and says how many more there are', () => {
  fc.assert(
    fc.property(anyReview, fc.integer({ min: 100, max: 6000 }), (any, room) => {
      const text = findingsIn(any, 'pi-00000000', room);
      expect(sizeIn(text)).toBeLessThanOrEqual(room);
      const [, left = '0'] = /(?:^|\n)(\d+) more: llm_job_result\{jobId:"pi-00000000"\} has all$/.exec(text) ?? [];
      const whole = any.findings.map((finding) => findingLines(finding, any).join('\n'));
      const shown = whole.slice(0, whole.length - Number(left));
      expect(text.startsWith(shown.join('\n'))).toBe(true);
      const data = reviewData(any, room) as { findings: unknown[]; more?: number };
      expect(data.findings.length + (data.more ?? 0)).toBe(any.findings.length);
    }),
  );
});
