// What jobs have said so far: the fold over their stdout, gone on with from where it stood, and only for jobs
// that somebody asks about.
import { readPrivate, replacePrivate } from '../config/private-file.js';
import { LINE_MAX_BYTES, readLines, SLICE_BYTES } from '../output/lines.js';
import { readBytes, sizeOf } from '../output/read.js';
import { emptyFold, type FoldState, foldEnd, foldLine } from '../providers/fold.js';
import type { Provider } from '../providers/provider.js';
import { EventPlaces } from './event-places.js';
import { structuredAnswer } from './structured.js';

/** Readings kept in memory; the oldest is dropped and can be derived again. */
const KEPT = 64;
/** What was read so shortly ago is told again: what has come since is not read yet. */
const FRESH_MS = 250;
/** Of more than this, a look reads the end alone: what a job does now stands there. */
const LOOK_BYTES = 256 * 1024;
const LATEST_BYTES = 64 * 1024;
/** Output up to this size is folded whole at the end; beyond it, its head and tail are tried first. */
const WHOLE_BYTES = 1024 * 1024;
const HEAD_BYTES = 64 * 1024;

/** What a look needs to know. */
export type Look = Pick<FoldState, 'activity' | 'answer'>;

interface Reading {
  offset: number;
  state: FoldState;
  /** What stands behind what has been folded, and has only been looked at. */
  ahead?: Pick<FoldState, 'activity'> | undefined;
  /** How long the output was then, in bytes. */
  lookedTo?: number;
  /** When all that there was had been read or looked at, on the monotonic clock. */
  at: number;
  /** The fold under way, so that two callers do not fold the same bytes twice. */
  busy?: Promise<FoldState>;
}

export class Readings {
  readonly #kept = new Map<string, Reading>();
  /** Where the events stand of those whose events are read. */
  readonly places = new EventPlaces();

  /** The state after everything that has been written until now (whole lines only). */
  async current(stdout: string, provider: Provider): Promise<FoldState> {
    return this.#go(this.#reading(stdout), stdout, provider);
  }

  #reading(stdout: string): Reading {
    const reading = this.#kept.get(stdout) ?? { offset: 0, state: emptyFold(), at: -Infinity };
    this.#keep(stdout, reading);
    return reading;
  }

  #go(reading: Reading, stdout: string, provider: Provider): Promise<FoldState> {
    reading.busy ??= this.#advance(reading, stdout, provider).finally(() => {
      reading.busy = undefined;
    });
    return reading.busy;
  }

  /**
   * What a job does now, and its answer as far as that is known, for whoever only looks: as of a quarter second ago at the
   * most. Nobody's look has gigabytes read.
   * @param size of the output, in bytes
   */
  async latest(stdout: string, provider: Provider, size: number): Promise<Look> {
    const reading = this.#reading(stdout);
    const { offset, at, state } = reading;
    if (offset >= size || performance.now() - at < FRESH_MS) return { ...state, ...reading.ahead };
    if (size - offset <= LOOK_BYTES) return this.#go(reading, stdout, provider);
    if (size === reading.lookedTo) {
      // Nothing comes any more: what was passed over is read now, for the next look.
      this.#go(reading, stdout, provider).catch(() => {});
      return { ...state, ...reading.ahead };
    }
    const begun = performance.now();
    const { activity } = await foldRange(provider, emptyFold(), stdout, size - LATEST_BYTES, size);
    // Where a long result of a tool is all that stands there, what was known goes on.
    reading.ahead = activity === undefined ? reading.ahead : { activity };
    reading.at = begun;
    reading.lookedTo = size;
    return { ...reading.state, ...reading.ahead };
  }

  /** The state of output that has come to its end; what was read while it grew is not read again. */
  async final(stdout: string, provider: Provider): Promise<FoldState> {
    const size = sizeOf(stdout);
    if (size <= WHOLE_BYTES || provider.tailHoldsAnswer) return finalFold(stdout, provider);
    const reading = this.#reading(stdout);
    const state = await this.#go(reading, stdout, provider);
    return foldEnd(provider, await foldRange(provider, state, stdout, reading.offset, size));
  }

  /** By the file: a job that ran more than once has several. */
  forget(stdout: string): void {
    this.#kept.delete(stdout);
  }

  async #advance(reading: Reading, stdout: string, provider: Provider): Promise<FoldState> {
    const size = sizeOf(stdout);
    const begun = performance.now();
    for await (const { lines, nextOffset } of meaningfulLines(provider, stdout, reading.offset, size, false)) {
      reading.state = foldAll(provider, reading.state, lines);
      reading.offset = nextOffset;
    }
    reading.at = begun;
    reading.ahead = undefined;
    return reading.state;
  }

  #keep(id: string, reading: Reading): void {
    this.#kept.delete(id);
    this.#kept.set(id, reading);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/**
 * The state of output that has come to its end. Where the provider's tail holds the answer, a long output is
 * decided by its head and its last 256 KB.
 */
export async function finalFold(stdout: string, provider: Provider): Promise<FoldState> {
  const size = sizeOf(stdout);
  if (size > WHOLE_BYTES && provider.tailHoldsAnswer) {
    const head = await foldRange(provider, emptyFold(), stdout, 0, HEAD_BYTES);
    const { sessionId, model } = head;
    const begin: FoldState = { ...emptyFold(), sessionId, model };
    const tail = await foldRange(provider, begin, stdout, size - SLICE_BYTES, size);
    if (tail.end && (tail.answer || tail.end === 'error')) return tail;
  }
  return foldEnd(provider, await foldRange(provider, emptyFold(), stdout, 0, size));
}

async function foldRange(provider: Provider, state: FoldState, path: string, from: number, to: number) {
  for await (const { lines } of meaningfulLines(provider, path, from, to, true))
    state = foldAll(provider, state, lines);
  return state;
}

function foldAll(provider: Provider, state: FoldState, lines: Buffer[]): FoldState {
  return lines.reduce((folded, line) => foldLine(provider, folded, line.toString('utf8')), state);
}

/**
 * The lines that can hold anything the provider reads: looked up in the bytes, before any parsing. A document is
 * one line, once it is whole.
 */
export async function* meaningfulLines(provider: Provider, path: string, from: number, to: number, final: boolean) {
  const { needles, output } = provider;
  if (output === 'document') {
    if (final && to <= LINE_MAX_BYTES) yield { lines: [await readBytes(path, 0, to)], nextOffset: to, inLine: false };
    return;
  }
  // The one that was found last comes first: one that a CLI says once would be looked for in all of it.
  const order = [...needles];
  const matters = (bytes: Buffer) => {
    const at = order.findIndex((needle) => bytes.includes(needle));
    if (at > 0) order.unshift(...order.splice(at, 1));
    return at >= 0 || order.length === 0;
  };
  for await (const { lines, ...rest } of readLines(path, from, to, final, matters)) {
    yield { lines: lines.filter(matters), ...rest };
  }
}

/** Keeps an ended job's answer beside its output. On a full disk it is derived again when asked for. */
export async function keepAnswer(path: string, answer: string): Promise<void> {
  try {
    await replacePrivate(path, answer);
  } catch {
    // Derived data: nothing is lost.
  }
}

/**
 * The answer of an ended job: as kept, or derived from its output once more.
 * @param schema that it had to fit, if it had to
 */
export async function endedAnswer(
  files: { answer: string; stdout: string },
  provider: Provider | undefined,
  schema: string | null,
): Promise<string> {
  try {
    return await readPrivate(files.answer);
  } catch {
    return provider ? (await structuredAnswer(schema, (await finalFold(files.stdout, provider)).answer)).answer : '';
  }
}
