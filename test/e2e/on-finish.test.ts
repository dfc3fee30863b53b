// `[on_finish]` under the built server: what it is told, and that it holds when the server leaves.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { processesWith } from '../support/processes.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

async function hooked(sandbox: Sandbox, script: string, more = ''): Promise<() => Promise<string[]>> {
  const told = join(sandbox.root, 'told');
  await writeFile(told, '');
  await mkdir(sandbox.home, { mode: 0o700 });
  const command = JSON.stringify(['/bin/sh', '-c', script.replaceAll('TOLD', told)]);
  await writeFile(join(sandbox.home, 'config.toml'), `[on_finish]\ncommand = ${command}\n${more}`);
  return async () => (await readFile(told, 'utf8')).split('\n').filter(Boolean);
}

test('is told what "show --json" says without the answer, with secrets masked', async ({ sandbox }) => {
  const lines = await hooked(sandbox, '/bin/cat >> TOLD');
  const assistant = await sandbox.assistant();
  const secret = `ghp_${'aB3dE5gH7j'.repeat(4).slice(0, 36)}`;
  const jobId = await assistant.submit(asks({ say: 'forty-two' }), { label: `with ${secret}` });
  await until('it was told', async () => (await lines()).length > 0);
  const told = JSON.parse((await lines())[0] ?? '');
  const { answer, structured, ...shown } = JSON.parse((await sidejob(sandbox, 'show', jobId, '--json')).stdout);
  expect(answer).toBe('forty-two');
  expect(told).toEqual({ ...shown, label: told.label });
  expect(told.label).toMatch(/^with /);
  expect(told.label).not.toContain(secret);
});

test('of many servers one runs it, for each job once', async ({ sandbox }) => {
  const lines = await hooked(sandbox, '/bin/cat >> TOLD');
  const assistants = await Promise.all(Array.from({ length: 4 }, () => sandbox.assistant()));
  const ids = await Promise.all(
    assistants.flatMap((assistant, at) =>
      [0, 1, 2].map((n) => assistant.submit(asks({ say: `${at} ${n}` }), { fresh: true })),
    ),
  );
  await until('all were told', async () => (await lines()).length >= ids.length);
  expect((await lines()).map((line) => JSON.parse(line).jobId).sort()).toEqual([...ids].sort());
});

test('goes on when its server leaves, and keeps its time limit', async ({ sandbox }) => {
  const lines = await hooked(sandbox, 'echo begun >> TOLD; exec /bin/sleep 73', 'timeoutSec = 2\n');
  const assistant = await sandbox.assistant();
  await assistant.submit('hello');
  await until('it has begun', async () => (await lines()).length > 0);
  await assistant.close();
  const sleeping = async () =>
    (await processesWith(`SIDEJOB_HOME=${sandbox.home}`)).some(({ command }) => /sleep/.test(command));
  if (process.platform === 'linux') expect(await sleeping()).toBe(true);
  await until('it was ended', async () => !(await sleeping()), 10_000);
});

test('a job whose server was killed is told by the next one', async ({ sandbox }) => {
  const lines = await hooked(sandbox, '/bin/cat >> TOLD');
  const first = await sandbox.assistant();
  const gate = sandbox.gate();
  const jobId = await first.submit(asks({ gate }));
  await first.jobWhen(jobId, 'runs', (job) => job.status === 'running');
  await first.kill();
  await sandbox.open(gate);
  // It ends while nobody looks, and is recorded by one that only looks.
  await until('it has ended', async () => /completed/.test((await sidejob(sandbox, 'list')).stdout));
  expect(await lines()).toEqual([]);
  const next = await sandbox.assistant();
  await next.call('llm_job_list');
  await until('it was told', async () => (await lines()).length > 0);
  expect((await lines()).map((line) => JSON.parse(line).jobId)).toEqual([jobId]);
});

test('a server that dies right after it has recorded an end leaves the note to the next one', async ({ sandbox }) => {
  const lines = await hooked(sandbox, '/bin/cat >> TOLD');
  const doomed = await sandbox.assistant({ env: { SIDEJOB_FAULT: 'finish.recorded' } });
  const gate = sandbox.gate();
  const jobId = await doomed.submit(asks({ gate }));
  await sandbox.open(gate);
  await until(
    'it is dead',
    async () => !(await processesWith(`SIDEJOB_FAULT=finish.recorded`)).some(({ pid }) => pid === doomed.pid),
  );
  expect(await lines()).toEqual([]);
  const next = await sandbox.assistant();
  await next.call('llm_job_list');
  await until('it was told', async () => (await lines()).length > 0);
  expect((await lines()).map((line) => JSON.parse(line))).toMatchObject([{ jobId, status: 'completed' }]);
});

test('health says that there is one, and not what is in its arguments', async ({ sandbox }) => {
  await hooked(sandbox, 'echo my-secret-address');
  const assistant = await sandbox.assistant();
  const { text, data } = await assistant.call('llm_process_health');
  expect(data).toMatchObject({ config: { onFinish: { command: '/bin/sh', timeoutSec: 30, notify: false } } });
  expect(text).toContain('[on_finish]');
  expect(JSON.stringify(data) + text).not.toContain('my-secret-address');
});
