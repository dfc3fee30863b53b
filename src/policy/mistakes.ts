// What is wrong with a file that does not fit the format, said so that its owner can mend it.
import type { z } from 'zod';
import { nearest } from '../config/nearest.js';
import type { SidejobError } from '../errors.js';
import { keysAt, OPERATORS } from './dialect.js';
import { FACT_NAMES } from './request.js';
import { bad, nameOf, type Path, placeOf, type Source } from './source.js';

type Issue = z.core.$ZodIssue;

/** The error of a file whose content, `value`, has these issues: its place, its key and the near valid word. */
export function mistake(source: Source, value: unknown, issues: readonly Issue[]): SidejobError {
  const all = issues.map((issue) => innermost(issue, value));
  // A misspelt name explains a missing one.
  const issue = all.find(({ code }) => code === 'unrecognized_keys') ?? all[0];
  const path = (issue?.path ?? []) as Path;
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const here = [...path, key];
    return bad(placeOf(source, here), `"${nameOf(here)}" is unknown${meant(key, keysAt(path))}`);
  }
  return bad(placeOf(source, path), `${nameOf(path) || 'the file'} ${problem(issue, at(value, path), path)}`);
}

/** Of a value that fits none of several shapes: what is wrong with it as the one that it looks like. */
function innermost(issue: Issue, value: unknown): Issue {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return issue;
  const { errors, path } = issue;
  const object = typeof at(value, path as Path) === 'object';
  const inner = errors.find((each) => each.some(({ code }) => (code !== 'invalid_type') === !object)) ?? errors.at(-1);
  const chosen = object ? (errors.at(-1) ?? inner) : inner;
  const first = chosen?.find(({ code }) => code === 'unrecognized_keys') ?? chosen?.[0];
  return first ? innermost({ ...first, path: [...path, ...first.path] }, value) : issue;
}

function problem(issue: Issue | undefined, value: unknown, path: Path): string {
  if (value === undefined) return 'is missing';
  const shown = JSON.stringify(value).slice(0, 60);
  if (path.at(-1) === 'op') return `= ${shown} is unknown${meant(String(value), OPERATORS)}`;
  if (issue?.code === 'invalid_value' && typeof value === 'string')
    return `= ${shown} is unknown${meant(String(value), issue.values.map(String))}`;
  if (issue?.code === 'invalid_value')
    return `= ${shown}: must be ${issue.values.map((each) => JSON.stringify(each)).join(', ')}`;
  const near = path.at(-1) === 'path' && typeof value === 'string' ? nearest(value, FACT_NAMES) : undefined;
  if (near) return `= ${shown} is unknown; ${near}, or args.${value}?`;
  return `= ${shown}: ${issue?.message.replace(/^Invalid input: /, '') ?? 'it is wrong'}`;
}

/** What follows "is unknown". */
function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near ? `; ${near}?` : `; there ${known.length > 1 ? 'are' : 'is'} ${known.join(', ')}`;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);
}
