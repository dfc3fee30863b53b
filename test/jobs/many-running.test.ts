// Very many running jobs: they are looked at in slices, between which others get their turn.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { processInfo } from '../../src/process/table.js';
import { findJob } from '../../src/store/jobs.js';
import { Store } from '../../src/store/store.js';
import { insertJob } from '../../src/store/transitions.js';
import { testEngine } from '../support/engine.js';
import { newJob } from '../support/store.js';
import { until } from '../support/until.js';

const JOBS = 300;
const ids = Array.from({ length: JOBS }, (_, index) => `shell-${index}`);

/** A server with many running jobs; one process stands for the launcher of each. */
async function busyServer() {
  const server = await testEngine();
  const { store, server: self, register, paths } = server.engine;
  for (const { dir, exit } of ids.map((id) => jobFiles(paths, id))) {
    await mkdir(dir, { mode: 0o700 });
    await writeFile(exit, ' '.repeat(8), { mode: 0o600 });
  }
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const launcher = await processInfo(child.pid ?? 0);
  await store.write(() => {
    register();
    for (const id of ids) insertJob(store, newJob(id, { owner: self.id, timeoutSec: 1e6, createdAt: Date.now() }));
    const running = "status = 'running', attempt = 1, pid = $pid, pidStart = $start, host = $host, startedAt = $now";
    const { pid, start } = launcher ?? {};
    store.run(`UPDATE job SET ${running}`, { pid, start, host: self.host, now: Date.now() });
  });
  onTestFinished(async () => {
    await store.write(() => store.run("UPDATE job SET status = 'canceled', finishedAt = 1"));
    child.kill('SIGKILL');
  });
  return server;
}

/** How many queries were made of stores from one turn of the event loop to the next, at the most and in all. */
function countQueries() {
  const counted = { most: 0, all: 0 };
  let [now, going] = [0, true];
  const query = Store.prototype.get;
  const spy = vi.spyOn(Store.prototype, 'get').mockImplementation(function (this: Store, ...args) {
    now += 1;
    counted.all += 1;
    counted.most = Math.max(counted.most, now);
    return query.apply(this, args);
  });
  const turn = () => {
    now = 0;
    if (going) setImmediate(turn);
  };
  turn();
  onTestFinished(() => {
    going = false;
    spy.mockRestore();
  });
  return counted;
}

test('a server that comes looks at the jobs of the others', async () => {
  const { home } = await busyServer();
  const queries = countQueries();
  await testEngine({ home });
  expect(queries.all).toBeGreaterThan(2 * JOBS);
  expect(queries.most).toBeLessThan(JOBS);
});

test('a server looks at its own each second', async () => {
  const { engine } = await busyServer();
  for (const id of ids) {
    const job = findJob(engine.store, id);
    if (job) engine.supervision.watch(job);
  }
  const queries = countQueries();
  await until('all were looked at', () => queries.all > 2 * JOBS);
  expect(queries.most).toBeLessThan(JOBS);
});
