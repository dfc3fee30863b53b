// Progress for a client that gave a token: every few seconds from the beginning of a call to its end, whatever the call
// waits for (a job, a person's answer, a process that does not want to end).

/** A client may well allow five seconds, and a busy machine delays. */
const PROGRESS_MS = 3000;

export class Progress {
  /** What goes on, in a line. A tool that knows better says it. */
  about: () => Promise<string> = async () => 'working';
  readonly #begun = performance.now();
  readonly #timer = setInterval(() => void this.#report(), PROGRESS_MS);
  #reporting = false;
  #over = false;

  /**
   * @param mask takes the secrets out of a message
   * @param send tells the client: a number that rises, and a message
   */
  constructor(
    private readonly mask: (text: string) => Promise<string>,
    readonly send: (progress: number, message: string) => Promise<void>,
  ) {}

  /** Nothing is sent from now on. */
  end(): void {
    this.#over = true;
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    if (this.#reporting) return;
    this.#reporting = true;
    const message = await this.about()
      .then((text) => this.mask(text))
      .catch(() => 'working');
    this.#reporting = false;
    // Progress of a call that has been answered is an error to some clients.
    if (!this.#over) void this.send(Math.round((performance.now() - this.#begun) / 100) / 10, message);
  }
}
