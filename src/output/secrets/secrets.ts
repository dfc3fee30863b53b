// Keeps secrets out of what is shown: one place through which every text goes. The files stay as they are.
import { credentialsIn, isWord } from './known.js';
import { type Scan, threadedScan } from './scanner.js';
import { clipped, MARK, maskedSlice, merged, type Span } from './spans.js';

/** What is masked: nothing; known secrets in what leaves through MCP; also in the owner's terminal, and all that looks like one. */
export type Redact = 'off' | 'results' | 'strict';

/** Long texts are looked through in blocks on a fixed grid, so that no choice of a page decides what is found. */
export const BLOCK = 64 * 1024;
/** How far a block is looked at beyond its ends: longer secrets than this may be found in part. */
export const OVERLAP = 16 * 1024;
/** What stands in place of a text that could not be looked through. */
export const WITHHELD = '[withheld: it could not be searched for secrets; ask again, or have the client restarted]';

/** Shorter texts hold no secret that is known as one. */
const TEXT_MIN_CHARS = 8;
/** Texts whose secrets are remembered; longer ones by their hash. */
const REMEMBERED = 2000;
const KEY_MAX_CHARS = 200;
export class Secrets {
  #redact: Redact = 'results';
  #known: readonly string[];
  readonly #found = new Map<string, readonly Span[]>();

  /**
   * @param env whose values that are named like credentials are secrets
   * @param owner what is shown goes to the owner's own terminal
   */
  constructor(
    env: NodeJS.ProcessEnv,
    private readonly owner = false,
    private readonly scan: Scan = threadedScan(),
  ) {
    this.#known = credentialsIn(env);
  }

  /** Takes over the setting, and what the configuration sets for CLIs. */
  configure(redact: Redact, ...variables: readonly (Readonly<Record<string, string>> | undefined)[]): void {
    this.#redact = redact;
    this.#known = [...new Set([...this.#known, ...variables.flatMap((each) => credentialsIn(each ?? {}))])];
    this.#found.clear();
  }

  /** The same for what leaves the owner's terminal after all. */
  forOthers(): Secrets {
    if (!this.owner) return this;
    const others = new Secrets({}, false, this.scan);
    others.#known = this.#known;
    others.#redact = this.#redact;
    return others;
  }

  /** Whether anything is masked here. */
  get active(): boolean {
    return this.owner ? this.#redact === 'strict' : this.#redact !== 'off';
  }

  /** Has what looks for secrets loaded while other work goes on, because there will be something to look through. */
  prepare(): void {
    if (this.active) void this.scan({ texts: [], options: { strict: false, known: [] } });
  }

  /** Where the secrets of a text stand; undefined if that could not be found out. */
  async find(text: string): Promise<readonly Span[] | undefined> {
    return this.findWithin(text, 0, 0, text.length);
  }

  /**
   * Where secrets stand between two offsets of a long text, of which only a part is at hand.
   * @param text the part: at least from `OVERLAP` before the first block to as much after the last one
   * @param offset where the part begins
   * @returns offsets in the whole
   */
  async findWithin(text: string, offset: number, from: number, to: number): Promise<readonly Span[] | undefined> {
    if (!this.active) return [];
    const blocks: { start: number; window: number; text: string }[] = [];
    for (let start = from - (from % BLOCK); start < to; start += BLOCK) {
      const window = Math.max(offset, start - OVERLAP);
      blocks.push({ start, window, text: text.slice(window - offset, start + BLOCK + OVERLAP - offset) });
    }
    const found = await this.#findEach(blocks.map((block) => block.text));
    return (
      found &&
      merged(
        blocks.flatMap(({ start, window }, index) =>
          clipped(found[index] ?? [], start - window, start + BLOCK - window, window),
        ),
      )
    );
  }

  /** The text with a mark for each secret. */
  async mask(text: string): Promise<string> {
    const found = await this.find(text);
    return found === undefined ? WITHHELD : found.length > 0 ? maskedSlice(text, found) : text;
  }

  /** A value of data with every text in it masked. What has no secrets comes back as it is. */
  async maskAll<T>(value: T): Promise<T> {
    if (!this.active) return value;
    const texts = new Set<string>();
    collect(value, texts);
    const list = [...texts];
    // Most replies consist of short texts that are known as clean.
    const short = list.filter((text) => text.length <= BLOCK);
    const found = await this.#findEach(short);
    const masked = new Map<string, string>();
    for (const [index, text] of short.entries()) {
      if (!found) masked.set(text, WITHHELD);
      else if (found[index]?.length) masked.set(text, maskedSlice(text, found[index]));
    }
    for (const text of list.filter((each) => each.length > BLOCK)) masked.set(text, await this.mask(text));
    return masked.size === 0 ? value : (replaced(value, masked) as T);
  }

  /** Without the values that are known as secrets; at once, for a process about to end. */
  maskKnown(text: string): string {
    return this.#known.reduce((masked, value) => masked.replaceAll(value, MARK), text);
  }

  async #findEach(texts: readonly string[]): Promise<(readonly Span[])[] | undefined> {
    const keys = texts.map(keyOf);
    const isNew = (index: number) => {
      const text = texts[index] ?? '';
      return text.length >= TEXT_MIN_CHARS && !isWord(text) && !this.#found.has(keys[index] ?? '');
    };
    const asked = [...texts.keys()].filter(isNew);
    const answers = new Map<string, readonly Span[]>();
    if (asked.length > 0) {
      const options = { strict: this.#redact === 'strict', known: this.#known };
      const found = await this.scan({ texts: asked.map((index) => texts[index] ?? ''), options });
      if (!found) return undefined;
      for (const [place, index] of asked.entries()) answers.set(keys[index] ?? '', found[place] ?? []);
    }
    return keys.map((key) => {
      const spans = answers.get(key) ?? this.#found.get(key) ?? [];
      this.#remember(key, spans);
      return spans;
    });
  }

  #remember(key: string, spans: readonly Span[]): void {
    this.#found.delete(key);
    this.#found.set(key, spans);
    const oldest = this.#found.keys().next().value;
    if (this.#found.size > REMEMBERED && oldest !== undefined) this.#found.delete(oldest);
  }
}

function keyOf(text: string): string {
  // Not imported: it would be loaded by every server that starts, and takes 5 ms.
  return text.length > KEY_MAX_CHARS ? process.getBuiltinModule('node:crypto').hash('sha256', text, 'base64') : text;
}

function collect(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') {
    if (value.length >= TEXT_MIN_CHARS) texts.add(value);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, texts);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      collect(key, texts);
      collect(each, texts);
    }
  }
}

function replaced(value: unknown, masked: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return masked.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => replaced(each, masked));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [masked.get(key) ?? key, replaced(each, masked)]),
  );
}
