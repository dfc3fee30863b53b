import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { answerText, readResult } from '../../src/jobs/result.js';
import { settle } from '../../src/jobs/settle.js';
import { viewJob } from '../../src/jobs/view.js';
import { findJob } from '../../src/store/jobs.js';
import { answering, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

test('a job that answers and ends well is completed', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(answering('forty-two')));
  expect(job).toMatchObject({ status: 'completed', exitCode: 0, reason: null, error: null, placed: 0 });
  expect(await answerText(engine, job)).toBe('forty-two');
  expect(job.answerBytes).toBe(9);
});

test('the files of a job are for its owner only, and the umask of the CLI is the user’s', async () => {
  const folder = await tempFolder();
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(`${answering('x')}; echo > ${folder}/made`));
  const files = jobFiles(engine.paths, job.id);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await mode(files.dir)).toBe('700');
  for (const path of [files.prompt, files.stdout, files.stderr, files.exit, files.answer]) {
    expect(await mode(path)).toBe('600');
  }
  expect(await mode(join(folder, 'made'))).toBe((0o666 & ~process.umask()).toString(8));
});

test.each([
  ['a non-zero exit status', 'exit 7', { status: 'failed', reason: 'exit_code', exitCode: 7 }],
  ['silence', 'exit 0', { status: 'failed', reason: 'interrupted', exitCode: 0 }],
  ['a good end without an answer', `echo '{"end":"ok"}'`, { status: 'failed', reason: 'empty_answer' }],
  ['an error inside exit status 0', `echo '{"error":"slow down"}'; echo '{"end":"error"}'`, { reason: 'rate_limited' }],
  ['SIGKILL from elsewhere', `kill -9 $$`, { status: 'failed', reason: 'killed', exitCode: 137, signal: 'SIGKILL' }],
  ['an exit status of 143 of its own will', 'exit 143', { status: 'failed', reason: 'exit_code', signal: null }],
  ['an exit status of 127 of its own will', 'exit 127', { status: 'failed', reason: 'exit_code', exitCode: 127 }],
])('%s is a failure with its own reason', async (_name, script, expected) => {
  const { submit, ended } = await testEngine();
  expect(await ended(await submit(script))).toMatchObject(expected);
});

test('the last words of stderr explain a failure', async () => {
  const { submit, ended } = await testEngine();
  const job = await ended(await submit('echo first >&2; echo "no such option" >&2; exit 2'));
  expect(job.error).toBe('Exit status 2: no such option');
});

test('the CLI gets the prompt on stdin, a TMPDIR and a mark of its own, and no nesting guard', async () => {
  const { engine, submit, ended } = await testEngine({ env: { SHELL_GUARD: '1', SIDEJOB_DEPTH: '0' } });
  const script = `printf '{"answer":"%s %s %s %s"}\\n' "$SIDEJOB_JOB_ID" "$TMPDIR" "$SIDEJOB_DEPTH" "\${SHELL_GUARD-none}"
    echo '{"end":"ok"}'`;
  const job = await ended(await submit(script));
  const { tmp } = jobFiles(engine.paths, job.id);
  expect(await answerText(engine, job)).toBe(`${job.id} ${tmp} 1 none`);
  expect(existsSync(tmp)).toBe(true);
});

test('a running job shows its activity, its silence and its answer so far', async () => {
  const { engine, submit } = await testEngine();
  const job = await submit(`echo '{"answer":"half"}'; echo '{"tool":"editing src/a.ts"}'; sleep 30`);
  const view = await until('activity', async () => {
    const now = await viewJob(engine, findJob(engine.store, job.id) ?? job);
    return now.activity === 'editing src/a.ts' && now;
  });
  expect(view).toMatchObject({ status: 'running', answerBytes: 4 });
  expect(view.idleSec).toBeLessThan(5);
  expect((await readResult(engine, job, 'answer', 0, 100)).text).toBe('half');
});

test('cancel ends the tree, keeps the output, and is idempotent', async () => {
  const { engine, submit } = await testEngine();
  const job = await submit(`echo '{"answer":"half"}'; sleep 30 & sleep 30`);
  await until('output', async () => (await readResult(engine, job, 'stdout', 0, 10)).total > 0);
  const first = await cancelJob(engine, job.id);
  expect(first).toMatchObject({ changed: true, job: { status: 'canceled', signalSent: 'SIGTERM' } });
  expect(await cancelJob(engine, job.id)).toMatchObject({ changed: false, job: { status: 'canceled' } });
  expect(await answerText(engine, first.job)).toBe('half');
});

test('what ended by itself stays as it ended, whatever is asked afterwards', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(answering('done')));
  expect(await cancelJob(engine, job.id)).toMatchObject({ changed: false, job: { status: 'completed' } });
});

test('an error that cannot heal ends the job at once', async () => {
  const { submit, ended } = await testEngine();
  const job = await ended(await submit(`echo '{"fatal":"wrong key"}'; sleep 60`));
  expect(job).toMatchObject({ status: 'failed', reason: 'auth_required', error: 'wrong key' });
});

test('a conversation’s id is kept, and the next job goes on with it in the same folder', async () => {
  const { engine, submit, ended } = await testEngine();
  const cwd = await tempFolder();
  const first = await ended(await submit(`echo '{"session":"s-1"}'; ${answering('a')}`, { cwd }));
  const second = await submit(`printf '{"answer":"%s %s"}\\n' "$1" "$PWD"; echo '{"end":"ok"}'`, {
    continueJob: first.id,
  });
  expect(second).toMatchObject({ parentId: first.id, sessionId: 's-1', cwd });
  expect(await answerText(engine, await ended(second))).toBe(`s-1 ${cwd}`);
});

test('a prompt file that was cut is never run', async () => {
  const { engine, submit, ended } = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const blocker = await submit('sleep 30');
  const waiting = await submit(answering('never'));
  expect(waiting.status).toBe('queued');
  await writeFile(jobFiles(engine.paths, waiting.id).prompt, 'exit');
  await cancelJob(engine, blocker.id);
  expect(await ended(waiting)).toMatchObject({ status: 'failed', reason: 'spawn_failed', attempt: 1 });
});

test('looking at a job while it is being started does not disturb it', async () => {
  const { engine, submit, ended } = await testEngine();
  const submitting = submit(answering('x'));
  const probe = setInterval(() => {
    for (const id of engine.starting) void settle(engine, id);
  }, 0);
  const job = await submitting;
  clearInterval(probe);
  expect(await ended(job)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('the launcher’s own words stay out of the job’s stderr', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit('kill -9 $$'));
  const files = jobFiles(engine.paths, job.id);
  expect(await readFile(files.stderr, 'utf8')).toBe('');
  expect(await readFile(files.launcherLog, 'utf8')).toMatch(/Killed/);
});
