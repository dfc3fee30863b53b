// What a person is shown of a call that waits for his word.
import { localTime } from '../jobs/figures.js';
import { visible } from '../output/printable.js';
import type { ApprovalRecord } from '../store/approvals.js';

/**
 * All of it. Texts come first, each line marked, and the facts last: then no text can pose as a fact, nor push one out
 * of sight.
 */
export function approvalInFull({ id, tool, rule, reason, shown, client, project, createdAt }: ApprovalRecord): string {
  const named = Object.entries(shown).map(([name, value]) => [visible(oneWord(name)), textOf(value)] as const);
  const isText = ([name, value]: readonly [string, string]) =>
    name === 'prompt' || value.includes('\n') || value.length > 200;
  const texts = named.filter(isText).map(([name, value]) => block(name, value));
  const asked = localTime(createdAt, Date.now());
  const facts = [
    ...[['approval', id] as const, ['tool', tool] as const],
    ...named.filter((each) => !isText(each)),
    ...[['asked', `${asked} by ${client}`] as const, ['project', project ?? '–'] as const],
    ...[['rule', rule] as const, ['reason', reason ?? '–'] as const],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(12)} ${visible(value).replaceAll('\n', '\\n')}`);
  return `${texts.join('')}${lines.join('\n')}\n`;
}

function block(name: string, value: string): string {
  const lines = visible(value).split('\n');
  const size = `${value.length} characters, ${lines.length} line${lines.length === 1 ? '' : 's'}`;
  return `${name} (${size}):\n${lines.map((line) => `  | ${line}`).join('\n')}\n\n`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

function oneWord(name: string): string {
  return name.replace(/\s+/g, '_');
}
