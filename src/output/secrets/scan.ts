// Finds secrets in one text. Runs in a thread of its own (secrets-worker.ts); see scanner.ts for what ends it.
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import { formsOf } from './known.js';
import { CUT_PATTERNS, PATTERNS, type Pattern, RANDOM_RUN, STRICT_PATTERNS } from './patterns.js';
import { keySpans } from './pem.js';
import { merged, type Span } from './spans.js';
import { unescapedViews } from './unescaped.js';

export interface ScanOptions {
  /** Also what only looks like a secret. */
  strict: boolean;
  /** Values that are secrets wherever they stand. */
  known: readonly string[];
}

/** How much of a value's beginning, cut off by a text's end, is masked. */
const KNOWN_CUT_MIN_CHARS = 6;

/** What a rule of secretlint 12 gets and gives, as far as it matters here. */
interface Rule {
  meta: { id: string };
  create(context: object, options: object): { file?(source: object): unknown };
}

/** By this rule, a comment in the text switches the others off: the text is a stranger's. */
const COMMENT_FILTER = '@secretlint/secretlint-rule-filter-comments';

let reported: Span[] = [];
// The rules without @secretlint/core: it would measure, sort, locate and translate every finding.
const secretlint = (rules as unknown as Rule[])
  .filter(({ meta }) => meta.id !== COMMENT_FILTER)
  .map((rule) =>
    rule.create(
      {
        sharedOptions: {},
        createTranslator: () => (messageId: string) => ({ messageId, message: '' }),
        ignore: () => {},
        report: ({ range }: { range: Span }) => reported.push([range[0], range[1]]),
      },
      { allows: [] },
    ),
  );

/** Where the secrets stand, in order and without overlaps. */
export function scan(text: string, { strict, known }: ScanOptions): Span[] {
  const patterns = strict ? [...PATTERNS, ...CUT_PATTERNS, ...STRICT_PATTERNS] : [...PATTERNS, ...CUT_PATTERNS];
  const look = (view: string): Span[] => [
    ...bySecretlint(view),
    ...patterns.flatMap((pattern) => byPattern(view, pattern)),
    ...keySpans(view),
    ...(strict ? byRandomness(view) : []),
    ...byValue(view, known),
  ];
  const spans = look(text);
  for (const view of unescapedViews(text)) {
    for (const [start, end] of look(view.text)) spans.push([view.at[start] ?? 0, view.at[end] ?? text.length]);
  }
  return merged(spans);
}

function bySecretlint(content: string): Span[] {
  reported = [];
  // The extension decides whether a rule of its own looks into a file on disk: there is none.
  const source = { content, filePath: '', ext: '', contentType: 'text' };
  for (const { file } of secretlint) file?.(source);
  return reported;
}

function byPattern(text: string, { find }: Pattern): Span[] {
  return [...text.matchAll(find)].map((match) => {
    // Of a pattern with groups, what the first one holds.
    const [start, end] = match.indices?.[1] ?? [match.index, match.index + match[0].length];
    return [start, end];
  });
}

function byValue(text: string, known: readonly string[]): Span[] {
  const spans: Span[] = [];
  for (const form of known.flatMap(cachedForms)) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
      spans.push([at, at + form.length]);
    }
    const cut = beginningAtEnd(text, form);
    if (cut > 0) spans.push([text.length - cut, text.length]);
  }
  return spans;
}

/** How many characters at the text's end (or before its ellipsis) begin this value. */
function beginningAtEnd(text: string, form: string): number {
  const dots = /(?:…|\xe2\x80\xa6|\.{3})["'\s]*$/.exec(text.slice(-8))?.[0].length ?? 0;
  const tail = text.slice(Math.max(0, text.length - dots - form.length), text.length - dots);
  for (let length = Math.min(form.length - 1, tail.length); length >= KNOWN_CUT_MIN_CHARS; length -= 1) {
    if (form.startsWith(tail.slice(-length))) return length + dots;
  }
  return 0;
}

const forms = new Map<string, string[]>();
function cachedForms(value: string): string[] {
  const made = forms.get(value) ?? formsOf(value);
  forms.set(value, made);
  return made;
}

function byRandomness(text: string): Span[] {
  return [...text.matchAll(RANDOM_RUN)]
    .filter(([run]) => looksRandom(run))
    .map(({ index, 0: run }) => [index, index + run.length]);
}

/** Letters of both cases and digits, as mixed as in a key: no path of words, no hash, no UUID. */
export function looksRandom(run: string): boolean {
  const longest = run.split(/[/_-]/).sort((a, b) => b.length - a.length)[0] ?? '';
  if (longest.length < 16 || /^[0-9a-f]+$/i.test(longest)) return false;
  if (!/[a-z]/.test(run) || !/[A-Z]/.test(run) || !/[0-9]/.test(run)) return false;
  return bitsPerCharacter(run.slice(0, 256)) >= 3.8;
}

function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
}
