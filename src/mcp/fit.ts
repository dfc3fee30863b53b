// Keeping a reply within what every client takes: clients cut or refuse longer ones, and then it is chance what the model
// is shown (Claude Code: 25,000 tokens).
import type { JobView } from '../jobs/view.js';
import { maskedSlice, type Span } from '../output/secrets/spans.js';

/** Size of one reply, as `sizeIn` counts. */
export const REPLY_MAX_CHARS = 38_000;
/** Characters of an error or a note: it may quote what the caller has written, at any length. */
export const ERROR_MAX_CHARS = 1500;
/** Characters to which the texts of a list's jobs are cut, until the list fits. */
const TEXT_LENGTHS = [400, 200, 100, 60, 40, 20];

/** How much of a reply a text takes: its characters, or more where a tokenizer makes about a token of each (CJK). */
export function sizeIn(text: string): number {
  return Math.max(text.length, Math.ceil(Buffer.byteLength(text) * 0.6));
}

/** A text without what is beyond `max` characters. */
export function cutEnd(text: string, max: number): string {
  return text.length > max ? `${wholeCharacters(text.slice(0, max - 1))}…` : text;
}

/** Jobs as data of at most `max` characters; where there are many, their texts are cut. */
export function fitViews(views: JobView[], max: number): JobView[] {
  let fitted = views;
  for (const length of TEXT_LENGTHS) {
    if (JSON.stringify(fitted).length <= max) break;
    fitted = views.map((view) => {
      const entries = Object.entries(view).map(([name, value]) => [
        name,
        isText(name, value) ? cutEnd(value, length) : value,
      ]);
      return Object.fromEntries(entries) as JobView;
    });
  }
  return fitted;
}

/** Ids and times are nothing when cut. */
function isText(name: string, value: unknown): value is string {
  return typeof value === 'string' && !['jobId', 'groupId', 'continues', 'createdAt', 'resetsAt'].includes(name);
}

/**
 * A long answer with its middle cut out: the question is answered at the end, and set out at the beginning.
 * @param secrets what is masked of it; offsets count the answer as it is
 */
export function cutMiddle(
  text: string,
  max: number,
  jobId: string,
  view?: string,
  secrets: readonly Span[] = [],
): string {
  const size = sizeIn(text);
  if (size <= max) return maskedSlice(text, secrets);
  const room = Math.floor((max - 160) * (text.length / size));
  // No room for anything but the header above it.
  if (room < 200) return '';
  const head = wholeCharacters(text.slice(0, Math.floor(room * 0.6)));
  const tail = text.slice(text.length - Math.floor(room * 0.4)).replace(/^[\udc00-\udfff]/, '');
  const offset = Buffer.byteLength(head);
  const bytes = Buffer.byteLength(text) - offset - Buffer.byteLength(tail);
  const where = view ? `view:"${view}"` : `offset:${offset}`;
  const shownHead = maskedSlice(text, secrets, 0, head.length);
  const shownTail = maskedSlice(text, secrets, text.length - tail.length);
  return `${shownHead}\n[… ${bytes} bytes cut; llm_job_result{jobId:"${jobId}", ${where}} reads on …]\n${shownTail}`;
}

function wholeCharacters(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}
