// Shows a change of text as one hunk of a unified diff. Only the line before and after goes along, and long lines are
// cut to what changed in them: these files hold other servers' keys, and some are one line of megabytes.

const CONTEXT = 1;
const WIDTH = 160;
const RUN_UP = 40;

/** The changed lines of `after` against `before` (undefined: there was no file). */
export function diff(before: string | undefined, after: string): string {
  const old = lines(before ?? '');
  const now = lines(after);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;

  const from = Math.max(0, head - CONTEXT);
  const gone = old.slice(head, old.length - tail);
  const come = now.slice(head, now.length - tail);
  const start = Math.max(0, firstDifference(gone[0], come[0]) - RUN_UP);
  const behind = old.slice(old.length - tail, old.length - tail + CONTEXT);
  const context = head - from + behind.length;
  return [
    `@@ -${old.length > 0 ? from + 1 : 0},${gone.length + context} +${from + 1},${come.length + context} @@`,
    ...old.slice(from, head).map((line) => `  ${cut(line, 0)}`),
    ...gone.map((line) => `- ${cut(line, start)}`),
    ...come.map((line) => `+ ${cut(line, start)}`),
    ...behind.map((line) => `  ${cut(line, 0)}`),
  ].join('\n');
}

function lines(text: string): string[] {
  const all = text.split(/\r?\n/);
  return all.at(-1) === '' ? all.slice(0, -1) : all;
}

function firstDifference(a = '', b = ''): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index++;
  return index;
}

function cut(line: string, start: number): string {
  if (line.length <= WIDTH) return line;
  const stop = start + WIDTH;
  return `${start > 0 ? '…' : ''}${line.slice(start, stop)}${stop < line.length ? '…' : ''}`;
}
