// Checks a call's arguments, and says of a wrong one how it would be right, so that the model can mend its call.
import { z } from 'zod';
import { sizeWords } from '../config/issue-words.js';
import { nearest } from '../config/nearest.js';
import { SidejobError } from '../errors.js';
import { cutEnd } from './fit.js';
import { TOOLS } from './registry.js';
import type { Tool } from './tool.js';

/** What models call an argument that has another name here. */
const MEANT: Readonly<Record<string, string>> = {
  ...{ question: 'prompt', message: 'prompt', task: 'prompt', files: 'attach', panel: 'providers' },
  ...{ id: 'jobId', groupId: 'jobId', folder: 'cwd', directory: 'cwd', timeoutSec: 'waitSec' },
};
const NO_OBJECT = 'arguments must be an object of named values.';

/**
 * The arguments, checked.
 * @throws SidejobError `bad_argument` that names the argument, what it accepts, and the near one it may mean
 */
export function parseArguments(tool: Tool, given: unknown): Record<string, unknown> {
  const named = withoutNulls(given ?? {});
  const parsed = tool.input.safeParse(named);
  if (parsed.success) return parsed.data;
  // A misspelt name explains a missing one.
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  throw new SidejobError('bad_argument', issue ? explain(tool, issue, named) : 'arguments are wrong.', after(tool));
}

/** Some clients send what they leave out as null. */
function withoutNulls(given: unknown): unknown {
  if (typeof given !== 'object' || Array.isArray(given) || given === null) return given;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

function explain(tool: Tool, issue: z.core.$ZodIssue, given: unknown): string {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [key = ''] = issue.keys;
    if (key === 'arguments') return NO_OBJECT;
    const known = Object.keys(tool.input.shape);
    const taker = TOOLS.find((each) => Object.hasOwn(each.input.shape, key));
    // Of the two that ask, what the other one takes is meant as it is spelt.
    const isOther = taker && known.includes('prompt') && Object.hasOwn(taker.input.shape, 'prompt');
    const meant = known.find((name) => name === MEANT[key]);
    const near = isOther ? undefined : (meant ?? nearest(key, known));
    const about = near && describe(tool, near);
    if (taker && !near) return `"${key}" is unknown here; ${taker.name} takes it.`;
    if (near) return `"${key}" is unknown; ${near}${about ? ` (${about})` : ''}?`;
    return known.length > 0 ? `"${key}" is unknown. ${thereAre(known)}` : `"${key}": it takes none.`;
  }
  if (issue.path.length === 0) return NO_OBJECT;
  const name = issue.path.join('.');
  const value = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], given);
  if (value === undefined) return `${name} is missing.`;
  const inner = keysOf(tool, name);
  if (issue.code === 'unrecognized_keys') return `"${issue.keys[0]}" is unknown in ${name}. ${thereAre(inner)}`;
  const shown = JSON.stringify(value)?.slice(0, 60) ?? String(value);
  if (issue.code === 'too_small' || issue.code === 'too_big') return `${name} = ${shown}: ${sizeWords(issue)}.`;
  if (issue.code === 'invalid_type' && issue.expected === 'array' && typeof value === 'string') {
    return `${name} = ${shown}: expected an array: ${cutEnd(JSON.stringify(itemsIn(value)), 200)}.`;
  }
  const wanted = issue.message
    .replace(/^Invalid (input|option): /, '')
    .replace('expected record', 'expected an object')
    .replace('expected object', `expected an object with any of ${inner.join(', ')}`)
    .replace('expected int', 'expected a whole number');
  return `${name} = ${shown}: ${wanted}.`;
}

/** The texts that were meant by one: it may hold an array, or commas. */
function itemsIn(text: string): unknown[] {
  try {
    const value = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {
    // Then it is a text like any other.
  }
  return text.split(',').map((item) => item.trim());
}

function thereAre(names: readonly string[]): string {
  return `There are ${names.join(', ')}.`;
}

/** What an argument that is an object holds. */
function keysOf(tool: Tool, name: string): string[] {
  const field = tool.input.shape[name];
  const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** What an argument is, in its schema's own words. */
function describe(tool: Tool, name: string): string | undefined {
  const field = tool.input.shape[name] as z.ZodType | undefined;
  return name.endsWith('Sec') ? 'seconds' : field?.description;
}

function after(tool: Tool): string {
  if (tool.name === 'llm_job_cancel') return 'Nothing was ended.';
  if (tool.name === 'llm_job_changes') return 'Nothing was changed.';
  return tool.hints.readOnlyHint && tool.name !== 'llm_run' ? 'Call it again, corrected.' : 'Nothing was started.';
}
