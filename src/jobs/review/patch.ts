// Reads what `git diff` prints. Pure. Lines of a hunk are counted, not guessed, so nothing that stands in a file can pass
// for a header.

/** Lines with their sign; of those that are left or new, the number in the new file. */
export interface PatchLine {
  sign: ' ' | '+' | '-';
  /** In the new file; of a line that was taken out, of the line that came after it. */
  number: number;
  text: string;
}

export interface Hunk {
  /** What git names as the place: the function around it. */
  place: string;
  lines: PatchLine[];
}

export interface FilePatch {
  path: string;
  /** Where it was before. */
  oldPath?: string;
  change: 'modified' | 'added' | 'deleted' | 'renamed' | 'copied';
  /** Of the file's mode, if that is all or part of the change. */
  mode?: string;
  binary: boolean;
  submodule: boolean;
  hunks: Hunk[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/s;

/** @param text as printed with the prefixes a/ and b/; what was cut off at its end is left out */
export function parsePatch(text: string): FilePatch[] {
  const lines = text.split('\n');
  const patches: FilePatch[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] as string;
    const current = patches.at(-1);
    if (line.startsWith('diff --git ')) {
      const path = pathIn(line.slice(11));
      patches.push({ path, change: 'modified', binary: false, submodule: false, hunks: [] });
      at += 1;
    } else if (current && HUNK.test(line)) {
      const { hunk, next } = readHunk(lines, at);
      current.hunks.push(hunk);
      at = next;
    } else {
      if (current) readHeader(current, line);
      at += 1;
    }
  }
  return patches;
}

function readHeader(patch: FilePatch, line: string): void {
  const [, word = '', rest = ''] =
    /^(new file mode|deleted file mode|old mode|new mode|rename from|rename to|copy from|copy to|index|Binary files|GIT binary patch)\s?(.*)$/s.exec(
      line,
    ) ?? [];
  if (rest.endsWith('160000') && word !== 'old mode') patch.submodule = true;
  if (word === 'new file mode') patch.change = 'added';
  if (word === 'deleted file mode') patch.change = 'deleted';
  if (word === 'new mode') patch.mode = rest;
  if (word === 'rename from' || word === 'copy from') {
    patch.oldPath = unquoted(rest);
    patch.change = word === 'copy from' ? 'copied' : 'renamed';
  }
  if (word === 'rename to' || word === 'copy to') patch.path = unquoted(rest);
  if (word === 'Binary files' || word === 'GIT binary patch') patch.binary = true;
}

function readHunk(lines: readonly string[], start: number): { hunk: Hunk; next: number } {
  const [, , oldCount = '1', newStart = '1', newCount = '1', place = ''] = HUNK.exec(lines[start] as string) ?? [];
  const hunk: Hunk = { place, lines: [] };
  let [oldLeft, newLeft, number] = [Number(oldCount), Number(newCount), Number(newStart)];
  // Where nothing is left, git names the line before.
  if (newLeft === 0) number += 1;
  let at = start + 1;
  for (; at < lines.length && (oldLeft > 0 || newLeft > 0); at += 1) {
    const line = lines[at] as string;
    // Some have git leave out the blank before an empty line.
    const sign = line === '' ? ' ' : line[0];
    if (sign === '\\') continue;
    if (sign !== ' ' && sign !== '+' && sign !== '-') break;
    hunk.lines.push({ sign, number, text: line.slice(1) });
    if (sign !== '+') oldLeft -= 1;
    if (sign !== '-') {
      newLeft -= 1;
      number += 1;
    }
  }
  return { hunk, next: at };
}

/** The path in `a/PATH b/PATH`: both are the same, except for renames, which say theirs below. */
function pathIn(both: string): string {
  const half = both.slice(0, (both.length - 1) / 2);
  return unquoted(half).replace(/^a\//, '');
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A path as git quotes it where it holds a quote, a backslash or a control character. */
function unquoted(path: string): string {
  if (!path.startsWith('"') || !path.endsWith('"')) return path;
  return path.slice(1, -1).replaceAll(/\\(?:([0-7]{3})|(.))/gs, (_, octal?: string, letter = '') => {
    return octal === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8));
  });
}
