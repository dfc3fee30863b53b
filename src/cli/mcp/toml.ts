// Sets and removes one table in TOML text, comments and all, and keeps every other byte. Whatever was done is parsed
// again: a file that is written so that the result would not be what was meant is refused. Knows nothing of MCP.
import { isDeepStrictEqual } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { messageOf } from '../../errors.js';
import { type Statement, statementsOf } from './toml-statements.js';

type Value = string | readonly string[] | Readonly<Record<string, string>>;
/** What stands in a table: texts, lists of texts, and tables of texts. */
export type Fields = Readonly<Record<string, Value>>;

/** The text is not what was expected; the message names the line. */
export class TomlTextError extends Error {}

/** The text with these fields in the table at `path`; other fields of it stay. Throws TomlTextError. */
export function setTable(text: string, path: readonly string[], fields: Fields): string {
  const before = read(text);
  const there = at(before, path);
  if (there !== undefined && (typeof there !== 'object' || there === null)) throw odd(text, path);
  const wanted = merged(there, fields);
  if (isDeepStrictEqual(there, wanted)) return text;
  const edited = there === undefined ? appended(text, path, fields) : updated(text, path, fields, there);
  return checked(text, path, edited, [put(before, path, wanted)]);
}

/** The text without the table at `path` and those below it; the same text if there is none. Throws TomlTextError. */
export function unsetTable(text: string, path: readonly string[]): string {
  const before = read(text);
  if (at(before, path) === undefined) return text;
  const without = put(before, path, undefined);
  // The tables around it may have been there through it alone.
  const rest = at(without, path.slice(0, -1));
  const bare = Object.keys(rest ?? {}).length === 0 ? [put(without, path.slice(0, -1), undefined)] : [];
  return checked(text, path, cut(text, path), [without, ...bare]);
}

/** What stands at `path`. Throws TomlTextError for a broken text. */
export function valueAt(text: string, path: readonly string[]): unknown {
  return at(read(text), path);
}

function read(text: string): Record<string, unknown> {
  try {
    return plain(parse(text, { integersAsBigInt: 'asNeeded' })) as Record<string, unknown>;
  } catch (error) {
    // Its message goes on with the source, in which keys may stand.
    const [why = ''] = messageOf(error).split('\n', 1);
    const place = error instanceof TomlError ? ` at line ${error.line}, column ${error.column}` : '';
    throw new TomlTextError(`not valid TOML${place}: ${why.replace(/^Invalid TOML document: /, '')}`);
  }
}

