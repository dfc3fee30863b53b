// node scripts/release/icon.mjs FILE: draws the icon, 512 by 512: a thing that is being done, and the job beside it.
// A square PNG of 512 to 2048 px is what `claude plugin validate` (2.1.328) asks for; the bundle takes the same file.
import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';

const SIZE = 512;
const INK = [0xe5, 0xe7, 0xeb];
const ACCENT = [0x34, 0xd3, 0x99];

/** From the back to the front: left, top, right, bottom and radius of a rounded box, and its colour. */
const SHAPES = [
  [16, 16, 496, 496, 104, [0x11, 0x18, 0x27]],
  [96, 132, 416, 196, 32, INK],
  [112, 150, 144, 348, 16, INK],
  [112, 316, 240, 348, 16, INK],
  [208, 288, 416, 376, 44, ACCENT],
];

/** How much of a pixel lies in a shape, 0 to 1: by its distance from the rounded edge. */
function cover(x, y, [left, top, right, bottom, radius]) {
  const dx = Math.abs(x - (left + right) / 2) - (right - left) / 2 + radius;
  const dy = Math.abs(y - (top + bottom) / 2) - (bottom - top) / 2 + radius;
  const distance = Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  return Math.min(Math.max(0.5 - distance, 0), 1);
}

function pixels() {
  // A row begins with its filter, none.
  const rows = Buffer.alloc(SIZE * (1 + SIZE * 4));
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < SIZE; x += 1) {
      const at = y * (1 + SIZE * 4) + 1 + x * 4;
      for (const shape of SHAPES) {
        const share = cover(x + 0.5, y + 0.5, shape);
        const colour = shape[5];
        for (let i = 0; i < 3; i += 1) {
          // On nothing there is nothing to mix with: the edge is the alpha's.
          const below = rows[at + 3] === 0 ? colour[i] : rows[at + i];
          rows[at + i] = Math.round(below + (colour[i] - below) * share);
        }
        rows[at + 3] = Math.max(rows[at + 3], Math.round(share * 255));
      }
    }
  }
  return rows;
}

/** A chunk of a PNG: https://www.w3.org/TR/png-3/#5Chunk-layout. */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const ends = [Buffer.alloc(4), Buffer.alloc(4)];
  ends[0].writeUInt32BE(data.length);
  ends[1].writeUInt32BE(crc32(body));
  return Buffer.concat([ends[0], body, ends[1]]);
}

const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
// 8 bits a channel, red green blue and alpha.
header.set([8, 6, 0, 0, 0], 8);
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const image = [
  chunk('IHDR', header),
  chunk('IDAT', deflateSync(pixels(), { level: 9 })),
  chunk('IEND', Buffer.alloc(0)),
];
await writeFile(process.argv[2], Buffer.concat([signature, ...image]));
