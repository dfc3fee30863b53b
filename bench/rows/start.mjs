import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { floorServer } from '../support/floor-server.mjs';
import { notedLoads, noteLoads } from '../support/loads.mjs';
import { figureOf, inTurn } from '../support/measure.mjs';
import { OPENINGS, startRaw } from '../support/raw.mjs';

export const title = 'Start';
export const about =
  'From the start of the process to its first answer, for each of the two openings that the protocol has, and to the list ' +
  "of its tools; V8's compile cache is warm. Then the very first start, with an empty one. The floor is a server with one " +
  'tool on the same SDK, bundled, with such a cache. What a start loads is counted.';

const { initialize, 'server/discover': discover } = OPENINGS;

/** Starts a server, asks, and has it leave; what is timed ends with the last answer. */
async function start(server, folder, requests, env) {
  const begun = performance.now();
  const started = startRaw(server, folder, { env });
  try {
    for (const request of requests) await started.request(request);
    return performance.now() - begun;
  } finally {
    await started.leave();
  }
}

export async function run({ small, folder, server }) {
  const floor = await floorServer(folder);
  const asked = {
    initialize: [initialize],
    'server/discover': [discover],
    'initialize, tools/list': [initialize, { method: 'tools/list' }],
  };
  const emptyCache = async () => ({ NODE_COMPILE_CACHE: await mkdtemp(join(folder, 'cache-')) });
  const times = await inTurn(small ? 3 : 60, {
    ...Object.fromEntries(
      Object.entries(asked).flatMap(([name, requests]) => [
        [`floor: ${name}`, () => start(floor, folder, requests)],
        [name, () => start(server, folder, requests)],
      ]),
    ),
    'floor: the very first': async () => start(floor, folder, [initialize], await emptyCache()),
    'the very first': async () => start(server, folder, [initialize], await emptyCache()),
  });
  const figure = (name, target) => figureOf(name, times[name], { floor: times[`floor: ${name}`], target });
  return [
    figure('initialize', { ratioAtMost: 1.25 }),
    figure('server/discover', { ratioAtMost: 1.25 }),
    figure('initialize, tools/list'),
    figure('the very first'),
    ...(await loadFigures(folder, floor, server)),
  ];
}

/** What is loaded up to the first answer. */
async function loadFigures(folder, floor, server) {
  const [ofFloor, own] = await Promise.all(
    [floor, server].map(async (each, index) => {
      const file = join(folder, `loads-${index}`);
      await start(each, folder, [initialize], noteLoads(file));
      return notedLoads(file);
    }),
  );
  const kilobytes = (files) => Math.round(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1000);
  return [
    { name: 'files of code loaded', value: own.length, unit: 'files', counted: true, target: { atMost: 8 } },
    {
      name: 'code loaded',
      ...{ value: kilobytes(own), unit: 'KB', floor: kilobytes(ofFloor), counted: true },
      target: { ratioAtMost: 0.85 },
    },
  ];
}
