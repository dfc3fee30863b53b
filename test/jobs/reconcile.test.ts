// The table of DESIGN: what a server makes of a job whose own server is gone.
import { readFile, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { answerText } from '../../src/jobs/result.js';
import { launcherOf, settle } from '../../src/jobs/settle.js';
import { processInfo } from '../../src/process/table.js';
import { findJob } from '../../src/store/jobs.js';
import type { JobRecord } from '../../src/store/record.js';
import { setCause } from '../../src/store/transitions.js';
import { answering, type TestEngine, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

/** Lets go of a server as its sudden death would: its jobs run on, and its record names a process that is gone. */
async function die(server: TestEngine): Promise<void> {
  const { store, server: self } = server.engine;
  await store.write(() => store.run("UPDATE server SET pidStart = 'gone' WHERE id = $id", { id: self.id }));
  server.close();
}

function record(server: TestEngine, { id }: { id: string }): JobRecord {
  const job = findJob(server.engine.store, id);
  if (!job) throw new Error(`no job ${id}`);
  return job;
}

async function twoServers(env: NodeJS.ProcessEnv = {}) {
  const first = await testEngine({ env });
  return { first, next: () => testEngine({ home: first.home, env }) };
}

test.each([0, 9])('a job that ended with status %i while no server lived is finished from its file', async (code) => {
  const { first, next } = await twoServers();
  const job = await first.submit(`sleep 0.2; ${answering('late')}; exit ${code}`);
  const { exit } = jobFiles(first.engine.paths, job.id);
  await die(first);
  await until('exit status', async () => /^\d/.test(await readFile(exit, 'latin1')));
  const second = await next();
  const after = record(second, job);
  expect(after).toMatchObject({ status: code === 0 ? 'completed' : 'failed', exitCode: code, placed: 0 });
  expect(await answerText(second.engine, after)).toBe('late');
});

test('a job that still runs is adopted, and its end is noticed at once', async () => {
  const { first, next } = await twoServers();
  const gate = `${await tempFolder()}/gate`;
  const job = await first.submit(`until [ -e ${gate} ]; do sleep 0.05; done; ${answering('x')}`);
  await die(first);
  const second = await next();
  expect(record(second, job)).toMatchObject({ status: 'running', owner: second.engine.server.id });
  expect(second.engine.supervision.adopted).toBe(1);
  await writeFile(gate, '');
  expect(await second.ended(job)).toMatchObject({ status: 'completed', exitCode: 0 });
});

test('a job whose server lives is not adopted', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit('sleep 30');
  const second = await next();
  expect(record(second, job).owner).toBe(first.engine.server.id);
  expect(second.engine.supervision.count).toBe(0);
});

test('launcher and CLI gone without a word: orphaned, never run again, its output readable', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit(`echo '{"answer":"half"}'; sleep 30`);
  const { stdout } = jobFiles(first.engine.paths, job.id);
  await until('output', async () => (await readFile(stdout, 'utf8')) !== '');
  const launcher = launcherOf(record(first, job));
  await die(first);
  process.kill(-(launcher?.pid ?? 0), 'SIGKILL');
  const second = await next();
  const after = await second.ended(job);
  expect(after).toMatchObject({ status: 'orphaned', exitCode: null, attempt: 1 });
  expect(await answerText(second.engine, after)).toBe('half');
});

test('only the launcher gone: what it had started is ended, then the job is orphaned', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit(`echo $$; exec sleep 30`);
  const { stdout } = jobFiles(first.engine.paths, job.id);
  const pid = Number(await until('pid', () => readFile(stdout, 'utf8')));
  const launcher = launcherOf(record(first, job));
  await die(first);
  process.kill(launcher?.pid ?? 0, 'SIGKILL');
  const second = await next();
  expect(await second.ended(job)).toMatchObject({ status: 'orphaned' });
  const left = await processInfo(pid);
  expect(left === undefined || left.zombie).toBe(true);
});

test('a cause that was committed before the server died is carried out', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit('sleep 30');
  await first.engine.store.write(() => setCause(first.engine.store, job.id, 'cancel', null, Date.now()));
  await die(first);
  const second = await next();
  expect(await second.ended(job)).toMatchObject({ status: 'canceled', signalSent: 'SIGTERM' });
});

test('a cause that came after the end does not count', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit(`${answering('in time')}`);
  // As if this server were slow: the end is on file, and not yet recorded.
  const { exit } = jobFiles(first.engine.paths, job.id);
  await until('exit status', async () => /^\d/.test(await readFile(exit, 'latin1')));
  await first.engine.store.write(() =>
    first.engine.store.run(
      "UPDATE job SET status = 'running', finishedAt = NULL, cause = 'cancel', causeAt = $at WHERE id = $id",
      { id: job.id, at: Date.now() + 1000 },
    ),
  );
  await die(first);
  const second = await next();
  expect(await second.ended(job)).toMatchObject({ status: 'completed', exitCode: 0 });
});

test('a queued job of a dead server is started by the next one', async () => {
  const { first, next } = await twoServers({ SIDEJOB_MAX_RUNNING: '1' });
  const blocker = await first.submit('sleep 30');
  const waiting = await first.submit(answering('mine now'));
  await die(first);
  const second = await next();
  await cancelJob(second.engine, blocker.id);
  expect(await second.ended(waiting)).toMatchObject({ status: 'completed', owner: second.engine.server.id });
});

