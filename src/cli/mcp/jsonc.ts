// Sets and removes one value in JSON text, comments and all, and keeps every other byte. jsonc-parser's own `modify`
// (3.3.1) does not: it re-wraps the lines it touches, takes a neighbour's comment along, and makes `{ , }` of
// `{ "a": 1, }`. So only its parser and its `applyEdits` are used. Knows nothing of MCP and of files.
import { isDeepStrictEqual } from 'node:util';
import {
  applyEdits,
  createScanner,
  type Edit,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';

/** The text is not what was expected; the message names the line. */
export class JsonTextError extends Error {}

/** Whether there is a value at `path`. Throws JsonTextError. */
export function has(text: string, path: readonly string[]): boolean {
  const { rest } = walk(text, path);
  return rest.length === 0;
}

/** The value at `path`; undefined if there is none. Throws JsonTextError. */
export function valueIn(text: string, path: readonly string[]): unknown {
  const { node, rest } = walk(text, path);
  return rest.length === 0 ? getNodeValue(node) : undefined;
}

/** The text with `value` at `path`; objects on the way are made. The same text if it is there. Throws JsonTextError. */
export function set(text: string, path: readonly string[], value: unknown): string {
  const { node, rest } = walk(text, path);
  const [key, ...deeper] = rest;
  if (key !== undefined) return insert(text, node, key, nest(deeper, value));
  if (isDeepStrictEqual(getNodeValue(node), value)) return text;
  const wrapped = text.slice(node.offset, end(node)).includes('\n');
  const content = wrapped ? pretty(text, value, indentOf(text, node.offset)) : JSON.stringify(value);
  return applyEdits(text, [{ offset: node.offset, length: node.length, content }]);
}

/** The text without the property at `path`; the same text if there is none. Throws JsonTextError. */
export function unset(text: string, path: readonly string[]): string {
  const { node, rest } = walk(text, path);
  // A key that stands twice counts by its last value: taking out only that one would bring the first to life.
  return rest.length > 0 || !node.parent ? text : unset(remove(text, node.parent), path);
}

/** Follows `path` as far as there are values; `rest` is what was not found. */
function walk(text: string, path: readonly string[]): { node: Node; rest: readonly string[] } {
  const errors: ParseError[] = [];
  let node = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first || !node) {
    const what = first ? printParseErrorCode(first.error).replace(/\B[A-Z]/g, (letter) => ` ${letter}`) : 'Empty';
    throw new JsonTextError(`not valid JSON at ${position(text, first?.offset ?? 0)}: ${what.toLowerCase()}`);
  }
  object(text, node);
  for (const [index, key] of path.entries()) {
    const next: Node | undefined = object(text, node, path[index - 1])
      .children?.findLast((property) => property.children?.[0]?.value === key)
      ?.children?.at(1);
    if (!next) return { node, rest: path.slice(index) };
    node = next;
  }
  return { node, rest: [] };
}

function object(text: string, node: Node, name?: string): Node {
  if (node.type === 'object') return node;
  const what = name === undefined ? 'the outermost value' : JSON.stringify(name);
  throw new JsonTextError(`${what} at ${position(text, node.offset)} is not an object but ${node.type}`);
}

function insert(text: string, parent: Node, key: string, value: unknown): string {
  const close = end(parent) - 1;
  const last = parent.children?.at(-1);
  const from = last ? end(last) : parent.offset + 1;
  const gap = text.slice(from, close);
  const behind = from + gap.trimEnd().length; // past the comments that belong to what is there
  const comma = last && commaAfter(text, from);
  const inline = last ? !gap.includes('\n') : parent.parent !== undefined && !text.trim().includes('\n');
  const outer = indentOf(text, parent.offset);
  const indent = (last && ownLine(text, last.offset)) ?? outer + unit(text);
  const lead = inline ? (last ? ' ' : '') : eol(text) + indent;
  const written = inline ? JSON.stringify(value) : pretty(text, value, indent);
  const edits: Edit[] = last && comma === undefined ? [{ offset: from, length: 0, content: ',' }] : [];
  edits.push({ offset: behind, length: 0, content: `${lead}${JSON.stringify(key)}: ${written}${comma ? ',' : ''}` });
  if (!inline && !text.slice(behind, close).includes('\n')) {
    edits.push({ offset: behind, length: close - behind, content: eol(text) + outer });
  }
  return applyEdits(text, edits);
}

function remove(text: string, property: Node): string {
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  const next = commaAfter(text, end(property));
  const edits: Edit[] = [];
  let from = property.offset;
  let to = end(property);
  if (next !== undefined && text.slice(to, next).trim() === '') to = next + 1;
  else if (next !== undefined) edits.push({ offset: next, length: 1, content: '' });
  else if (before) edits.push({ offset: commaAfter(text, end(before)) ?? to, length: 1, content: '' });

  const [blank = ''] = /^[ \t]*/.exec(text.slice(to)) ?? [];
  const alone = ownLine(text, from) !== undefined && /^(\r?\n|$)/.test(text.slice(to + blank.length));
  if (alone) from = text.slice(0, from).replace(/(\r?\n)?[ \t]*$/, '').length;
  else if (next === undefined && before) from = text.slice(0, from).replace(/[ \t]+$/, '').length;
  if (alone || next !== undefined) to += blank.length;
  if (siblings.length === 1 && property.parent) {
    const open = property.parent.offset + 1;
    const close = end(property.parent) - 1;
    if (text.slice(open, from).trim() === '' && text.slice(to, close).trim() === '') [from, to] = [open, close];
  }
  return applyEdits(text, [...edits, { offset: from, length: to - from, content: '' }]);
}

const end = (node: Node) => node.offset + node.length;
const eol = (text: string) => (text.includes('\r\n') ? '\r\n' : '\n');
const unit = (text: string) => /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ';
const lineStart = (text: string, offset: number) => text.slice(0, offset).lastIndexOf('\n') + 1;
const indentOf = (text: string, offset: number) => /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
const nest = (keys: readonly string[], value: unknown) => keys.reduceRight((inner, key) => ({ [key]: inner }), value);
const pretty = (text: string, value: unknown, indent: string) =>
  JSON.stringify(value, null, unit(text)).replaceAll('\n', eol(text) + indent);

/** The blanks before `offset` if nothing else stands before it on its line. */
function ownLine(text: string, offset: number): string | undefined {
  const prefix = text.slice(lineStart(text, offset), offset);
  return prefix.trim() === '' ? prefix : undefined;
}

/** Where the comma is that follows `offset`, behind blanks and comments. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text[scanner.getTokenOffset()] === ',' ? scanner.getTokenOffset() : undefined;
}

function position(text: string, offset: number): string {
  const start = lineStart(text, offset);
  return `line ${text.slice(0, start).split('\n').length}, column ${offset - start + 1}`;
}
