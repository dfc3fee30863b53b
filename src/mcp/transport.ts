// MCP over stdin and stdout, one message a line. The SDK's own transport closes for good at a message over its limit,
// says nothing to one that it cannot read, copies a long one again with every piece, and puts no bound on replies that
// nobody reads (@modelcontextprotocol/server 2.4).
import type { Readable, Writable } from 'node:stream';
import {
  INVALID_REQUEST,
  type JSONRPCMessage,
  PARSE_ERROR,
  parseJSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import { asObject } from './as-object.js';
import { type Line, Lines } from './lines.js';

/** Replies that wait for the client to read, in bytes, above which nothing more is read from it. */
const UNREAD_MAX_BYTES = 4 * 1024 * 1024;
/** Requests without a reply, above which the next one waits. So many are no client's habit, but a flood. */
const IN_FLIGHT_MAX = 256;
/** Waiting requests, in bytes, above which the next one is refused: not to read it would be not to hear the end. */
const WAITING_MAX_BYTES = 8 * 1024 * 1024;
/** Of the codes that JSON-RPC leaves to servers. */
const BUSY = -32000;

export class StdioTransport implements Transport {
  onclose?: Transport['onclose'];
  onerror?: Transport['onerror'];
  onmessage?: Transport['onmessage'];
  readonly #lines: Lines;
  readonly #inFlight = new Set<RequestId>();
  /** Requests that wait for others to be answered. */
  #waiting: { request: JSONRPCMessage & { id: RequestId }; bytes: number }[] = [];
  #waitingBytes = 0;
  #reading = false;
  #closed = false;

  /**
   * The streams' ends and errors are their owner's to notice.
   * @param maxBytes the longest message taken; a longer one gets an error
   */
  constructor(
    private readonly stdin: Readable,
    private readonly stdout: Writable,
    private readonly maxBytes: number,
  ) {
    this.#lines = new Lines(maxBytes);
  }

  async start(): Promise<void> {
    this.stdin.on('data', this.#onData);
    this.stdout.on('drain', this.#read);
  }

  /** Resolves once the message stands in line; a client that does not read it is held off in `#read`. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) throw new Error('the connection is closed');
    if ('method' in message) {
      // Nobody is the wiser for old progress.
      if (message.method === 'notifications/progress' && this.#isBackedUp()) return;
    } else if (message.id !== undefined) {
      this.#inFlight.delete(message.id);
    }
    this.stdout.write(`${JSON.stringify(message)}\n`);
    if (this.stdin.isPaused() || this.#waiting.length > 0) this.#read();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.stdin.off('data', this.#onData);
    this.stdout.off('drain', this.#read);
    // It flows on, unheard, so that its owner notices the end.
    this.stdin.resume();
    this.onclose?.();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#lines.append(chunk);
    this.#read();
  };

  /** Takes what has come, as long as the client takes what it gets. */
  readonly #read = (): void => {
    // What is taken may be answered at once, and `send` comes here.
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (!this.#closed) {
        this.#takeWaiting();
        if (this.#isBackedUp()) {
          this.stdin.pause();
          return;
        }
        const line = this.#lines.next();
        if (!line) {
          this.stdin.resume();
          return;
        }
        this.#take(line);
      }
    } finally {
      this.#reading = false;
    }
  };

  #takeWaiting(): void {
    while (this.#isFree()) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#waitingBytes -= next.bytes;
      this.#hand(next.request);
    }
  }

  #isFree(): boolean {
    return !this.#isBackedUp() && this.#inFlight.size < IN_FLIGHT_MAX;
  }

  #isBackedUp(): boolean {
    return this.stdout.writableLength > UNREAD_MAX_BYTES;
  }

  #take(line: Line): void {
    if (!('text' in line)) {
      const words = `A message of ${line.bytes} bytes is over the limit of ${this.maxBytes}.`;
      this.#refuse(INVALID_REQUEST, `${words} Name files by their path instead of passing them on.`, idOfCut(line));
      return;
    }
    if (line.text.trim() === '') return;
    let said: unknown;
    try {
      said = JSON.parse(line.text);
    } catch {
      this.#refuse(PARSE_ERROR, 'A line is not JSON.');
      return;
    }
    // A batch, which is part of 2025-03-26 alone: its requests are answered one by one.
    const messages = Array.isArray(said) && said.length > 0 ? said : [said];
    for (const each of messages) this.#deliver(each, line.text.length / messages.length);
  }

  /** @param bytes how long it is, about */
  #deliver(said: unknown, bytes: number): void {
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(said);
    } catch {
      const { id, method, result, error } = (said ?? {}) as Record<string, unknown>;
      const isRequest = method !== undefined && (typeof id === 'string' || typeof id === 'number');
      // Neither a notification nor a reply may be replied to.
      const silent = !isRequest && (method !== undefined ? id === undefined : (result ?? error) !== undefined);
      this.#refuse(INVALID_REQUEST, 'A message is not one of JSON-RPC 2.0.', isRequest ? id : undefined, silent);
      return;
    }
    // Listening for changes is a request that stays open.
    if ('method' in message && 'id' in message && message.method !== 'subscriptions/listen') {
      if (this.#waitingBytes > WAITING_MAX_BYTES) {
        this.#refuse(
          BUSY,
          `${IN_FLIGHT_MAX} requests are under way, and too many wait. Send it again later.`,
          message.id,
        );
        return;
      }
      this.#waiting.push({ request: message, bytes });
      this.#waitingBytes += bytes;
      this.#takeWaiting();
      return;
    }
    if ('method' in message && message.method === 'notifications/cancelled') {
      // A cancelled request gets no reply; one that waits is not even begun.
      const id = message.params?.requestId as RequestId;
      this.#inFlight.delete(id);
      const others = this.#waiting.filter(({ request }) => request.id !== id);
      if (others.length < this.#waiting.length) {
        this.#waiting = others;
        this.#waitingBytes = others.reduce((sum, each) => sum + each.bytes, 0);
        return;
      }
    }
    this.onmessage?.(message);
  }

  #hand(request: JSONRPCMessage & { id: RequestId }): void {
    this.#inFlight.add(request.id);
    this.onmessage?.(asObject(request));
  }

  /** Says what is wrong with a message, to the log and, unless `silent`, to the client. */
  #refuse(code: number, message: string, id?: RequestId, silent = false): void {
    this.onerror?.(new Error(message));
    // Without an id, not with null: so the protocol's schema has it since 2025-11-25.
    if (!silent) void this.send({ jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code, message } });
  }
}

/**
 * The id of a request of which only the two ends are known. It stands before its `params` or behind them, and both
 * places are beyond doubt: within a string the quotes would be escaped, and within `params` another brace would follow.
 */
function idOfCut({ head, tail }: { head: string; tail: string }): RequestId | undefined {
  const ID = String.raw`"id": ?(-?(?:0|[1-9]\d{0,14})|"[^"\\\x00-\x1f]*")`;
  const VERSION = '"jsonrpc": ?"2.0"';
  const METHOD = '"method": ?"[^"\\\\]*"';
  const found =
    new RegExp(`^\\{(?:${VERSION}, ?)?(?:${ID}, ?${METHOD}|${METHOD}, ?${ID}),`).exec(head) ??
    (new RegExp(`^\\{(?:${VERSION}, ?)?${METHOD},`).test(head)
      ? new RegExp(`, ?(?:${ID}(?:, ?${VERSION})?|${VERSION}, ?${ID})\\}\\s*$`).exec(tail)
      : null);
  const id = found?.slice(1).find((group) => group !== undefined);
  return id === undefined ? undefined : JSON.parse(id);
}
