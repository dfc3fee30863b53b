// On which line of a TOML file a key stands. The parser gives values without their places, and an error without a
// line sends a person searching.

/**
 * The line of a key, from 1; the nearest enclosing table's where the key itself has no line of its own (an inline
 * table, an array); undefined where neither is found.
 */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  let table: string[] = [];
  let best: { line: number; depth: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?/.exec(line)?.[1];
    const key = header === undefined ? /^\s*([\w."'-]+(?:\s*\.\s*[\w."'-]+)*)\s*=/.exec(line)?.[1] : undefined;
    if (header === undefined && key === undefined) continue;
    if (header !== undefined) table = parts(header);
    const here = key === undefined ? table : [...table, ...parts(key)];
    // Numbers are places in an array of tables, which its headers do not name.
    const wanted = path.filter((part) => !/^\d+$/.test(part));
    const isPrefix = here.length <= wanted.length && here.every((part, at) => part === wanted[at]);
    if (isPrefix && (!best || here.length > best.depth)) best = { line: index + 1, depth: here.length };
  }
  return best?.line;
}

function parts(key: string): string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|[\w-]+/g)].map(([bare, double, single]) => double ?? single ?? bare);
}
