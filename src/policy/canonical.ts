// One text for one value, however its keys are ordered.
import { createHash } from 'node:crypto';

/** JSON with sorted keys; what is `undefined` is left out of objects, and null in lists, as JSON has it. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** The key by which the same call is known again: the same tool, the same normalized arguments, the same rule. */
export function approvalKey(tool: string, args: Record<string, unknown>, rule: string): string {
  return createHash('sha256')
    .update(canonicalJson([tool, args, rule]))
    .digest('hex');
}