/** The parser's tables have no prototype, which an exact comparison minds. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function appended(text: string, path: readonly string[], fields: Fields): string {
  const eol = eolOf(text);
  const inner = Object.entries(fields).filter(([, value]) => isTable(value));
  const plain = Object.entries(fields).filter(([, value]) => !isTable(value));
  const tables = [
    [path, plain] as const,
    ...inner.map(([key, table]) => [[...path, key], Object.entries(table)] as const),
  ];
  const blocks = tables.map(([name, rows]) =>
    [`[${name.map(keyOf).join('.')}]`, ...rows.map(([key, value]) => `${keyOf(key)} = ${toml(value)}`), ''].join(eol),
  );
  const gap = text.trim() === '' ? '' : text.endsWith('\n') ? eol : eol + eol;
  return text + gap + blocks.join(eol);
}

function updated(text: string, path: readonly string[], fields: Fields, there: object): string {
  const statements = statementsOf(text);
  const header = statements.find((each) => each.kind === 'table' && isDeepStrictEqual(each.path, path));
  const rows: [readonly string[], Value][] = [];
  const edits: { from: number; to: number; text: string }[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const inner = statements.some((each) => isDeepStrictEqual(each.path.slice(0, path.length + 1), [...path, key]));
    const inline = statements.find((each) => each.kind === 'key' && isDeepStrictEqual(each.path, [...path, key]));
    if (!isTable(value)) rows.push([[...path, key], value]);
    // `env = { … }`, and where there is none yet: as a whole.
    else if (inline || !inner) rows.push([[...path, key], { ...(at(there, [key]) as object | undefined), ...value }]);
    else
      rows.push(
        ...Object.entries(value).map(([name, text]): [readonly string[], Value] => [[...path, key, name], text]),
      );
  }
  for (const [full, value] of rows) {
    const found = statements.find((each) => each.kind === 'key' && isDeepStrictEqual(each.path, full));
    if (found) {
      edits.push({ from: found.value, to: found.end, text: toml(value) });
      continue;
    }
    const home = statements.find((each) => each.kind === 'table' && isDeepStrictEqual(each.path, full.slice(0, -1)));
    const table = home ?? header;
    if (!table) throw odd(text, path);
    const words = full.slice(table.path.length).map(keyOf).join('.');
    const line = endOfLine(text, table.end);
    const lead = text[line - 1] === '\n' ? '' : eolOf(text);
    edits.push({ from: line, to: line, text: `${lead}${words} = ${toml(value)}${eolOf(text)}` });
  }
  return edits
    .sort((a, b) => b.from - a.from)
    .reduce((done, edit) => done.slice(0, edit.from) + edit.text + done.slice(edit.to), text);
}

/** Takes out the table and those below it: from their header to their last line. */
function cut(text: string, path: readonly string[]): string {
  const statements = statementsOf(text);
  const ours = (each: Statement) => isDeepStrictEqual(each.path.slice(0, path.length), path);
  let left = text;
  for (const [index, each] of [...statements.entries()].reverse()) {
    if (each.kind !== 'table' || !ours(each)) continue;
    const next = statements.findIndex((other, at) => at > index && other.kind !== 'key');
    const last = statements[(next < 0 ? statements.length : next) - 1] ?? each;
    let from = left.lastIndexOf('\n', each.start - 1) + 1;
    let to = endOfLine(left, last.end);
    // One blank line of the two that would meet, and the one that stood before an end.
    const blank = /(?:^|\n)(\r?\n)$/.exec(left.slice(0, from))?.[1];
    if (blank && (/^\r?\n/.test(left.slice(to)) || to === left.length)) from -= blank.length;
    else if (from === 0) to += /^\r?\n/.exec(left.slice(to))?.[0].length ?? 0;
    left = left.slice(0, from) + left.slice(to);
  }
  return left;
}

function checked(text: string, path: readonly string[], edited: string, wanted: readonly unknown[]): string {
  try {
    const after = read(edited);
    if (wanted.some((each) => isDeepStrictEqual(after, each))) return edited;
  } catch {
    // Said below.
  }
  throw odd(text, path);
}

function odd(text: string, path: readonly string[]): TomlTextError {
  const common = (other: readonly string[]) => path.filter((key, index) => key === other[index]).length;
  const nearest = statementsOf(text).sort((a, b) => common(b.path) - common(a.path))[0];
  const line = text.slice(0, nearest?.start ?? 0).split('\n').length;
  return new TomlTextError(`line ${line}: ${path.join('.')} is written so that it can only be edited by hand`);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** A copy in which `value` stands at `path`; without the key where it is undefined. */
function put(root: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = { ...(root as Record<string, unknown> | undefined) };
  const inner = put(copy[key], rest, value);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

function merged(there: unknown, fields: Fields): Record<string, unknown> {
  const inner = Object.entries(fields).map(([key, value]) => [
    key,
    isTable(value) ? { ...(at(there, [key]) as object | undefined), ...value } : value,
  ]);
  return { ...(there as object | undefined), ...Object.fromEntries(inner) };
}

const isTable = (value: Value): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && !Array.isArray(value);
const keyOf = (key: string) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));
const eolOf = (text: string) => (text.includes('\r\n') ? '\r\n' : '\n');
/** JSON's texts are TOML's, but for DEL, which no path of ours has. */
function toml(value: Value): string {
  if (!isTable(value)) return typeof value === 'string' ? JSON.stringify(value) : `[${value.map(toml).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, text]) => `${keyOf(key)} = ${toml(text)}`);
  return pairs.length > 0 ? `{ ${pairs.join(', ')} }` : '{}';
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}
