// What the terminal is, and how text is painted and laid out for it. In a file or a pipe nothing is painted or cut.
import { styleText } from 'node:util';
import { visible } from '../output/printable.js';

export type Style = Parameters<typeof styleText>[0];
/** A cell of a table: its text, and how it is painted, or what of it follows the first `from` characters. */
export type Cell = string | { text: string; style: Style; from?: number };

/** Painted if the stream shows colours: only a terminal does, unless NO_COLOR or FORCE_COLOR say otherwise. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return text === '' ? '' : styleText(style, text, { stream });
}

/** Whether lines can be drawn anew; a terminal that calls itself dumb cannot. */
export function canRedraw(stream: NodeJS.WriteStream = process.stdout, env = process.env): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Columns of the terminal; undefined where there is none, or a dumb one. */
export function columnsOf(stream: NodeJS.WriteStream = process.stdout, env = process.env): number | undefined {
  return canRedraw(stream, env) && stream.columns > 0 ? stream.columns : undefined;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;
const WIDE_EMOJI = /\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that a text takes. */
export function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) || WIDE_EMOJI.test(char) ? 2 : 1;
  return width;
}

/** A text cut to so many columns, with `…` where something is missing. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let cut = '';
  let width = 1;
  for (const char of text) {
    width += widthOf(char);
    if (width > columns) break;
    cut += char;
  }
  return columns < 1 ? '' : `${cut}…`;
}

export interface TableOptions {
  /** Columns with figures, which stand at the right. */
  right?: readonly number[];
  /** Columns of the terminal; the last column is cut to fit, and then, if it must be, each line. */
  columns?: number | undefined;
}

/** Rows as lines, the columns under one another; what would leave its cell or repaint the terminal stands as `\\u{1b}`. */
export function table(rows: readonly (readonly Cell[])[], { right = [], columns }: TableOptions = {}): string {
  const last = Math.max(...rows.map((row) => row.length)) - 1;
  const widths = Array.from({ length: last }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(textOf(row[column] ?? '')))),
  );
  const lines = rows.map((row) => {
    let left = columns ?? Number.POSITIVE_INFINITY;
    const cells = row.map((cell, column) => {
      const text = cutTo(textOf(cell), Math.max(0, left));
      const isLast = column === last;
      const wanted = isLast ? widthOf(text) : (widths[column] ?? 0);
      const blanks = ' '.repeat(Math.max(0, Math.min(left, wanted) - widthOf(text)));
      left -= wanted + 2;
      const painted = typeof cell === 'string' ? text : paintedFrom(cell.from ?? 0, cell.style, text);
      return right.includes(column) ? blanks + painted : painted + (isLast ? '' : blanks);
    });
    return cells.join('  ').trimEnd();
  });
  return `${lines.join('\n')}\n`;
}

function textOf(cell: Cell): string {
  return visible(typeof cell === 'string' ? cell : cell.text).replaceAll(/[\n\t]/g, ' ');
}

function paintedFrom(from: number, style: Style, text: string): string {
  return text.slice(0, from) + paint(style, text.slice(from));
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of at most so many columns, for a part of the largest value. Whatever is above 0 shows. */
export function bar(value: number, largest: number, columns: number): string {
  if (!(value > 0) || !(largest > 0)) return '';
  const eighths = Math.max(1, Math.round((value / largest) * columns * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}
