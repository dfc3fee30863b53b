// What doctor says of jobs that do not go on: the store is put into those states by hand.
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { pathsIn } from '../../../src/config/paths.js';
import { storeFindings } from '../../../src/jobs/doctor/store.js';
import { currentHost, hostKey } from '../../../src/process/host.js';
import { processInfo } from '../../../src/process/table.js';
import { registerServer } from '../../../src/store/servers.js';
import type { Store } from '../../../src/store/store.js';
import { insertJob } from '../../../src/store/transitions.js';
import { newJob, openStore } from '../../support/store.js';
import { tempFolder } from '../../support/temp-folder.js';

/** A store with one job; its server and its launcher are this process, or gone, or elsewhere. */
async function withJob(
  server: 'here' | 'gone',
  launcher: 'here' | 'gone' | 'elsewhere' | 'none',
  startedAt = Date.now(),
) {
  const home = await tempFolder();
  await mkdir(pathsIn(home).jobs);
  const store = await openStore(home);
  const [host, self] = await Promise.all([currentHost(), processInfo(process.pid)]);
  const identity = (which: string) => ({
    host: which === 'elsewhere' ? 'other/boot/ns' : hostKey(host),
    pid: process.pid,
    pidStart: which === 'here' ? (self?.start ?? '') : 'another',
  });
  await store.write(() => {
    registerServer(store, { id: 's', startedAt: 1, ...identity(server) });
    insertJob(store, newJob('claude-1'));
    if (launcher === 'none') return;
    const sql = `UPDATE job SET status = 'running', placed = 1, startedAt = $startedAt, host = $host, pid = $pid, pidStart = $pidStart`;
    store.run(sql, { startedAt, ...identity(launcher) });
  });
  const { store: ofStore, jobs } = Object.groupBy(await storeFindings(pathsIn(home)), ({ check }) => check);
  expect(ofStore).toMatchObject([{ level: 'ok' }]);
  return { jobs, store: store as Store };
}

test.each([
  ['here', 'here', 0, 'ok', '1 running'],
  ['gone', 'here', 0, 'warn', 'running without a server: 1 job (claude-1)'],
  ['here', 'gone', 0, 'warn', 'ended while no server looked: 1 job (claude-1)'],
  ['here', 'elsewhere', 0, 'warn', 'begun on another machine or container: 1 job (claude-1)'],
  ['gone', 'none', 0, 'warn', 'waiting in the queue of a server that is gone: 1 job (claude-1)'],
  ['here', 'none', 0, 'ok', '1 queued'],
  ['here', 'here', 2 * 3_600_000, 'warn', 'silent for an hour: 1 job (claude-1)'],
] as const)('server %s, launcher %s, silent for %d ms: %s', async (server, launcher, silent, level, message) => {
  const { jobs } = await withJob(server, launcher, Date.now() - silent);
  expect(jobs).toMatchObject([{ level, message }]);
});
