// Building the events that several providers' output holds in much the same way.
import { type Json, oneLine, string } from './json.js';
import type { ProviderEvent, Usage } from './provider.js';

/** The arguments that tell most about a tool call, the best first. */
const TELLING = [
  'command',
  'pattern',
  'query',
  'file_path',
  'filePath',
  'path',
  'url',
  'skill',
  'description',
  'prompt',
];

/** What a tool does, by its name; each CLI has names of its own for the same few things. The first that fits. */
const DOING: readonly (readonly [RegExp, string])[] = [
  [/web_?search|google/i, 'searching the web for'],
  [/web_?fetch|fetch/i, 'fetching'],
  [/bash|shell|exec|command|terminal/i, 'running'],
  [/edit|write|replace|patch|create/i, 'editing'],
  [/grep|glob|search|find|^rg$/i, 'searching for'],
  [/^(read|view)/i, 'reading'],
  [/^(ls|list_dir)/i, 'listing'],
];

/** A tool call in one line: `running npm test`, `editing src/a.ts`, or `Skill: review` for one that is none of these. */
export function toolEvent(name: string, input: Json): ProviderEvent {
  const detail = TELLING.map((key) => string(input, key)?.trim()).find(Boolean);
  // A tool of an MCP server is told by its name: what it does is not ours to guess.
  const isForeign = /\.|__/.test(name);
  const doing = isForeign ? undefined : DOING.find(([pattern]) => pattern.test(name))?.[1];
  const summary = detail ? (doing ? `${doing} ${detail}` : `${name}: ${detail}`) : name;
  return { type: 'tool', name, summary: oneLine(summary) };
}

/** Token counts, without the fields that the CLI did not report. */
export function usageEvent(usage: Usage, cumulative?: readonly (keyof Usage)[]): ProviderEvent {
  const reported = Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
  return { type: 'usage', usage: reported, ...(cumulative && { cumulative }) };
}
