// Folds a CLI's normalized events into what a caller wants to know of a run. Pure, and the same for every
// provider; what differs between CLIs is in their `read`.
import { isObject } from './json.js';
import type { Provider, ProviderErrorKind, ProviderEvent, Usage } from './provider.js';

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
  /** One line: what the CLI does right now. */
  activity?: string;
  /** The last error or retry; cleared when the model is heard of again. */
  error?: { kind: ProviderErrorKind; message: string; fatal: boolean };
  /** What the final event said; absent while there was none. */
  end?: 'ok' | 'error';
}

export function emptyFold(): FoldState {
  return { answer: '', answerIsFinal: false, cumulative: [] };
}

/** Applies one line of stdout. Lines that are not JSON objects mean nothing. Never throws. */
export function foldLine(provider: Pick<Provider, 'read'>, state: FoldState, line: string): FoldState {
  return readLine(provider, line).reduce(foldEvent, state);
}

/** The events of one line of stdout; a line that is not a JSON object has none. */
export function readLine(provider: Pick<Provider, 'read'>, line: string): ProviderEvent[] {
  const start = line.indexOf('{');
  if (start < 0) return [];
  try {
    // Terminal codes before the object are skipped; some CLIs colour even their JSON.
    const record: unknown = JSON.parse(line.slice(start));
    return isObject(record) ? provider.read(record) : [];
  } catch {
    return [];
  }
}

function foldEvent(state: FoldState, event: ProviderEvent): FoldState {
  switch (event.type) {
    case 'session':
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
      return { ...recovered(state), activity: event.summary, textEnded: true };
    case 'usage':
      return { ...state, usage: { ...state.usage, ...event.usage }, cumulative: event.cumulative ?? [] };
    case 'retry':
      return { ...state, activity: retryActivity(event), error: errorOf(event) };
    case 'error':
      return { ...state, activity: event.message, error: errorOf(event) };
    case 'answer':
      return { ...recovered(state), answer: keepEnd(event.text), answerIsFinal: true };
    case 'end':
      return { ...state, end: event.ok ? 'ok' : 'error' };
  }
}

/** The model works again: what failed before was got over. */
function recovered(state: FoldState): FoldState {
  const { error: _, ...rest } = state;
  return rest;
}

function errorOf(event: { kind: ProviderErrorKind; message: string; fatal?: boolean }) {
  return { kind: event.kind, message: event.message, fatal: event.fatal ?? false };
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
