// The text of a policy file with its tree, so that every error can name the line. JSON with comments: the starting
// points of `sidejob policy init` are commented. Knows nothing of what a policy is.
import type { Node, ParseError } from 'jsonc-parser';
import { messageOf, SidejobError } from '../errors.js';

/** Keys and places of lists, from the outermost value inwards. */
export type Path = readonly (string | number)[];

export interface Source {
  readonly file: string;
  readonly text: string;
  readonly root: Node;
}

/**
 * Reads JSON with comments and trailing commas.
 * @throws SidejobError `bad_policy` with the line
 */
export async function readSource(text: string, file: string): Promise<Source> {
  // Loaded only where there is a file to read.
  const { parseTree, printParseErrorCode } = await import('jsonc-parser');
  const errors: ParseError[] = [];
  // Windows editors begin with it.
  const bare = text.replace(/^\uFEFF/, '');
  let root: Node | undefined;
  try {
    root = parseTree(bare, errors, { allowTrailingComma: true });
  } catch (error) {
    // Brackets nested so deep that the parser's stack ends.
    throw bad(file, `not valid JSON: ${messageOf(error)}`);
  }
  const [first] = errors;
  if (!first && root) return { file, text: bare, root };
  const why = first ? printParseErrorCode(first.error).replace(/\B[A-Z]/g, (letter) => ` ${letter}`) : 'it is empty';
  throw bad(`${file}:${lineAt(bare, first?.offset ?? 0)}`, `not valid JSON: ${why.toLowerCase()}`);
}

/**
 * The value of a file, or of a part of it.
 * @throws SidejobError `bad_policy` for a key that stands twice, of which JSON.parse would take the last, and for
 * `__proto__`, which would vanish
 */
export function contentOf(source: Source, node: Node = source.root, path: Path = []): unknown {
  if (node.type === 'array') return node.children?.map((child, index) => contentOf(source, child, [...path, index]));
  if (node.type !== 'object') return node.value;
  const value: Record<string, unknown> = {};
  for (const { children: [key, inner] = [], offset } of node.children ?? []) {
    const name = String(key?.value);
    const here = [...path, name];
    const wrong = name === '__proto__' ? 'is no key' : Object.hasOwn(value, name) ? 'stands there twice' : undefined;
    if (wrong) throw bad(`${source.file}:${lineAt(source.text, offset)}`, `"${nameOf(here)}" ${wrong}`);
    value[name] = inner && contentOf(source, inner, here);
  }
  return value;
}

/** The file and the line of what stands at `path`, or of the nearest that encloses it. */
export function placeOf({ file, text, root }: Source, path: Path): string {
  let node: Node = root;
  let offset = root.offset;
  for (const key of path) {
    const next =
      typeof key === 'number'
        ? node.children?.[key]
        : node.children?.find(({ children }) => children?.[0]?.value === key)?.children?.[1];
    if (!next) break;
    node = next;
    // The key's line, not the value's.
    offset = typeof key === 'string' ? (next.parent?.offset ?? next.offset) : next.offset;
  }
  return `${file}:${lineAt(text, offset)}`;
}

/** `tools.llm_run.require[0]`: how a person finds it again. */
export function nameOf(path: Path): string {
  return path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : name === '' ? key : `${name}.${key}`),
    '',
  );
}

export function bad(place: string, what: string): SidejobError {
  return new SidejobError('bad_policy', `${place}: ${what}${what.endsWith('?') ? '' : '.'}`);
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
