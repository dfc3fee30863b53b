// Ctrl-C while a command waits for jobs: it asks what is to become of them.
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ReadStream, WriteStream } from 'node:tty';

export type Choice = { go: 'detach'; signal: NodeJS.Signals } | { go: 'cancel' };

/** How soon after one SIGINT another one is taken for the same, in milliseconds: no finger is so fast. */
const ECHO_MS = 100;

/**
 * Listens for the signals that would end this process. Ctrl-C asks on the terminal, a second one cancels; without a
 * terminal, and on SIGTERM and SIGHUP, jobs are left to themselves: ending a wait never touches a job.
 */
export class Interrupts {
  readonly #stop = new AbortController();
  #choice: Choice | undefined;
  #asking: Promise<void> | undefined;
  #wasAsked = false;
  #closeQuestion: (() => void) | undefined;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();

  #heardAt = Number.NEGATIVE_INFINITY;

  /** @param question shown on the terminal; undefined: nothing is asked, and nothing is canceled */
  constructor(public question: string | undefined) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const listener = () => this.#heard(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  /** Aborted once it is decided. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get choice(): Choice | undefined {
    return this.#choice;
  }

  /** Resolves when no question is open: nothing should be printed while one is. True if one was since the last time. */
  async answered(): Promise<boolean> {
    await this.#asking;
    const wasAsked = this.#wasAsked;
    this.#wasAsked = false;
    return wasAsked;
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    this.#closeQuestion?.();
  }

  #heard(signal: NodeJS.Signals): void {
    if (this.#choice) return;
    const now = performance.now();
    // A wrapper that passes the signal on has us hear one Ctrl-C twice; nobody has read the question yet.
    if (signal === 'SIGINT' && now - this.#heardAt < ECHO_MS) return;
    this.#heardAt = now;
    if (signal === 'SIGINT' && this.#asking) {
      this.#decide({ go: 'cancel' });
      this.#closeQuestion?.();
      return;
    }
    this.#asking = signal === 'SIGINT' && this.question !== undefined ? this.#ask(this.question) : undefined;
    if (!this.#asking) this.#decide({ go: 'detach', signal });
  }

  #decide(choice: Choice): void {
    this.#choice ??= choice;
    this.#stop.abort();
  }

  /** On the terminal itself: standard input may be a pipe. Undefined if there is none. */
  #ask(question: string): Promise<void> | undefined {
    const terminal = openTerminal();
    if (!terminal) return undefined;
    const { input, output } = terminal;
    this.#wasAsked = true;
    // Not `terminal: true`, which would read Ctrl-C as a key.
    const lines = createInterface({ input, output, terminal: false });
    return new Promise((resolve) => {
      this.#closeQuestion = () => {
        this.#closeQuestion = undefined;
        lines.close();
        input.destroy();
        output.destroy();
        this.#asking = undefined;
        this.#heardAt = Number.NEGATIVE_INFINITY;
        resolve();
      };
      const close = this.#closeQuestion;
      lines.once('close', () => close());
      lines.once('line', (line) => {
        if (/^d/i.test(line.trim())) this.#decide({ go: 'detach', signal: 'SIGINT' });
        if (/^c/i.test(line.trim())) this.#decide({ go: 'cancel' });
        close();
      });
      output.write(`\n${question} `);
    });
  }
}

function openTerminal(): { input: ReadStream; output: WriteStream } | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync('/dev/tty', 'r+');
    const second = openSync('/dev/tty', 'r+');
    return { input: new ReadStream(descriptor), output: new WriteStream(second) };
  } catch {
    if (descriptor !== undefined) closeSync(descriptor);
    return undefined;
  }
}
