// Folds a CLI's normalized events into what a caller wants to know of a run. Pure, and the same for every
// provider; what differs between CLIs is in their `read`.
import { stripVTControlCharacters } from 'node:util';
import { isObject } from './json.js';
import type { Provider, ProviderEvent, ReadFailure, Usage } from './provider.js';

/** Answers beyond twice so many characters keep their end: a model's whole context window is shorter. */
export const ANSWER_MAX_CHARS = 4 * 1024 * 1024;

export interface FoldState {
  sessionId?: string;
  model?: string;
  /** The answer so far; final once `end` is set. */
  answer: string;
  /** True once an `answer` event came: text events no longer change the answer. */
  answerIsFinal: boolean;
  usage?: Usage;
  /** Fields of `usage` that count the conversation, not the run. */
  cumulative: readonly (keyof Usage)[];
  /** True once a tool call followed the text: what comes next is another text, not more of this one. */
  textEnded?: boolean;
  /** True once any tool was called. */
  toolSeen?: true;
  /** One line: what the CLI does right now. */
  activity?: string;
  /** The last error or retry; cleared when the model is heard of again. */
  error?: ReadFailure;
  /** When a limit that was reached ends, as the CLI says; in milliseconds since 1970. */
  resetsAt?: number;
  /** What the final event said; absent while there was none. */
  end?: 'ok' | 'error';
}

export function emptyFold(): FoldState {
  return { answer: '', answerIsFinal: false, cumulative: [] };
}

/** Applies one line of stdout. Lines that are not JSON objects mean nothing. Never throws. */
export function foldLine(provider: Reader, state: FoldState, line: string): FoldState {
  return foldEvents(state, readLine(provider, line));
}

export function foldEvents(state: FoldState, events: readonly ProviderEvent[]): FoldState {
  return events.reduce(foldEvent, state);
}

type Reader = Pick<Provider, 'read' | 'output'>;

/**
 * The events of one line of stdout, or of all of it for a CLI that prints one document. What is not JSON has none;
 * of a list, each entry is read.
 */
export function readLine({ read, output }: Reader, line: string): ProviderEvent[] {
  if (output === 'text') return [{ type: 'text', text: `${stripVTControlCharacters(line)}\n`, delta: true }];
  if (output === 'document') return readDocument(read, stripVTControlCharacters(line));
  // Terminal codes before the object are skipped; some CLIs colour even their JSON.
  const start = line.indexOf('{');
  const record = start < 0 ? undefined : parsed(line.slice(start));
  return isObject(record) ? read(record) : [];
}

/** A document may have words on lines before it. */
function readDocument(read: Provider['read'], text: string): ProviderEvent[] {
  for (const { index } of text.matchAll(/^\s*[[{]/gm)) {
    const value = parsed(text.slice(index));
    if (value !== undefined)
      return (Array.isArray(value) ? value : [value]).filter(isObject).flatMap((one) => read(one));
  }
  return [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The state once all of the output has been folded. */
export function foldEnd({ output }: Reader, state: FoldState): FoldState {
  // A text ends with its last line's end, an answer does not.
  return output === 'text' ? { ...state, answer: state.answer.trimEnd() } : state;
}

function foldEvent(state: FoldState, event: ProviderEvent): FoldState {
  switch (event.type) {
    case 'session':
      // It will stand in a command line.
      if (!/^[\w.:/@][\w.:/@-]{0,199}$/.test(event.sessionId)) return state;
      return { ...state, sessionId: event.sessionId, ...(event.model && { model: event.model }) };
    case 'text': {
      const { error: _, textEnded, ...rest } = state;
      if (state.answerIsFinal) return { ...rest, activity: 'writing' };
      const answer = event.delta && !textEnded ? state.answer + event.text : event.text;
      return { ...rest, answer: keepEnd(answer), activity: 'writing' };
    }
    case 'thinking':
      return { ...recovered(state), activity: 'thinking' };
    case 'tool':
      return { ...recovered(state), activity: event.summary, textEnded: true, toolSeen: true };
    case 'usage':
      return {
        ...state,
        usage: { ...state.usage, ...(event.add ? sum(event.usage, state.usage) : event.usage) },
        cumulative: event.cumulative ?? [],
      };
    case 'retry':
      return { ...state, activity: retryActivity(event), error: errorOf(event) };
    case 'error':
      return { ...state, activity: event.message, error: errorOf(event) };
    case 'limit':
      return { ...state, resetsAt: event.resetsAt };
    case 'answer':
      return { ...recovered(state), answer: keepEnd(event.text), answerIsFinal: true };
    case 'end':
      return { ...state, end: event.ok ? 'ok' : 'error' };
  }
}

function sum(usage: Usage, before: Usage = {}): Usage {
  return Object.fromEntries(
    Object.entries(usage).map(([key, count]) => [key, count + (before[key as keyof Usage] ?? 0)]),
  );
}

/** The model works again: what failed before was got over. */
function recovered(state: FoldState): FoldState {
  const { error: _, ...rest } = state;
  return rest;
}

function errorOf({ kind, message, fatal = false, retryAfterSec }: ReadFailure): ReadFailure {
  return { kind, message, fatal, ...(retryAfterSec !== undefined && { retryAfterSec }) };
}

function retryActivity(event: { attempt?: number; maxAttempts?: number; message: string }): string {
  const count = event.attempt === undefined ? '' : ` ${event.attempt}`;
  const total = event.maxAttempts === undefined ? '' : ` of ${event.maxAttempts}`;
  return `retry${count}${total}: ${event.message}`;
}

function keepEnd(text: string): string {
  // Cut at twice the cap only: cutting at each delta would copy megabytes for every word.
  return text.length > 2 * ANSWER_MAX_CHARS ? text.slice(-ANSWER_MAX_CHARS) : text;
}
