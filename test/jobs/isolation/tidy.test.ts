// What becomes of worktrees with time: what is nowhere else stays, whatever the limits say; everything else goes.
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeFindings } from '../../../src/jobs/doctor/store.js';
import { jobHealth } from '../../../src/jobs/health.js';
import { applyWork } from '../../../src/jobs/isolation/apply.js';
import { discardWork } from '../../../src/jobs/isolation/discard.js';
import { intendWorktree } from '../../../src/jobs/isolation/intend.js';
import { tidyWorktrees } from '../../../src/jobs/isolation/tidy.js';
import { prunableJobs, pruneJobs, removeOld } from '../../../src/jobs/retention.js';
import { findJob } from '../../../src/store/jobs.js';
import type { JobRecord } from '../../../src/store/record.js';
import { type Isolated, isolatedEngine } from '../../support/isolation.js';
import { until } from '../../support/until.js';

const DAY_MS = 86_400_000;
const EVERYTHING = { endedBefore: Date.now() + DAY_MS, statuses: [], unread: true, unmerged: false };

/** As if it had ended, and been read, so many days ago. */
async function age({ engine }: Isolated, { id }: JobRecord, days: number): Promise<void> {
  const at = Date.now() - days * DAY_MS;
  await engine.store.write(() => {
    engine.store.run('UPDATE job SET finishedAt = $at, readAt = $at, leftovers = 0 WHERE id = $id', { id, at });
    engine.store.run('UPDATE worktree SET createdAt = $at WHERE id = $id', { id, at });
  });
}

const branches = ({ repository }: Isolated) =>
  repository.git('branch', '--list', 'sidejob/*', '--format=%(refname:short)');

test('work that is nowhere else keeps its job, and it is said how many and where', async () => {
  const server = await isolatedEngine();
  const { engine, repository } = server;
  const job = await server.done('echo x > x');
  await age(server, job, 1000);
  await removeOld(engine);
  await pruneJobs(engine, EVERYTHING);
  expect(findJob(engine.store, job.id)).toBeDefined();
  expect(existsSync(join(engine.paths.worktrees, job.id, 'x'))).toBe(true);
  expect(branches(server)).toBe(`sidejob/${job.id}`);
  const { warnings } = await jobHealth(engine);
  expect(warnings.join(' ')).toContain(`neither applied nor discarded (${job.id} in ${repository.folder})`);
  expect(await storeFindings(engine.paths)).toContainEqual(
    expect.objectContaining({ check: 'worktrees', level: 'warn', message: expect.stringContaining(job.id) }),
  );

  expect(await prunableJobs(engine, { ...EVERYTHING, unmerged: true })).toMatchObject({ jobs: 1 });
  expect(await pruneJobs(engine, { ...EVERYTHING, unmerged: true })).toMatchObject({ jobs: 1 });
  expect(server.left()).toEqual([]);
  expect(branches(server)).toBe('');
  expect(engine.store.all('SELECT * FROM worktree')).toEqual([]);
});

test('what was applied, discarded or merged goes with its job', async () => {
  const server = await isolatedEngine();
  const { engine, repository } = server;
  const applied = await server.done('echo 1 > applied');
  const discarded = await server.done('echo 1 > discarded');
  const merged = await server.done('echo 1 > merged');
  const kept = await server.done('echo 1 > kept');
  await applyWork(engine, applied);
  await discardWork(engine, discarded);
  repository.git('merge', '-q', `sidejob/${merged.id}`);
  for (const job of [applied, discarded, merged, kept]) await age(server, job, 1000);
  await removeOld(engine);
  expect([applied, discarded, merged, kept].map(({ id }) => findJob(engine.store, id) !== undefined)).toEqual([
    ...[false, false, false, true],
  ]);
  // The rows go first, and what they speak of with the next look.
  await tidyWorktrees(engine);
  expect(server.left()).toEqual([kept.id]);
  expect(branches(server)).toBe(`sidejob/${kept.id}`);
  expect(repository.git('worktree', 'list').split('\n')).toHaveLength(2);
});

