// Where events stand in the output of jobs: derived, in memory, and only of jobs whose events somebody reads.

/** Jobs of which places are kept; the oldest are dropped and can be derived again. */
const KEPT = 16;

/** From this byte on, the events are counted from this number. */
export interface Place {
  offset: number;
  event: number;
}

const BEGIN: Place = { offset: 0, event: 0 };

/** A place every 256 KB, as far as a job's events have been read. */
export class Places {
  readonly #list: Place[] = [BEGIN];

  /** The last place that is known. */
  get last(): Place {
    return this.#list.at(-1) ?? BEGIN;
  }

  note(place: Place): void {
    if (place.offset > this.last.offset) this.#list.push(place);
  }

  /** A place from which an event is soon come to, with at least so many bytes before it, where there are so many. */
  before(event: number, bytes: number): Place {
    const near = this.#list.findLast((place) => place.event <= event) ?? BEGIN;
    return this.#list.findLast((place) => place.offset <= near.offset - bytes) ?? BEGIN;
  }
}

export class EventPlaces {
  readonly #kept = new Map<string, Places>();

  /** The places of a job's output. */
  of(stdout: string): Places {
    const places = this.#kept.get(stdout) ?? new Places();
    this.#kept.delete(stdout);
    this.#kept.set(stdout, places);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return places;
  }
}
