// One line a proof, and the total as `.ci/run` reads it.
export class Report {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /**
   * Runs a proof: what it returns is told with it, what it throws fails it.
   * @returns whether it holds
   */
  async prove(name, run) {
    const begun = performance.now();
    let outcome = 'ok  ';
    let detail = '';
    try {
      detail = (await run()) ?? '';
      this.#passed += 1;
    } catch (error) {
      outcome = 'FAIL';
      // A command that failed says why on its own outputs.
      detail = [error.message, error.stdout, error.stderr].filter(Boolean).join('\n');
      this.#failed += 1;
    }
    const seconds = ((performance.now() - begun) / 1000).toFixed(1).padStart(5);
    console.log(`${outcome} ${seconds} s  ${name}${detail && `: ${detail}`}`);
    return outcome === 'ok  ';
  }

  skip(name, why) {
    this.#skipped += 1;
    console.log(`skip          ${name}: ${why}`);
  }

  /** Whether nothing has failed so far. */
  get good() {
    return this.#failed === 0;
  }

  /** Prints the total; returns the exit status. */
  end() {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`);
    return this.#failed === 0 ? 0 : 1;
  }
}
