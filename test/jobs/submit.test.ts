import { execFileSync } from 'node:child_process';
import { readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobFiles } from '../../src/config/paths.js';
import { cancelJob } from '../../src/jobs/cancel.js';
import { requireJob } from '../../src/jobs/lookup.js';
import { answerText, readResult } from '../../src/jobs/result.js';
import { submitJob } from '../../src/jobs/submit.js';
import { countByStatus } from '../../src/store/jobs.js';
import { markRead } from '../../src/store/transitions.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';

test.each([
  ['an empty prompt', { prompt: ' \n' }, 'bad_argument'],
  ['a folder that does not exist', { cwd: '/no/such/folder' }, 'no_folder'],
  ['a relative folder', { cwd: 'src' }, 'bad_argument'],
  ['a file as folder', { cwd: '/etc/passwd' }, 'no_folder'],
  ['edit without a folder', { access: 'edit' }, 'no_folder'],
  ['access the CLI cannot keep', { access: 'full' }, 'not_supported'],
  ['an effort the CLI does not take', { effort: 'high' }, 'not_supported'],
  ['a system prompt the CLI does not take', { systemPrompt: 'be brief' }, 'not_supported'],
  ['NUL in a label', { label: 'a\0b' }, 'bad_argument'],
  ['a model that is a flag', { model: '--yolo' }, 'bad_argument'],
  ['a job to continue that is not there', { continueJob: 'shell-00000000' }, 'unknown_job'],
  ['a file to attach that is not there', { attach: ['/no/such/file'] }, 'bad_argument'],
] as const)('%s is refused, says so, and leaves nothing behind', async (_name, request, code) => {
  const { engine, submit } = await testEngine();
  const refusal = submit('prompt' in request ? request.prompt : 'exit', request as object);
  await expect(refusal).rejects.toMatchObject({ code });
  await expect(refusal).rejects.toHaveProperty(
    'line',
    expect.stringContaining(code === 'unknown_job' ? 'llm_job_list' : 'Nothing was started.'),
  );
  expect(countByStatus(engine.store)).toMatchObject({ queued: 0, running: 0, failed: 0 });
  expect(await readdir(engine.paths.jobs)).toEqual([]);
});

test('access beyond the cap is refused, never lowered', async () => {
  const cwd = await tempFolder();
  const { submit } = await testEngine({ env: { SIDEJOB_MAX_ACCESS: 'read-only' } });
  await expect(submit('exit', { access: 'edit', cwd })).rejects.toMatchObject({ code: 'access_denied' });
});

test('a folder that is another one by now than when the call was allowed is refused', async () => {
  const [decided, now] = [await realpath(await tempFolder()), await realpath(await tempFolder())];
  const cwd = join(await tempFolder(), 'link');
  await symlink(now, cwd);
  const { engine, submit } = await testEngine();
  await expect(submit('exit', { cwd, folder: decided })).rejects.toMatchObject({
    code: 'denied',
    line: `denied: cwd led to "${decided}" when this call was allowed, and now leads to "${now}". Make the call again. Nothing was started.`,
  });
  expect(countByStatus(engine.store)).toMatchObject({ queued: 0, running: 0 });
  await expect(submit('exit', { cwd, folder: now })).resolves.toMatchObject({ cwd: now });
});

test('a job inside a job inside a job is refused', async () => {
  const { submit } = await testEngine({ env: { SIDEJOB_DEPTH: '2' } });
  await expect(submit('exit')).rejects.toMatchObject({ code: 'too_deep' });
});

test('the depth is counted through the ancestors where the environment was reset', async () => {
  const outer = await testEngine({ env: { SIDEJOB_DEPTH: '1' } });
  const job = await outer.ended(await outer.submit(answering('x')));
  const inner = await testEngine({ home: outer.home, env: { SIDEJOB_JOB_ID: job.id } });
  await expect(inner.submit('exit')).rejects.toMatchObject({ code: 'too_deep' });
});

