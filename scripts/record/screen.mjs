// As much of a terminal as the demo uses: lines, colours, going up, wiping a line.
const COLOURS = { 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan', 90: 'grey', 2: 'grey', 1: 'bold' };
const ENDS = ['0', '22', '39', ''];

export class Screen {
  /** Of each line, its characters with their colours. */
  #lines = [[]];
  #row = 0;
  #column = 0;
  #colour = '';

  write(text) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    for (const [token] of text.matchAll(/\u001b\[[?\d;]*[a-zA-Z]|[\s\S]/gu)) {
      if (token.startsWith('\u001b')) this.#obey(token);
      else if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#goTo(this.#row + 1);
      else {
        this.#lines[this.#row][this.#column] = { char: token, colour: this.#colour };
        this.#column += 1;
      }
    }
  }

  has(words) {
    return this.#lines.some((line) =>
      Array.from(line, (cell) => cell?.char ?? ' ')
        .join('')
        .includes(words),
    );
  }

  /** Each line as runs of one colour. */
  rows() {
    return this.#lines.map((line) => {
      const runs = [];
      for (const { char, colour } of Array.from(line, (cell) => cell ?? { char: ' ', colour: '' })) {
        const last = runs.at(-1);
        if (last && last.colour === colour) last.text += char;
        else runs.push({ colour, text: char });
      }
      return runs;
    });
  }

  #obey(token) {
    const kind = token.at(-1);
    const value = token.slice(2, -1);
    if (kind === 'A') this.#goTo(Math.max(0, this.#row - Number(value || 1)));
    else if (kind === 'K') this.#lines[this.#row] = [];
    else if (kind === 'm') this.#colour = ENDS.includes(value) ? '' : (COLOURS[value] ?? this.#colour);
  }

  #goTo(row) {
    this.#row = row;
    while (this.#lines.length <= row) this.#lines.push([]);
  }
}
