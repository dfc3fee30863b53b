// A text as it reads without the escapes of JSON and of terminals, with the way back: `\nghp_…` hides where a token
// begins, `\/` and `\u002b` stand within one, and a key's lines are joined by `\n`.

export interface View {
  text: string;
  /** For each character, and for the end, its index in the original. */
  at: Uint32Array;
}

const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  '/': '/',
  "'": "'",
};
const TERMINAL_CODE = /\[[0-9;?]{0,20}[A-Za-z]/y;
const HEX4 = /[0-9a-fA-F]{4}/y;

/**
 * The views in which a text has to be looked at beside its own: none if nothing in it is escaped.
 * Backslashes before an escape are taken together, so that JSON within JSON reads the same.
 */
export function unescapedViews(text: string): View[] {
  const hasCodes = text.includes('\u001b') || text.includes('\\u001b') || text.includes('\\x1b');
  if (!hasCodes && !text.includes('\\')) return [];
  // A colour ends what stands before it; or it stands within a token of which a part was highlighted.
  return hasCodes ? [unescaped(text, ' '), unescaped(text, '')] : [unescaped(text, '')];
}

function unescaped(text: string, forCode: string): View {
  const at = new Uint32Array(text.length + 1);
  const parts: string[] = [];
  let length = 0;
  let index = 0;
  let plainFrom = 0;
  /** What was copied as it is until now. */
  const flush = (end: number) => {
    if (end > plainFrom) parts.push(text.slice(plainFrom, end));
    for (let i = plainFrom; i < end; i += 1) at[length++] = i;
  };
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code !== 0x5c && code !== 0x1b) {
      index += 1;
      continue;
    }
    const { put, end } = code === 0x1b ? terminalCode(text, index + 1, forCode) : withoutEscape(text, index, forCode);
    flush(index);
    if (put !== '') {
      parts.push(put);
      at[length++] = index;
    }
    index = end;
    plainFrom = end;
  }
  flush(text.length);
  at[length] = text.length;
  return { text: parts.join(''), at: at.subarray(0, length + 1) };
}

function withoutEscape(text: string, start: number, forCode: string): { put: string; end: number } {
  let end = start;
  while (text.charCodeAt(end) === 0x5c) end += 1;
  const letter = text[end] ?? '';
  const plain = ESCAPED[letter];
  if (plain !== undefined) return { put: plain, end: end + 1 };
  if (text.startsWith('x1b', end)) return terminalCode(text, end + 3, forCode);
  HEX4.lastIndex = end + 1;
  if (letter !== 'u' || !HEX4.test(text)) return { put: '\\', end };
  const char = Number.parseInt(text.slice(end + 1, end + 5), 16);
  if (char === 0x1b) return terminalCode(text, end + 5, forCode);
  return { put: String.fromCharCode(char), end: end + 5 };
}

function terminalCode(text: string, after: number, forCode: string): { put: string; end: number } {
  TERMINAL_CODE.lastIndex = after;
  return { put: forCode, end: TERMINAL_CODE.test(text) ? TERMINAL_CODE.lastIndex : after };
}