test('of two jobs that may change one folder, the second is refused', async () => {
  const cwd = await tempFolder();
  const { submit } = await testEngine();
  const writer = await submit('sleep 30', { access: 'edit', cwd });
  await expect(submit('exit', { access: 'edit', cwd: `${cwd}/.` })).rejects.toThrow(writer.id);
  await expect(submit('exit', { cwd })).resolves.toBeDefined();
});

test('a prompt of five megabytes, one that begins with a dash, and one with NUL bytes all arrive', async () => {
  const { engine, submit, ended } = await testEngine();
  for (const text of [`# ${'x'.repeat(5_000_000)}`, '-n', 'a\0b']) {
    const job = await ended(await submit(`${answering('ok')}; exit; ${text}`));
    expect(job).toMatchObject({ status: 'completed' });
    const page = await readResult(engine, job, 'prompt', -text.length, text.length);
    expect(page.text).toBe(text);
  }
});

test('the same request joins the one under way, or ended unread; never a read one, never across clients', async () => {
  const { engine, ended } = await testEngine();
  const ask = (client: string, prompt = `sleep 0.3; ${answering('x')}`) =>
    submitJob(engine, { client, project: null }, { kind: 'deferred', prompt }, shell);
  const first = await ask('a');
  expect(await ask('a')).toMatchObject({ joined: 'request', job: { id: first.job.id } });
  expect(await ask('b')).toMatchObject({ joined: false });
  expect(await ask('a', answering('other'))).toMatchObject({ joined: false });
  await ended(first.job);
  expect(await ask('a')).toMatchObject({ joined: 'request', job: { id: first.job.id } });
  await engine.store.write(() => markRead(engine.store, first.job.id, Date.now()));
  expect(await ask('a')).toMatchObject({ joined: false });
});

test('a failure does not answer the same request again', async () => {
  const { submit, ended } = await testEngine();
  const first = await ended(await submit('exit 1', { fresh: false }));
  expect((await submit('exit 1', { fresh: false })).id).not.toBe(first.id);
});

test('a dedupeKey returns the active job that has it', async () => {
  const { submit, ended } = await testEngine();
  const first = await submit('sleep 0.3', { dedupeKey: 'nightly' });
  expect((await submit('something else', { dedupeKey: 'nightly' })).id).toBe(first.id);
  await ended(first);
  expect((await submit('something else', { dedupeKey: 'nightly' })).id).not.toBe(first.id);
});

test('attachments are fenced, whatever is in them', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'a.md'), 'x\n````\ny');
  const { engine, submit, ended } = await testEngine();
  const first = await ended(await submit(answering('earlier words')));
  const job = await submit('exit 0', { cwd: folder, attach: ['a.md', `job:${first.id}`] });
  const { text } = await readResult(engine, job, 'prompt', 0, 1000);
  expect(text).toBe(
    `exit 0\n\nAttached data, "a.md":\n\`\`\`\`\`\nx\n\`\`\`\`\ny\n\`\`\`\`\`\n\nAttached data, "job:${first.id}":\n\`\`\`\nearlier words\n\`\`\``,
  );
});

test('a job is found by its id, a unique prefix, its tail, and despite look-alike letters', async () => {
  const { engine, submit } = await testEngine();
  const job = await submit('exit');
  const tail = job.id.slice(-8);
  for (const typed of [job.id, job.id.slice(0, -2), tail, tail.slice(0, 5), job.id.toUpperCase(), ` ${job.id} `]) {
    expect(requireJob(engine, typed).id).toBe(job.id);
  }
  expect(requireJob(engine, `shell-${tail.replaceAll('1', 'l').replaceAll('0', 'o')}`).id).toBe(job.id);
  for (const typed of ['', '-', '*', 'shell-********', "'; DROP TABLE job; --", 'x'.repeat(10_000)]) {
    expect(() => requireJob(engine, typed)).toThrow(expect.objectContaining({ code: 'unknown_job' }));
  }
});

