// Cuts a stream of bytes into lines and looks at each byte once; of a line over the limit only its two ends are kept.
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
/** Enough for what stands before and behind the `params` of a request. */
const END_BYTES = 512;

/** A line without its newline; of one that was too long, how it begins and ends. */
export type Line = { text: string } | { bytes: number; head: string; tail: string };

export class Lines {
  #unread: Buffer = NOTHING;
  /** The line under way; its pieces only while it is within the limit. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #head: Buffer = NOTHING;
  #tail: Buffer = NOTHING;

  /** @param maxBytes the longest line that is kept whole */
  constructor(private readonly maxBytes: number) {}

  append(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
  }

  /** The next complete line; undefined if more has to come first. */
  next(): Line | undefined {
    const end = this.#unread.indexOf(NEWLINE);
    this.#keep(end === -1 ? this.#unread : this.#unread.subarray(0, end));
    this.#unread = end === -1 ? NOTHING : this.#unread.subarray(end + 1);
    if (end === -1) return undefined;
    const line =
      this.#bytes <= this.maxBytes
        ? { text: Buffer.concat(this.#pieces).toString() }
        : { bytes: this.#bytes, head: this.#head.toString(), tail: this.#tail.toString() };
    this.#pieces = [];
    this.#bytes = 0;
    this.#head = this.#tail = NOTHING;
    return line;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#bytes <= this.maxBytes) this.#pieces.push(piece);
    else this.#pieces = [];
    if (this.#head.length < END_BYTES) {
      this.#head = Buffer.concat([this.#head, piece.subarray(0, END_BYTES - this.#head.length)]);
    }
    this.#tail = Buffer.concat([this.#tail, piece.subarray(-END_BYTES)]).subarray(-END_BYTES);
  }
}
