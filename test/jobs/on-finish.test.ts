// What is done when a job has ended: once for each job, beside everything else, whoever has recorded the end.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolvePaths } from '../../src/config/paths.js';
import { openJobManager } from '../../src/jobs/manager.js';
import { notice } from '../../src/jobs/notification.js';
import { settle } from '../../src/jobs/settle.js';
import { Secrets } from '../../src/output/secrets/secrets.js';
import { runHook } from '../../src/process/hook.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { processesWith } from '../support/processes.js';
import { inlineScan } from '../support/secrets.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

/** A data folder whose hook appends what it is told to `told`, as a line. */
async function withHook(script = (told: string) => `cat >> '${told}'`, more = '') {
  const root = await tempFolder();
  const home = join(root, 'home');
  const told = join(root, 'told');
  await mkdir(home, { mode: 0o700 });
  await writeFile(told, '');
  const command = JSON.stringify(['sh', '-c', script(told)]);
  await writeFile(join(home, 'config.toml'), `[on_finish]\ncommand = ${command}\n${more}`);
  const lines = async () => (await readFile(told, 'utf8')).split('\n').filter(Boolean);
  return { home, told, lines };
}

test('the command gets the job as JSON, once, without prompt and answer', async () => {
  const { home, lines } = await withHook();
  const { engine, submit, ended } = await testEngine({ home });
  const job = await ended(await submit(answering('forty-two'), { label: 'the question' }));
  await until('it was told', async () => (await lines()).length > 0);
  const [line = ''] = await lines();
  expect(JSON.parse(line)).toMatchObject({
    ...{ jobId: job.id, status: 'completed', exitCode: 0, label: 'the question', unread: true, answerBytes: 9 },
    ...{ sessionId: null, usage: null, cwd: job.cwd },
  });
  expect(line).not.toContain('forty-two');
  await settle(engine, job.id);
  const next = await ended(await submit(answering('x')));
  await until('it was told of the next', async () => (await lines()).length > 1);
  expect((await lines()).map((each) => JSON.parse(each).jobId)).toEqual([job.id, next.id]);
});

test('each way of ending counts: canceled in the queue, failed, ended by a signal', async () => {
  const { home, lines } = await withHook();
  const { engine, submit, ended } = await testEngine({ home, env: { SIDEJOB_MAX_RUNNING: '1' } });
  const running = await submit('sleep 60');
  const queued = await submit('sleep 61');
  const { cancelJob } = await import('../../src/jobs/cancel.js');
  await cancelJob(engine, queued.id);
  await cancelJob(engine, running.id);
  const failed = await ended(await submit('exit 3'));
  await until('all were told', async () => (await lines()).length === 3);
  const told = (await lines()).map((line) => JSON.parse(line));
  expect(Object.fromEntries(told.map(({ jobId, status }) => [jobId, status]))).toEqual({
    [running.id]: 'canceled',
    [queued.id]: 'canceled',
    [failed.id]: 'failed',
  });
});

test('what a command line records that only looks is told by the next server, and only once', async () => {
  const { home, lines } = await withHook();
  const first = await testEngine({ home });
  const job = await first.submit(`sleep 0.3; ${answering('x')}`);
  await until('it runs', () => first.engine.store.get('SELECT 1 FROM job WHERE status = $s', { s: 'running' }));
  first.close();
  const env = { PATH: process.env.PATH, HOME: home, SIDEJOB_HOME: home };
  const log = { warn: () => {}, error: () => {}, debug: () => {} };
  const secrets = new Secrets(env, false, inlineScan);
  const options = { paths: resolvePaths(env), env, providers: [shell], log, secrets };
  const looks = await openJobManager({ ...options, passive: true });
  await until('it has ended', async () => (await settle(looks.engine, job.id))?.status === 'completed');
  looks.close();
  expect(await lines()).toEqual([]);
  const [one, other] = await Promise.all([testEngine({ home }), testEngine({ home })]);
  await until('it was told', async () => (await lines()).length > 0);
  // Both have looked by now; nothing is left to take.
  await one.ended(await one.submit(answering('y')));
  await until('the next was told', async () => (await lines()).length > 1);
  expect((await lines()).filter((line) => line.includes(job.id))).toHaveLength(1);
  other.close();
});