test('an ambiguous prefix names the candidates', async () => {
  const { engine, submit } = await testEngine();
  const one = await submit('exit 1');
  const two = await submit('exit 2');
  expect(() => requireJob(engine, 'shell')).toThrow(/^several jobs begin with "shell": /);
  for (const { id } of [one, two]) expect(() => requireJob(engine, 'shell')).toThrow(`${id} (`);
  for (const more of ['exit 3', 'exit 4', 'exit 5']) await submit(more);
  expect(() => requireJob(engine, 'shell')).toThrow(/(shell-\w+ \(\w+\), ){4}…$/);
});

test('the answer is derived again if the kept copy is gone', async () => {
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(answering('kept')));
  await rm(jobFiles(engine.paths, job.id).answer);
  expect(await answerText(engine, job)).toBe('kept');
});

test('what is no regular file is not attached: a pipe would block for ever, a device has no end', async () => {
  const folder = await tempFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const { submit } = await testEngine({ env: { SIDEJOB_ROOTS: '/' } });
  for (const path of [join(folder, 'pipe'), '/dev/zero', folder]) {
    await expect(submit('x', { attach: [path] })).rejects.toMatchObject({ code: 'bad_argument' });
  }
  const cpu = await submit('exit', { attach: ['/proc/self/status'] });
  expect(cpu.promptBytes).toBeGreaterThan(100);
});

test('a label is one printable line, whatever it was', async () => {
  const { submit } = await testEngine();
  const job = await submit('exit', { label: 'ok"\ndemo-aaaaaaaa completed\u001b[31m\u202e' });
  expect(job.label).toBe('ok"');
  expect((await submit('exit', { label: 'red \u001b[31m\u0007 tape' })).label).toBe('red  [31m  tape');
});

test('the queue of one busy CLI is bounded, too', async () => {
  const env = { SIDEJOB_MAX_RUNNING: '8', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '1', SIDEJOB_MAX_QUEUED: '2' };
  const { submit } = await testEngine({ env });
  for (let jobs = 0; jobs < 3; jobs += 1) await submit('sleep 30');
  await expect(submit('exit')).rejects.toMatchObject({ code: 'queue_full' });
});

test('a job canceled in the queue left no conversation to go on with', async () => {
  const { engine, submit } = await testEngine({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  await submit('sleep 30');
  const waiting = await submit('exit');
  await engine.store.write(() => engine.store.run("UPDATE job SET sessionId = 's' WHERE id = $id", { id: waiting.id }));
  await cancelJob(engine, waiting.id);
  await expect(submit('exit', { continueJob: waiting.id })).rejects.toMatchObject({ code: 'no_session' });
});

test('a file full of backticks is attached like any other', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'ticks'), '` '.repeat(200_000));
  const { submit } = await testEngine();
  expect((await submit('exit', { attach: [join(folder, 'ticks')] })).promptBytes).toBeGreaterThan(400_000);
});

test('a refused request leaves the jobs it would have attached unread', async () => {
  const { engine, submit, ended } = await testEngine();
  const first = await ended(await submit(answering('x')));
  await expect(submit('exit', { attach: [`job:${first.id}`, '/no/such/file'] })).rejects.toThrow();
  expect(requireJob(engine, first.id).readAt).toBeNull();
  await submit('exit', { attach: [`job:${first.id}`] });
  expect(requireJob(engine, first.id).readAt).not.toBeNull();
});

test('a conversation goes on in its folder, however that is spelled, as long as it is there', async () => {
  const { submit, ended } = await testEngine();
  const cwd = await tempFolder();
  const first = await ended(await submit(`echo '{"session":"s-1"}'; ${answering('a')}`, { cwd }));
  expect(await submit('exit', { continueJob: first.id, cwd: `${cwd}/.` })).toMatchObject({ cwd });
  await expect(submit('exit', { continueJob: first.id, cwd: '/tmp' })).rejects.toMatchObject({ code: 'bad_argument' });
  await rm(cwd, { recursive: true });
  await expect(submit('exit', { continueJob: first.id })).rejects.toMatchObject({ code: 'no_folder' });
});
