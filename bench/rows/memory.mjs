import { setTimeout as sleep } from 'node:timers/promises';
import { floorServer } from '../support/floor-server.mjs';
import { figureOf, inTurn } from '../support/measure.mjs';
import { OPENINGS, startRaw } from '../support/raw.mjs';
import { residentMb } from '../support/servers.mjs';

export const title = 'Memory after start';
export const about =
  'Resident memory of a server that has answered, and has then been left alone for half a second: after `initialize`, and ' +
  'after the list of tools. The floor is a server with one tool on the same SDK. About 43 MB of each is Node itself.';

const SETTLED_MS = 500;

/** @returns megabytes, once it has answered all */
async function memoryAfter(server, folder, requests) {
  const started = startRaw(server, folder);
  try {
    for (const request of requests) await started.request(request);
    await sleep(SETTLED_MS);
    return await residentMb(started.pid);
  } finally {
    await started.leave();
  }
}

export async function run({ small, folder, server }) {
  const { initialize } = OPENINGS;
  const listed = [initialize, { method: 'tools/list' }];
  const floor = await floorServer(folder);
  const memory = await inTurn(small ? 2 : 15, {
    floor: () => memoryAfter(floor, folder, [initialize]),
    started: () => memoryAfter(server, folder, [initialize]),
    floorListed: () => memoryAfter(floor, folder, listed),
    listed: () => memoryAfter(server, folder, listed),
  });
  const target = { ratioAtMost: 1.15 };
  return [
    figureOf('after initialize', memory.started, { unit: 'MB', floor: memory.floor, target }),
    figureOf('after tools/list', memory.listed, { unit: 'MB', floor: memory.floorListed }),
  ];
}
