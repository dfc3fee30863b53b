// What the demo prints, on a terminal and into a pipe: prose, and boards of jobs that are redrawn in place on a
// terminal and told line by line, at each change, elsewhere (a pipe, NO_COLOR, TERM=dumb).
import { styleText } from 'node:util';

const BAR_CELLS = 14;

/** Colours and redrawing only where a person watches, and a line has room. */
export const live = isLive(process.stdout, process.env);

function isLive({ isTTY, columns = 80 }, { NO_COLOR, TERM }) {
  return Boolean(isTTY) && columns >= 70 && !NO_COLOR && TERM !== 'dumb';
}

/** The text in a style of `util.styleText`, where there are colours. */
export function paint(style, text) {
  return live ? styleText(style, text, { validateStream: false }) : text;
}

export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

/** At most `width` characters. */
export function shorten(text, width) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

export function bytes(count) {
  return `${count.toLocaleString('en-US')} bytes`;
}

/** `████░░░░`: how far it is, from 0 to 1. */
function bar(share) {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS);
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
}

/**
 * One board: a line for each job. `draw` takes rows `{ id, title, share, words, style }` and shows them in place of
 * those before. Into a pipe go only rows whose `news` have changed, in the words `plain` where they differ.
 */
export function createBoard() {
  const told = new Map();
  let drawn = 0;
  const width = () => Math.max(70, process.stdout.columns ?? 80) - 1;

  function line({ id, title, share, words, style }) {
    const head = `   ${id}  ${title.padStart(5)}  `;
    const room = width() - head.length - BAR_CELLS - 2;
    return `${head}${paint(style, bar(share))}  ${shorten(words, room)}`;
  }

  return {
    draw(rows) {
      if (live) {
        const up = drawn > 0 ? `\u001B[${drawn}A` : '';
        process.stdout.write(`${up}${rows.map((row) => `\u001B[2K${line(row)}\n`).join('')}`);
        drawn = rows.length;
        return;
      }
      for (const row of rows) {
        if (row.news === undefined || told.get(row.id) === row.news) continue;
        told.set(row.id, row.news);
        say(`   ${row.id}  ${row.title.padStart(5)}  ${row.plain ?? row.words}`);
      }
    },
  };
}

/** Hides the cursor while boards are redrawn; returns what shows it again. */
export function hideCursor() {
  if (!live) return () => {};
  process.stdout.write('\u001B[?25l');
  return () => process.stdout.write('\u001B[?25h');
}
