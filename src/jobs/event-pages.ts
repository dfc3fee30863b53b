// Pages of a job's events, one a line. A page costs what it shows, wherever it stands; only to count from the end, all of
// the output is read, once.
import { type Page, sizeOf } from '../output/read.js';
import { WITHHELD } from '../output/secrets/secrets.js';
import { readLine } from '../providers/fold.js';
import type { Provider, ProviderEvent } from '../providers/provider.js';
import type { Engine } from './engine.js';
import type { Place, Places } from './event-places.js';
import { maskedEvents, REACH_BYTES } from './pieces.js';
import { meaningfulLines } from './readings.js';

/** Before and after a page, so many events may hold the other pieces of a secret; and those within REACH_BYTES. */
const EVENTS_AROUND = 1000;

/**
 * A page of events.
 * @param offset their number; negative: from the end
 * @param limit bytes of their text at most; 0: they are counted, and none is shown
 */
export async function eventPage(
  engine: Engine,
  stdout: string,
  provider: Provider,
  offset: number,
  limit: number,
): Promise<Page> {
  const size = sizeOf(stdout);
  const output: Output = { provider, stdout, size, places: engine.readings.places.of(stdout) };
  if (limit === 0) return { text: '', offset: 0, nextOffset: 0, total: await countEvents(output) };
  const from = offset < 0 ? Math.max(0, (await countEvents(output)) + offset) : offset;
  const { around, before, shown, total, toEnd } = await eventsAround(output, from, limit);
  const first = Math.min(from, total);
  const events = await maskedEvents(engine.secrets, around, before, before + shown);
  const entries = events?.map((event, index) => {
    const entry = entryOf(first + index, event);
    return `${entry.length > limit ? `${entry.slice(0, limit)}…` : entry}\n`;
  });
  const text = entries?.join('') ?? WITHHELD;
  return { text, offset: first, nextOffset: first + shown, total, ...(!toEnd && { uncounted: true as const }) };
}

interface Output {
  provider: Provider;
  stdout: string;
  /** As far as it is read, in bytes. */
  size: number;
  places: Places;
}

async function countEvents(output: Output): Promise<number> {
  const { last } = output.places;
  let total = last.event;
  for await (const { events } of eventsFrom(output, last)) total += events.length;
  return total;
}

/** The events of a page, with those before and after it. */
async function eventsAround(output: Output, offset: number, limit: number) {
  const start = output.places.before(offset, REACH_BYTES);
  const around: ProviderEvent[] = [];
  let total = start.event;
  let [before, shown, chars] = [0, 0, 0];
  /** Where the page was full. */
  let fullAt: number | undefined;
  for await (const { events, place } of eventsFrom(output, start)) {
    for (const event of events) {
      if (total < offset) {
        around.push(event);
        if (around.length > 2 * EVENTS_AROUND) around.splice(0, EVENTS_AROUND);
        before = around.length;
      } else {
        const length = entryOf(total, event).length;
        if (shown > 0 && chars + length > limit) fullAt ??= place.offset;
        if (fullAt === undefined) {
          shown += 1;
          chars += Math.min(length, limit + 1) + 1;
        }
        if (around.length < before + shown + EVENTS_AROUND) around.push(event);
      }
      total += 1;
    }
    if (fullAt !== undefined && place.offset >= fullAt + REACH_BYTES && place.offset < output.size) {
      return { around, before, shown, total, toEnd: false };
    }
  }
  return { around, before, shown, total, toEnd: true };
}

/** Events from a place on, slice by slice, with the place behind each; notes places on its way. */
async function* eventsFrom({ provider, stdout, size, places }: Output, { offset, event }: Place) {
  let count = event;
  const slices = meaningfulLines(provider, stdout, offset, size, true);
  for await (const { lines, nextOffset, inLine } of slices) {
    const events = lines.flatMap((line) => readLine(provider, line.toString('utf8')));
    count += events.length;
    const place = { offset: nextOffset, event: count };
    // What is at the end may be the first half of a line.
    if (nextOffset < size && !inLine) places.note(place);
    yield { events, place };
  }
}

function entryOf(index: number, event: ProviderEvent): string {
  return `${index} ${eventLine(event)}`;
}

function eventLine(event: ProviderEvent): string {
  const { type, ...rest } = event;
  return 'text' in rest && Object.keys(rest).length <= 2
    ? `${type} ${JSON.stringify(rest.text)}`
    : `${type} ${JSON.stringify(rest)}`;
}
