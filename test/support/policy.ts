// Policies for end-to-end tests, and what the audit then says of decisions.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sandbox } from './sandbox.js';

export const TOOL_NAMES = [
  ...['llm_run', 'llm_job_submit', 'llm_job_status', 'llm_job_wait', 'llm_job_result'],
  ...['llm_job_cancel', 'llm_job_changes', 'llm_job_list', 'llm_providers', 'llm_process_health'],
];

/** Where a policy is found that nobody names. */
export const defaultPolicy = (sandbox: Sandbox) => join(sandbox.home, 'policy.json');

/** Writes a policy, version and default included unless it is given as text. Returns its file. */
export async function writePolicy(
  sandbox: Sandbox,
  policy: Record<string, unknown> | string,
  file = defaultPolicy(sandbox),
): Promise<string> {
  const text = typeof policy === 'string' ? policy : JSON.stringify({ version: '1', default: 'allow', ...policy });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

/** A text of a call as a person is shown it for approval, its marked and wrapped lines in one. */
export function shownText(shown: string, name: string): string | undefined {
  const [, rows] = new RegExp(`^${name} \\(.*\\):\n((?: {2}\\| .*\n)+)`, 'm').exec(shown) ?? [];
  return rows?.replace(/^ {2}\| |\n/gm, '');
}

export interface Decided {
  tool: string;
  effect: string;
  rule?: string;
  [name: string]: unknown;
}

/** The decisions that the audit has, in their order. */
export async function decisionsOf(sandbox: Sandbox): Promise<Decided[]> {
  const text = await readFile(join(sandbox.home, 'audit.log'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'decision');
}
