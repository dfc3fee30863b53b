// Loaded into a server (`--import`): writes down how long its event loop was held up at most.
import { writeFileSync } from 'node:fs';

// Loading the server is one long turn, and no call: what counts begins with the first turn after it.
let turn = 0;
const longest = { startWallMs: 0, startCpuMs: 0, callWallMs: 0, callCpuMs: 0 };
let wall = performance.now();
let cpu = process.threadCpuUsage();

setInterval(() => {
  const used = process.threadCpuUsage(cpu);
  const wallMs = performance.now() - wall - 1;
  const cpuMs = (used.user + used.system) / 1000;
  const phase = turn++ === 0 ? 'start' : 'call';
  longest[`${phase}WallMs`] = Math.max(longest[`${phase}WallMs`], wallMs);
  longest[`${phase}CpuMs`] = Math.max(longest[`${phase}CpuMs`], cpuMs);
  wall = performance.now();
  cpu = process.threadCpuUsage();
}, 1).unref();

process.on('exit', () => writeFileSync(`${process.env.BENCH_PROBE}.${process.pid}`, JSON.stringify(longest)));
