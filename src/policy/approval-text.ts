// What a person is shown of a call that waits for his word.
import { localTime } from '../jobs/figures.js';
import { visible } from '../output/printable.js';
import type { ApprovalRecord } from '../store/approvals.js';

/** What Sidejob itself has found out; everything else is the caller's words, which may be made to look like it. */
const FACTS = ['provider', 'model', 'access', 'cwd', 'isolate', 'depth', 'jobs'];
/** Longer lines are wrapped here, with the mark: a terminal would wrap them without. */
const WIDTH = 68;

/**
 * All of it. The caller's words come first, each line marked, and the facts last: then no text can pose as a fact, nor
 * push one out of sight.
 */
export function approvalInFull({ id, tool, rule, reason, shown, client, project, createdAt }: ApprovalRecord): string {
  const named = Object.entries(shown).map(([name, value]) => [visible(oneWord(name)), textOf(value)] as const);
  const texts = named.filter(([name]) => !FACTS.includes(name)).map(([name, value]) => block(name, value));
  const asked = localTime(createdAt, Date.now());
  const facts = [
    ...[['approval', id] as const, ['tool', tool] as const],
    ...named.filter(([name]) => FACTS.includes(name)),
    ...[['asked', `${asked} by ${client}`] as const, ['project', project ?? '–'] as const],
    ...[['rule', rule] as const, ['reason', reason ?? '–'] as const],
  ];
  const lines = facts.map(([name, value]) => fact(name, visible(value).replaceAll('\n', '\\n')));
  return `${texts.join('')}${lines.join('\n')}\n`;
}

function block(name: string, value: string): string {
  const lines = visible(value).split('\n');
  const size = `${value.length} characters, ${lines.length} line${lines.length === 1 ? '' : 's'}`;
  return `${name} (${size}):\n${lines.flatMap((line) => wrapped(line).map((row) => `  | ${row}`)).join('\n')}\n\n`;
}

/** A fact may be long, too (a folder's name): what goes on is indented, where no fact begins. */
function fact(name: string, value: string): string {
  return wrapped(value)
    .map((row, index) => `${(index === 0 ? name : '').padEnd(12)} ${row}`)
    .join('\n');
}

function wrapped(line: string): string[] {
  const chars = [...line];
  const rows = Array.from({ length: Math.ceil(chars.length / WIDTH) }, (_, row) =>
    chars.slice(row * WIDTH, (row + 1) * WIDTH).join(''),
  );
  return rows.length > 0 ? rows : [''];
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

function oneWord(name: string): string {
  return name.replace(/\s+/g, '_');
}
