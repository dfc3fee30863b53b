// Where the headers and the keys of a TOML text stand. For text that a parser has found valid; it checks nothing.

export interface Statement {
  /** `[a.b]`, `[[a.b]]`, or `b = …`. */
  readonly kind: 'table' | 'list' | 'key';
  /** From the outermost table inwards; of a key with the table it is in. */
  readonly path: readonly string[];
  readonly start: number;
  /** Of a key: where its value begins. */
  readonly value: number;
  /** Behind the header, or behind the value. */
  readonly end: number;
}

/** All of them, in their order. */
export function statementsOf(text: string): Statement[] {
  const found: Statement[] = [];
  let table: readonly string[] = [];
  let start = skip(text, 0);
  while (start < text.length) {
    if (text[start] === '[') {
      const double = text[start + 1] === '[';
      const from = start + (double ? 2 : 1);
      const close = plainUntil(text, from, (char) => char === ']');
      table = partsOf(text.slice(from, close));
      const end = close + (double ? 2 : 1);
      found.push({ kind: double ? 'list' : 'table', path: table, start, value: end, end });
      start = skip(text, end);
      continue;
    }
    const equals = plainUntil(text, start, (char) => char === '=');
    const value = equals + 1 + (/^[ \t]*/.exec(text.slice(equals + 1))?.[0].length ?? 0);
    const end = endOfValue(text, value);
    found.push({ kind: 'key', path: [...table, ...partsOf(text.slice(start, equals))], start, value, end });
    start = skip(text, end);
  }
  return found;
}

/** Past blanks, line ends and comments. */
function skip(text: string, offset: number): number {
  return offset + (/^(?:\s|#[^\n]*)*/.exec(text.slice(offset))?.[0].length ?? 0);
}

/** The first place outside of quotes where `stop` holds. */
function plainUntil(text: string, offset: number, stop: (char: string) => boolean): number {
  let at = offset;
  while (at < text.length && !stop(text[at] ?? '')) at = afterPiece(text, at);
  return at;
}

function endOfValue(text: string, offset: number): number {
  let depth = 0;
  let at = offset;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (depth === 0 && (char === '\n' || char === '#')) break;
    if (char === '#') at = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    if (char === '[' || char === '{') depth += 1;
    if (char === ']' || char === '}') depth -= 1;
    at = afterPiece(text, at);
  }
  return offset + text.slice(offset, at).trimEnd().length;
}

/** Behind the text that is quoted here, or behind this one character. */
function afterPiece(text: string, at: number): number {
  const rest = text.slice(at);
  const quoted =
    /^"""(?:[^\\]|\\[\s\S])*?"{3,5}/.exec(rest) ??
    /^'''[\s\S]*?'{3,5}/.exec(rest) ??
    /^"(?:[^"\\\n]|\\.)*"/.exec(rest) ??
    /^'[^'\n]*'/.exec(rest);
  return at + (quoted?.[0].length ?? 1);
}

function partsOf(key: string): string[] {
  return [...key.matchAll(/"(?:[^"\\]|\\.)*"|'([^']*)'|[\w-]+/g)].map(([word, literal]) =>
    word.startsWith('"') ? unescaped(word) : (literal ?? word),
  );
}

/** TOML's escapes are JSON's, and `\U` with eight digits. */
function unescaped(word: string): string {
  try {
    return JSON.parse(word);
  } catch {
    return word;
  }
}
