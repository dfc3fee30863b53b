import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { removeOld } from '../../src/jobs/retention.js';
import { countByStatus, findJob } from '../../src/store/jobs.js';
import { answering, type TestEngine, testEngine } from '../support/engine.js';

const DAY_MS = 86_400_000;

/** An ended job of a certain age. */
async function aged(server: TestEngine, days: number, more: { read?: boolean; pinned?: boolean; bytes?: number } = {}) {
  const { engine } = server;
  const { id } = await server.ended(await server.submit(answering('x')));
  const at = Date.now() - days * DAY_MS;
  await engine.store.write(() => {
    engine.store.run('UPDATE job SET finishedAt = $at, readAt = $read, pinned = $pinned WHERE id = $id', {
      ...{ id, at, read: more.read === false ? null : at, pinned: more.pinned ? 1 : 0 },
    });
    if (more.bytes) {
      engine.store.run('UPDATE job SET stdoutBytes = $bytes WHERE id = $id', { id, bytes: more.bytes });
      engine.store.run("UPDATE tally SET bytes = bytes + $bytes WHERE status = 'completed'", { bytes: more.bytes });
    }
  });
  return id;
}

function kept({ engine }: TestEngine, ids: readonly string[]): boolean[] {
  return ids.map((id) => {
    const row = findJob(engine.store, id) !== undefined;
    expect(existsSync(jobFiles(engine.paths, id).dir), 'row and files go together').toBe(row);
    return row;
  });
}

test('old jobs go, unread ones later, pinned ones never', async () => {
  const server = await testEngine({ env: { SIDEJOB_KEEP_DAYS: '10', SIDEJOB_KEEP_UNREAD_DAYS: '20' } });
  const ids = [
    await aged(server, 11),
    await aged(server, 9),
    await aged(server, 11, { read: false }),
    await aged(server, 21, { read: false }),
    await aged(server, 99, { pinned: true }),
  ];
  expect(await removeOld(server.engine)).toEqual({ jobs: 2, folders: 0 });
  expect(kept(server, ids)).toEqual([false, true, true, false, true]);
  expect(countByStatus(server.engine.store).completed).toBe(3);
});

test('of too many, the oldest read ones go; never one that ended just now', async () => {
  const server = await testEngine({ env: { SIDEJOB_KEEP_JOBS: '1' } });
  const ids = [
    await aged(server, 3),
    await aged(server, 2, { read: false }),
    await aged(server, 1),
    await aged(server, 0),
  ];
  await removeOld(server.engine);
  expect(kept(server, ids)).toEqual([false, true, false, true]);
});

test('of too much output, the oldest goes first, and no more than is needed', async () => {
  const server = await testEngine({ env: { SIDEJOB_KEEP_MB: '10' } });
  const ids = [
    await aged(server, 3, { bytes: 5_000_000 }),
    await aged(server, 2, { bytes: 5_000_000 }),
    await aged(server, 1, { bytes: 5_000_000 }),
  ];
  await removeOld(server.engine);
  expect(kept(server, ids)).toEqual([false, true, true]);
});

test('a running job is never removed, and a folder without a job is, once it is no longer young', async () => {
  const server = await testEngine({ env: { SIDEJOB_KEEP_DAYS: '1' } });
  const running = await server.submit('sleep 30');
  const { jobs } = server.engine.paths;
  const old = new Date(Date.now() - 2 * 3_600_000);
  for (const name of ['claude-stray000', 'claude-young000']) await mkdir(join(jobs, name));
  await utimes(join(jobs, 'claude-stray000'), old, old);
  await utimes(jobFiles(server.engine.paths, running.id).dir, old, old);
  expect(await removeOld(server.engine)).toEqual({ jobs: 0, folders: 1 });
  expect((await readdir(jobs)).sort()).toEqual(['claude-young000', running.id].sort());
});