test('a job that had a place when its server died, but no launcher, is started once', async () => {
  const { first, next } = await twoServers({ SIDEJOB_MAX_RUNNING: '1' });
  const blocker = await first.submit('sleep 30');
  const waiting = await first.submit(answering('once'));
  await first.engine.store.write(() =>
    first.engine.store.run('UPDATE job SET placed = 1, attempt = 1 WHERE id = $id', { id: waiting.id }),
  );
  await die(first);
  const second = await next();
  await cancelJob(second.engine, blocker.id);
  expect(await second.ended(waiting)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('a queued job is not taken over by a server with another login', async () => {
  const { first } = await twoServers({ SIDEJOB_MAX_RUNNING: '1', SHELL_LOGIN: 'mine' });
  await first.submit('sleep 30');
  const waiting = await first.submit(answering('never'));
  await die(first);
  const second = await testEngine({ home: first.home, env: { SIDEJOB_MAX_RUNNING: '1', SHELL_LOGIN: 'theirs' } });
  await settle(second.engine, waiting.id);
  expect(record(second, waiting)).toMatchObject({ status: 'queued', owner: first.engine.server.id });
  expect(await cancelJob(second.engine, waiting.id)).toMatchObject({ job: { status: 'canceled' } });
});

test('a launcher that never got its go puts the job back into the queue', async () => {
  const { first, next } = await twoServers({ SIDEJOB_MAX_RUNNING: '1' });
  const job = await first.submit('sleep 30');
  // As if the server had died between the record and the go: the launcher left its word, and is gone.
  process.kill(-(launcherOf(record(first, job))?.pid ?? 0), 'SIGKILL');
  // The first server has noticed, and looks no more.
  await first.ended(job);
  const files = jobFiles(first.engine.paths, job.id);
  await writeFile(files.prompt, answering('went well'));
  await writeFile(files.exit, 'nogo\n   ');
  await first.engine.store.write(() =>
    first.engine.store.run(
      `UPDATE job SET status = 'running', finishedAt = NULL, placed = 1, promptBytes = $bytes, reason = NULL,
                      startedAt = createdAt WHERE id = $id`,
      { id: job.id, bytes: answering('went well').length },
    ),
  );
  await die(first);
  const second = await next();
  const ended = await second.ended(job);
  expect(ended).toMatchObject({ status: 'completed' });
  // Another try for certain; a third if the first server was quick enough to begin one in its last moment.
  expect(ended.attempt).toBeGreaterThan(1);
});

test('a job of another machine is shown and never judged', async () => {
  const { first } = await twoServers();
  const job = await first.submit('sleep 30');
  const { store } = first.engine;
  const home = record(first, job).host;
  await store.write(() => store.run("UPDATE job SET host = 'another/boot/ns' WHERE id = $id", { id: job.id }));
  expect(await settle(first.engine, job.id)).toMatchObject({ status: 'running' });
  expect(await cancelJob(first.engine, job.id)).toMatchObject({ job: { status: 'running', cause: 'cancel' } });
  await store.write(() => store.run('UPDATE job SET host = $home WHERE id = $id', { id: job.id, home }));
});

test('a job of an earlier boot is orphaned', async () => {
  const { first, next } = await twoServers();
  const job = await first.submit('sleep 30');
  const launcher = launcherOf(record(first, job));
  const { store, host } = first.engine;
  const earlier = `${host.machine}/earlier-boot/${host.pidNamespace}`;
  await store.write(() => store.run('UPDATE job SET host = $earlier WHERE id = $id', { id: job.id, earlier }));
  await die(first);
  const second = await next();
  expect(await second.ended(job)).toMatchObject({ status: 'orphaned' });
  // A process of that number here is somebody else's, and was not touched.
  expect(process.kill(launcher?.pid ?? 0, 0)).toBe(true);
  process.kill(-(launcher?.pid ?? 0), 'SIGKILL');
});

test('limits hold for adopted jobs: silence, and the total time', async () => {
  const { first, next } = await twoServers();
  const silent = await first.submit('sleep 60', { idleTimeoutSec: 1 });
  const long = await first.submit('while :; do echo; sleep 0.1; done', { timeoutSec: 2 });
  await die(first);
  const second = await next();
  const ended = await second.ended(silent);
  expect(ended).toMatchObject({ status: 'failed', reason: 'idle_timeout', signalSent: 'SIGTERM' });
  expect(ended.error).toMatch(/^Ended after \d+ s without output\.$/);
  expect(await second.ended(long)).toMatchObject({ status: 'failed', reason: 'timeout' });
});

test('whoever waits for a job of a server that dies hears of its end, however busy other servers are', async () => {
  const { first, next } = await twoServers();
  const second = await next();
  const job = await first.submit('sleep 30');
  const waits = second.ended(job);
  const others = setInterval(() => second.engine.store.bell.ring(), 100);
  onTestFinished(() => clearInterval(others));
  await die(first);
  process.kill(-(launcherOf(record(second, job))?.pid ?? 0), 'SIGKILL');
  const died = Date.now();
  const after = await waits;
  expect(after.status).toBe('orphaned');
  expect(after.finishedAt).toBeLessThan(died + 4000);
});

test('what a CLI has left in a group of its own is ended, though the server has died with the job', async () => {
  const { first, next } = await twoServers();
  const leaving = `exec bash -c 'set -m; sleep 60 >/dev/null & echo $!; echo "$1"' sh '{"answer":"x"}
{"end":"ok"}'`;
  const left: number[] = [];
  // Several: for a moment the launcher itself may be what is seen of its group.
  for (let count = 0; count < 6; count += 1) {
    const job = await first.submit(leaving);
    expect((await first.ended(job)).status).toBe('completed');
    left.push(Number((await readFile(jobFiles(first.engine.paths, job.id).stdout, 'utf8')).split('\n')[0]));
  }
  await die(first);
  const second = await next();
  await second.engine.supervision.tidy();
  for (const pid of left) expect((await processInfo(pid))?.zombie ?? true).toBe(true);
});
