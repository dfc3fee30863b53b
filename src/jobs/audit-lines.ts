// What a line of the audit holds: one JSON object, under 4 KiB, with nothing in it that could repaint a terminal. No
// prompt, answer, label or error: free texts may hold anything.
import { isObject } from '../providers/json.js';
import type { AuditRow } from '../store/audit.js';

/** A write of so many bytes stays in one piece among other writers. */
const LINE_MAX_BYTES = 4000;
/** How long a text may be, the longest that fits. */
const CUTS = [400, 120, 40, 10];
const LIST_MAX = 20;

/** A decision on a call. */
export interface AuditDecision {
  tool: string;
  /**
   * `allow`, `deny`, `approve` (it waits for a person): what the policy said of a call. `approved`, `denied`: what a
   * person said. `used`: an approved call has passed.
   */
  effect: 'allow' | 'deny' | 'approve' | 'approved' | 'denied' | 'used';
  rule?: string | undefined;
  /** Words of the policy or the person; never the caller's. */
  reason?: string | undefined;
  client?: string | undefined;
  project?: string | null | undefined;
  provider?: string | readonly string[] | undefined;
  model?: string | undefined;
  access?: string | undefined;
  cwd?: string | undefined;
  depth?: number | undefined;
  jobIds?: readonly string[] | undefined;
  /** An approval's id. */
  approval?: string | undefined;
}

/** The line of a job's event. */
export function jobLine({ seq, at, event, jobId, detail }: AuditRow): string {
  const { usage, ...facts } = JSON.parse(detail) as Record<string, unknown>;
  return line({ time: iso(at), event, jobId, ...facts, ...figures(usage), seq });
}

/** The line of a decision; of what is given, only the fields that are known here. */
export function decisionLine(decision: AuditDecision, now: number): string {
  const { tool, effect, rule, reason, client, project, provider, model, access, cwd, depth, jobIds, approval } =
    decision;
  return line({
    ...{ time: iso(now), event: 'decision', tool, effect, rule, reason, client, project },
    ...{ provider, model, access, cwd, depth, jobIds, approval },
  });
}

/** What the CLI reported, as far as it is figures. */
function figures(usage: unknown): Record<string, number> {
  if (typeof usage !== 'string') return {};
  const parsed: unknown = JSON.parse(usage);
  const entries = isObject(parsed) ? Object.entries(parsed) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

function iso(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

function line(fields: Record<string, unknown>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  let text = '';
  for (const max of CUTS) {
    text = escaped(JSON.stringify(Object.fromEntries(given.map(([name, value]) => [name, cut(value, max)]))));
    if (Buffer.byteLength(text) < LINE_MAX_BYTES) break;
  }
  return `${text}\n`;
}

function cut(value: unknown, max: number): unknown {
  if (Array.isArray(value)) return value.slice(0, LIST_MAX).map((item) => cut(item, max));
  return typeof value === 'string' && value.length > max ? `${value.slice(0, max - 1)}…` : value;
}

/** What JSON itself leaves as it is, and a terminal obeys: control characters and marks of writing direction. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