test('one that never ends is ended with all that it has started, and no job waits for it', async () => {
  const { home, told } = await withHook((file) => `sleep 71 & echo began >> '${file}'; sleep 72`, 'timeoutSec = 1\n');
  const { submit, ended } = await testEngine({ home });
  const job = await ended(await submit(answering('x')));
  expect(job.status).toBe('completed');
  await until('it began', async () => (await readFile(told, 'utf8')) !== '');
  await until('it is gone', async () => (await processesWith(`SIDEJOB_HOME=${home}`)).length === 0, 6000);
});

test('a failing command, and one that is not there, end up in the log and nowhere else', async () => {
  for (const [command, complaint] of [
    [['sh', '-c', 'echo no such luck >&2; exit 3'], /exit 3: no such luck/],
    [['no-such-program-at-all'], /there is no program no-such-program-at-all/],
  ] as const) {
    const { home } = await withHook();
    await writeFile(join(home, 'config.toml'), `[on_finish]\ncommand = ${JSON.stringify(command)}\n`);
    const complaints: string[] = [];
    const { engine, submit, ended } = await testEngine({ home });
    engine.log.warn = (details) => void complaints.push(JSON.stringify(details));
    expect(await ended(await submit(answering('x')))).toMatchObject({ status: 'completed', error: null });
    await until('it was logged', () => complaints.length > 0);
    expect(complaints[0]).toMatch(complaint);
  }
});

test('without the table nothing is noted', async () => {
  const { engine, submit, ended } = await testEngine();
  await ended(await submit(answering('x')));
  expect(engine.store.all('SELECT * FROM finished')).toEqual([]);
});

test('the command gets the environment of its server, one job deeper, and no folder of the job', async () => {
  const { home, lines } = await withHook((told) => `pwd >> '${told}'; env | grep ^SIDEJOB_ | sort >> '${told}'`);
  const { submit, ended } = await testEngine({ home });
  await ended(await submit(answering('x')));
  await until('it was told', async () => (await lines()).length > 4);
  const [folder, ...variables] = await lines();
  expect(folder).toBe(home);
  expect(variables).toContain('SIDEJOB_DEPTH=1');
  expect(variables.join()).not.toContain('SIDEJOB_JOB_ID');
  expect(await readdir(home)).not.toContain('nohup.out');
});

test('a program that reads nothing and prints much is no harm', async () => {
  const cwd = await tempFolder();
  const hook = { path: '/bin/sh', cwd, env: { PATH: process.env.PATH }, input: 'x'.repeat(1e6), timeoutSec: 10 };
  expect(await runHook({ ...hook, args: ['-c', 'exit 0'] })).toBeUndefined();
  const loud = 'i=0; while [ $i -lt 3000 ]; do echo "$i aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" >&2; i=$((i+1)); done; exit 4';
  const problem = (await runHook({ ...hook, args: ['-c', loud] })) ?? '';
  expect(problem).toMatch(/^exit 4: /);
  expect(problem.length).toBeLessThan(5000);
});

test('the words of a notification cannot become more than words', () => {
  const job = {
    jobId: 'claude-1',
    status: 'failed',
    reason: 'timeout',
    label: '<b>"x"</b> & y',
    elapsedSec: 3,
  } as const;
  expect(notice('notify-send', job)).toEqual([
    '--app-name=Sidejob',
    '--',
    'claude-1 failed (timeout)',
    '&#60;b&#62;"x"&#60;/b&#62; &#38; y · 3 s',
  ]);
  const [title, body] = notice('osascript', job).slice(-2);
  expect([title, body]).toEqual(['claude-1 failed (timeout)', '<b>"x"</b> & y · 3 s']);
});

test('a notification is shown by the program of the desktop', async () => {
  const { home, told } = await withHook();
  await writeFile(join(home, 'config.toml'), '[on_finish]\nnotify = true\n');
  const bin = await tempFolder();
  const script = `#!/bin/sh\nprintf '%s|' "$@" >> '${told}'\n`;
  for (const name of ['notify-send', 'osascript']) await writeFile(join(bin, name), script, { mode: 0o755 });
  const { submit, ended } = await testEngine({ home, env: { PATH: `${bin}:${process.env.PATH}` } });
  const job = await ended(await submit(answering('x'), { label: 'look' }));
  await until('it was shown', async () => (await readFile(told, 'utf8')).includes('look'));
  expect(await readFile(told, 'utf8')).toContain(`${job.id} completed|`);
});
