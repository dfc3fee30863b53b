// Building the events that several providers' output holds in much the same way.
import { type Json, oneLine, string } from './json.js';
import type { ProviderEvent, Usage } from './provider.js';

/** The arguments that tell most about a tool call, the best first. */
const TELLING = ['command', 'file_path', 'path', 'pattern', 'query', 'url', 'skill', 'description', 'prompt'];

/** A tool call in one line: `Bash: npm test`, `Edit: src/a.ts`. */
export function toolEvent(name: string, input: Json): ProviderEvent {
  const detail = TELLING.map((key) => string(input, key)?.trim()).find(Boolean);
  return { type: 'tool', name, summary: oneLine(detail ? `${name}: ${detail}` : name) };
}

/** Token counts, without the fields that the CLI did not report. */
export function usageEvent(usage: Usage, cumulative?: readonly (keyof Usage)[]): ProviderEvent {
  const reported = Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
  return { type: 'usage', usage: reported, ...(cumulative && { cumulative }) };
}
