// On which line of a TOML file a key stands. The parser gives values without their places, and an error without a
// line sends a person searching.

/**
 * The line of a key, from 1; the nearest enclosing table's where the key itself has no line of its own (an inline
 * table, a list); undefined where neither is found. Numbers in the path count the tables of a list, from 0.
 */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  const counts = new Map<string, number>();
  let table: string[] = [];
  let open = 0;
  let best: { line: number; depth: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '""').replace(/#.*/, '');
    const header = open === 0 ? /^\s*(\[\[?)\s*([^\]]+?)\s*\]/.exec(line) : null;
    const key = open === 0 && !header ? /^\s*([\w."'-]+(?:\s*\.\s*[\w."'-]+)*)\s*=/.exec(line)?.[1] : undefined;
    // Lines within a list that goes on are no keys.
    if (!header) open = Math.max(0, open + balance(bare));
    if (header) table = tableOf(header, counts);
    else if (key === undefined) continue;
    const here = key === undefined ? table : [...table, ...parts(key)];
    const isPrefix = here.length <= path.length && here.every((part, at) => part === path[at]);
    if (isPrefix && (!best || here.length > best.depth)) best = { line: index + 1, depth: here.length };
  }
  return best?.line;
}

function tableOf([, bracket, name = '']: RegExpExecArray, counts: Map<string, number>): string[] {
  const path = parts(name);
  if (bracket !== '[[') return path;
  const number = counts.get(path.join('\0')) ?? 0;
  counts.set(path.join('\0'), number + 1);
  return [...path, String(number)];
}

/** How many brackets a line leaves open. */
function balance(line: string): number {
  const value = line.slice(line.indexOf('=') + 1);
  return (value.match(/[[{]/g)?.length ?? 0) - (value.match(/[\]}]/g)?.length ?? 0);
}

function parts(key: string): string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|[\w-]+/g)].map(([bare, double, single]) => double ?? single ?? bare);
}
