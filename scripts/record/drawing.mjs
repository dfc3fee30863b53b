// Screens as one SVG that shows them in turn.
const CELL = 8.4;
const LINE = 19;
const PAD = 16;

/** @param frames what was seen when: `{ at, rows }`, in seconds */
export function drawing(frames, columns) {
  const last = frames.at(-1);
  const count = last.rows.length;
  const [width, height] = [Math.ceil(columns * CELL + 2 * PAD), count * LINE + 2 * PAD + 24];
  const texts = Array.from({ length: count }, (_, row) => stays(frames, row).map((stay) => textOf(stay, row)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A recording of npm run demo: six jobs, their server is killed, and all six are accounted for">
<style>
rect{fill:#0d1117}text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6edf3}
.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.cyan{fill:#39c5cf}.grey{fill:#8b949e}.bold{font-weight:700}
</style>
<rect width="${width}" height="${height}" rx="10"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
${texts.flat().filter(Boolean).join('\n')}
</svg>
`;
}

/** What stood on a line, from when to when; the last of it stays. */
function stays(frames, row) {
  const found = [];
  for (const { at, rows } of frames) {
    const runs = rows[row] ?? [];
    const key = JSON.stringify(runs);
    const before = found.at(-1);
    if (before?.key === key) continue;
    if (before) before.to = at;
    found.push({ key, runs, from: at, to: undefined });
  }
  return found;
}

function textOf({ runs, from, to }, row) {
  if (runs.every(({ text }) => text.trim() === '')) return '';
  const y = PAD + 24 + (row + 0.75) * LINE;
  const spans = runs.map(({ colour, text }) =>
    colour ? `<tspan class="${colour}">${escaped(text)}</tspan>` : escaped(text),
  );
  const [begin, end] = [from, to].map((at) => at?.toFixed(1));
  // Still pictures show what is visible without a clock: the last screen.
  const change =
    end === undefined
      ? from < 0.1
        ? ''
        : `<set attributeName="visibility" to="hidden" begin="0s" end="${begin}s"/>`
      : `<set attributeName="visibility" to="visible" begin="${begin}s" end="${end}s"/>`;
  const hidden = end === undefined ? '' : ' visibility="hidden"';
  return `<text x="${PAD}" y="${y}"${hidden} xml:space="preserve">${spans.join('')}${change}</text>`;
}

function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/ {2,}|^ /g, (run) => '\u00a0'.repeat(run.length));
}
