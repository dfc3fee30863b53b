// Shows figures beside their floor and what is to be reached.
import { availableParallelism, cpus, totalmem } from 'node:os';

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {number} [p99]
 * @property {number} [floor] the same work without the server, measured in the same run, in the same unit
 * @property {{ atMost?: number, atLeast?: number, ratioAtMost?: number, ratioAtLeast?: number }} [target]
 * @property {true} [counted] no time: the same on every machine, and so a test
 */

export const ratioOf = ({ value, floor }) => (floor ? value / floor : undefined);

/** Whether a figure reaches its target; undefined if it has none. */
export function reaches({ target, ...figure }) {
  if (!target) return undefined;
  const ratio = ratioOf(figure);
  return (
    figure.value <= (target.atMost ?? Infinity) &&
    figure.value >= (target.atLeast ?? -Infinity) &&
    (ratio ?? 0) <= (target.ratioAtMost ?? Infinity) &&
    (ratio ?? Infinity) >= (target.ratioAtLeast ?? -Infinity)
  );
}

/** Only what is no time can fail a run: machines are noisy. */
export const broken = (figure) => figure.counted === true && reaches(figure) === false;

const digits = (value) => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
const shown = (value, unit) =>
  value === undefined ? '' : `${value.toFixed(Number.isInteger(value) ? 0 : digits(value))} ${unit}`;

function wanted(target, unit) {
  if (!target) return '';
  return [
    target.atMost !== undefined && `<= ${target.atMost} ${unit}`,
    target.atLeast !== undefined && `>= ${target.atLeast} ${unit}`,
    target.ratioAtMost !== undefined && `<= ${target.ratioAtMost} x`,
    target.ratioAtLeast !== undefined && `>= ${target.ratioAtLeast} x`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** A Markdown table, aligned to be read in a terminal, too. */
export function table(figures) {
  const head = ['measure', 'figure', 'p99', 'floor', 'ratio', 'to reach', ''];
  const rows = figures.map((figure) => [
    figure.name,
    shown(figure.value, figure.unit),
    shown(figure.p99, figure.unit),
    shown(figure.floor, figure.unit),
    ratioOf(figure) === undefined ? '' : ratioOf(figure).toFixed(2),
    wanted(figure.target, figure.unit),
    { true: 'reached', false: figure.counted ? 'BROKEN' : 'missed' }[reaches(figure)] ?? '',
  ]);
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length), 3));
  const line = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** The machine in words. */
export function machine() {
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}