test('more of the conversation holds work anew', async () => {
  const server = await isolatedEngine();
  const first = await server.done(`echo '{"session":"s-4"}'; echo 1 > one`);
  await applyWork(server.engine, first);
  const second = await server.done('echo 2 > two', { continueJob: first.id, cwd: undefined } as never);
  await age(server, first, 1000);
  await age(server, second, 1000);
  await removeOld(server.engine);
  expect([first, second].map(({ id }) => findJob(server.engine.store, id)?.id)).toEqual([first.id, second.id]);
});

test('what was intended for a job that was never recorded is cleared away after an hour', async () => {
  const server = await isolatedEngine();
  const { engine, repository } = server;
  await intendWorktree(engine, 'shell-neverwas', repository.folder, 'committed');
  await tidyWorktrees(engine);
  expect(branches(server)).toBe('sidejob/shell-neverwas');
  await tidyWorktrees(engine, Date.now() + 2 * 3_600_000);
  expect(branches(server)).toBe('');
  expect(engine.store.all('SELECT * FROM worktree')).toEqual([]);
});

test('half-made worktrees and files of a moment are cleared away', async () => {
  const server = await isolatedEngine();
  const { worktrees } = server.engine.paths;
  const job = await server.done('echo x > x');
  mkdirSync(join(worktrees, `${job.id}.7`, 'half'), { recursive: true });
  writeFileSync(join(worktrees, 'shell-00000000~1.index'), '');
  await tidyWorktrees(server.engine);
  expect(server.left()).toHaveLength(3);
  utimesSync(join(worktrees, 'shell-00000000~1.index'), 1, 1);
  await tidyWorktrees(server.engine);
  await discardWork(server.engine, job);
  expect(server.left()).toEqual([]);
});

test('where the repository is gone, its work is kept until it is discarded', async () => {
  const server = await isolatedEngine();
  const { engine, repository } = server;
  const job = await server.done('echo x > x');
  const gone = `${repository.folder}-gone`;
  await rename(repository.folder, gone);
  await age(server, job, 1000);
  await removeOld(engine);
  await tidyWorktrees(engine, Date.now(), 0);
  expect(findJob(engine.store, job.id)).toBeDefined();
  expect(existsSync(join(engine.paths.worktrees, job.id, 'x'))).toBe(true);
  await discardWork(engine, job);
  expect(server.left()).toEqual([]);
  await removeOld(engine);
  await tidyWorktrees(engine);
  expect(engine.store.all('SELECT * FROM worktree')).toEqual([]);
  await rm(gone, { recursive: true });
});

test('a worktree that somebody has removed leaves its branch to look at and to apply', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo x > x');
  server.repository.git('worktree', 'remove', '--force', join(server.engine.paths.worktrees, job.id));
  expect((await applyWork(server.engine, job)).files).toMatchObject([{ path: 'x', status: 'added' }]);
});

test('of another machine nothing is judged', async () => {
  const server = await isolatedEngine();
  const job = await server.done('true');
  await until('it is cleared away', () => server.worktree(job).gone === 1);
  await server.engine.store.write(() =>
    server.engine.store.run("UPDATE worktree SET host = 'other/boot/1', gone = 0 WHERE id = $id", { id: job.id }),
  );
  await tidyWorktrees(server.engine);
  expect(server.worktree(job).gone).toBe(0);
});

test('its life stands in the audit', async () => {
  const server = await isolatedEngine();
  const { engine } = server;
  const job = await server.done('echo x > x');
  await applyWork(engine, job);
  await discardWork(engine, job);
  await engine.audit.flush();
  const lines = (await readFile(engine.paths.audit, 'utf8')).trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line)).filter(({ jobId }) => jobId === job.id);
  expect(events.map(({ event }) => event).slice(-3)).toEqual(['applying', 'applied', 'discarded']);
  expect(events.at(-1)).toMatchObject({ top: server.repository.folder, branch: `sidejob/${job.id}`, files: 1 });
});
