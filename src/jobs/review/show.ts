// Changes as a reviewer reads them: each line with its number in the new file, within a bound. What does not fit, or is
// not worth it, is named. Pure.
import { shareOut } from '../share-out.js';
import type { FilePatch, Hunk, PatchLine } from './patch.js';

const LINE_MAX_CHARS = 400;
const NAMED_MAX = 200;
/** Where files are so many that each would be shown less than this, the largest are named only. */
const SHARE_MIN_BYTES = 400;

export interface ChangedFile {
  patch: FilePatch;
  /** Why it is named and not shown. */
  hidden?: string;
}

export interface Shown {
  text: string;
  /** Files that are not there whole. */
  notShown: number;
}

/** @param maxBytes of the text, without the names of what is left out; files share it fairly */
export function showChanges(changed: readonly ChangedFile[], maxBytes: number): Shown {
  const files = withoutTooMany(changed, Math.max(1, Math.floor(maxBytes / SHARE_MIN_BYTES)));
  const shown = files.filter(({ hidden }) => hidden === undefined).map(({ patch }) => rowsOf(patch));
  const shares = shareOut(
    shown.map(({ bytes }) => bytes),
    maxBytes,
  );
  let notShown = files.length - shown.length;
  const parts = shown.map(({ header, rows, bytes }, index) => {
    const share = shares[index] as number;
    if (bytes <= share) return [header, ...rows].join('\n');
    notShown += 1;
    return [header, ...beginningOf(header, rows, share)].join('\n');
  });
  const named = files.flatMap(({ patch, hidden }) => (hidden === undefined ? [] : [`${titleOf(patch)}: ${hidden}`]));
  if (named.length > 0) parts.push(['=== named only', ...firstOf(named)].join('\n'));
  return { text: parts.join('\n\n'), notShown };
}

/** What the line takes that tells of the rest of a file. */
const REST_BYTES = 70;

/** No more than so many are shown: those with the shortest patches. */
function withoutTooMany(files: readonly ChangedFile[], most: number): readonly ChangedFile[] {
  const shown = files.filter(({ hidden }) => hidden === undefined);
  if (shown.length <= most) return files;
  const lengthOf = ({ patch }: ChangedFile) => patch.hunks.reduce((sum, { lines }) => sum + lines.length, 0);
  const kept = new Set(shown.sort((a, b) => lengthOf(a) - lengthOf(b)).slice(0, most));
  return files.map((file) =>
    file.hidden !== undefined || kept.has(file) ? file : { ...file, hidden: 'not shown here' },
  );
}

/** A path as one line, whatever stands in it. */
export function shownPath(path: string): string {
  return /[\p{Cc}\p{Zl}\p{Zp}"]|^\s|\s$/u.test(path) ? JSON.stringify(path) : path;
}

function titleOf({ path, oldPath, change, mode }: FilePatch): string {
  const from = oldPath === undefined ? '' : ` from ${shownPath(oldPath)}`;
  return `${shownPath(path)} (${change}${from}${mode === undefined ? '' : `, mode ${mode}`})`;
}

function rowsOf(patch: FilePatch) {
  const header = `=== ${titleOf(patch)}`;
  const rows = patch.hunks.flatMap(hunkRows);
  const bytes = [header, ...rows].reduce((sum, row) => sum + Buffer.byteLength(row) + 1, 0);
  return { header, rows, bytes };
}

function hunkRows({ place, lines }: Hunk): string[] {
  return [`@@ ${cut(place.trim(), 100)}`.trim(), ...lines.map(lineRow)];
}

/** Every row of a file begins with a number or a sign, so that none can pass for one of ours. */
function lineRow({ sign, number, text }: PatchLine): string {
  return `${sign === '-' ? '' : `${number} `}${sign}${cut(text.replace(/\r$/, ''), LINE_MAX_CHARS)}`;
}

function beginningOf(header: string, rows: readonly string[], maxBytes: number): string[] {
  let left = maxBytes - Buffer.byteLength(header) - REST_BYTES;
  const fitting = rows.findIndex((row) => {
    left -= Buffer.byteLength(row) + 1;
    return left < 0;
  });
  const kept = rows.slice(0, Math.max(0, fitting));
  return [...kept, `@@ ${rows.length - kept.length} more lines are not shown; read them in the file`];
}

function firstOf(named: readonly string[]): string[] {
  if (named.length <= NAMED_MAX) return [...named];
  return [...named.slice(0, NAMED_MAX), `and ${named.length - NAMED_MAX} more`];
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
