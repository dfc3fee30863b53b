// The audit through the built server: every job leaves its lines, whatever happens to it, its server or its reader.
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { linuxTest, test } from '../support/e2e.js';
import { processesOf, signal } from '../support/processes.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

type Line = { seq?: number; event: string; jobId?: string; [name: string]: unknown };

/** All lines of all files, without asking Sidejob. */
async function linesOf(sandbox: Sandbox): Promise<Line[]> {
  const names = (await readdir(sandbox.home)).filter((name) => /^audit\..*log$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(sandbox.home, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line),
  );
}

/** What the audit says of one job: its events in the order of their numbers. */
async function eventsOf(sandbox: Sandbox, jobId: string): Promise<Line[]> {
  const lines = (await linesOf(sandbox)).filter((line) => line.jobId === jobId);
  return lines.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
}

function jobs(sandbox: Sandbox, ids: readonly string[]): Promise<string[][]> {
  return Promise.all(ids.map(async (id) => (await eventsOf(sandbox, id)).map(({ event }) => event)));
}

/** Makes a whole line of the audit, so many times. */
const filler = (count: number) => '{"event":"filler","note":"so that the file is nearly full"}\n'.repeat(count);

linuxTest(
  'completed, failed, canceled and orphaned jobs each leave three lines, and no secret',
  async ({ sandbox }) => {
    const secret = 'planted-c0ffee';
    const assistant = await sandbox.assistant({ client: 'an editor', env: { ANTHROPIC_API_KEY: `sk-${secret}` } });
    const more = { label: secret, systemPrompt: secret };
    const completed = await assistant.submit(asks({ say: secret }), more);
    const failed = await assistant.submit(asks({ stderr: secret }, { fail: { exit: 3, message: secret } }), more);
    await assistant.call('llm_job_wait', { jobIds: [completed, failed], waitFor: 'all' });
    const [canceled, orphaned] = await Promise.all(
      [1, 2].map((n) => assistant.submit(asks({ say: `${secret} ${n}` }, { forever: true }), more)),
    );
    if (!canceled || !orphaned) throw new Error('not submitted');
    for (const id of [canceled, orphaned]) await assistant.jobWhen(id, 'runs', (job) => job.answerBytes !== 0);
    await assistant.call('llm_job_cancel', { jobId: canceled });
    for (const { pid } of await processesOf(orphaned)) signal(pid, 'SIGKILL');
    await assistant.ended(orphaned);
    await assistant.call('llm_job_submit', { prompt: secret, cwd: '/not/there' });

    const ids = [completed, failed, canceled, orphaned];
    await until('the lines are written', async () => (await jobs(sandbox, ids)).flat().length >= 12, 5000);
    expect(await jobs(sandbox, ids)).toEqual(ids.map(() => ['accepted', 'started', 'ended']));
    const ends = await Promise.all(ids.map(async (id) => (await eventsOf(sandbox, id)).at(-1)));
    expect(ends).toMatchObject([
      { status: 'completed', exitCode: 0, inputTokens: expect.any(Number), ranMs: expect.any(Number) },
      { status: 'failed', exitCode: 3 },
      { status: 'canceled', cause: 'cancel' },
      { status: 'orphaned' },
    ]);
    const [accepted] = await eventsOf(sandbox, completed);
    expect(accepted).toMatchObject({
      ...{ provider: 'claude', access: 'read-only', cwd: sandbox.project, project: sandbox.project, depth: 1 },
      ...{ client: `an editor ${sandbox.project}`, kind: 'async' },
    });
    expect(new Set((await linesOf(sandbox)).map(({ seq }) => seq))).toEqual(
      new Set(Array.from({ length: 12 }, (_, n) => n + 1)),
    );
    expect(await readFile(join(sandbox.home, 'audit.log'), 'utf8')).not.toContain(secret);
    expect((await stat(join(sandbox.home, 'audit.log'))).mode & 0o777).toBe(0o600);
  },
);

test('a server that is killed after the commit and before the line: the next one writes it', async ({ sandbox }) => {
  const doomed = await sandbox.assistant({ env: { SIDEJOB_FAULT: 'finish.recorded' } });
  // Not before it has said which job it is.
  const gate = sandbox.gate();
  const jobId = await doomed.submit(asks({ gate }, { say: 'done' }));
  const waits = expect(doomed.call('llm_job_wait', { jobId })).rejects.toThrow();
  await sandbox.open(gate);
  await waits;
  expect((await jobs(sandbox, [jobId]).catch(() => [[]]))[0]).not.toContain('ended');

  await (await sandbox.assistant()).job(jobId);
  await until('its end is written', async () => (await jobs(sandbox, [jobId]))[0]?.length === 3, 5000);
  expect(await jobs(sandbox, [jobId])).toEqual([['accepted', 'started', 'ended']]);
});

test('a server that is killed between the line and the commit: written again with the same number, and none lost', async ({
  sandbox,
}) => {
  const doomed = await sandbox.assistant({ env: { SIDEJOB_FAULT: 'audit.written' } });
  const jobId = await doomed.submit(asks({ say: 'done' }));
  await until(
    'death',
    () =>
      doomed.job(jobId).then(
        () => false as const,
        () => true,
      ),
    10_000,
  );
  const before = await linesOf(sandbox);
  expect(before.length).toBeGreaterThan(0);

  const next = await sandbox.assistant();
  await next.ended(jobId);
  await until('its end is written', async () => (await jobs(sandbox, [jobId]))[0]?.includes('ended'), 5000);
  const lines = await eventsOf(sandbox, jobId);
  const unique = new Map(lines.map((line) => [line.seq, line]));
  expect([...unique.values()].map(({ event }) => event)).toEqual(['accepted', 'started', 'ended']);
  // Twice: what the dead one had written.
  expect(lines).toHaveLength(3 + before.length);
});

test('five servers, two hundred jobs, and a file that fills up meanwhile: each job has exactly its lines', async ({
  sandbox,
}) => {
  const log = join(sandbox.home, 'audit.log');
  await mkdir(sandbox.home, { mode: 0o700 });
  const full = 5 * 1024 * 1024;
  await writeFile(log, filler(Math.floor((full - 20_000) / filler(1).length)), { mode: 0o600 });
  const env = { SIDEJOB_MAX_RUNNING: '10', SIDEJOB_MAX_RUNNING_PER_PROVIDER: '10' };
  const assistants = await Promise.all(Array.from({ length: 5 }, () => sandbox.assistant({ env })));
  const ids = await Promise.all(
    assistants.flatMap((assistant, server) =>
      Array.from({ length: 40 }, (_, n) => assistant.submit(asks({ say: `${server}-${n}` }))),
    ),
  );
  for (let at = 0; at < ids.length; at += 50) {
    const some = ids.slice(at, at + 50);
    await until(
      'they have ended',
      async () => {
        await assistants[0]?.call('llm_job_wait', { jobIds: some, waitFor: 'all', waitSec: 20 });
        const states = await Promise.all(some.map((id) => assistants[1]?.job(id)));
        return states.every((job) => job?.status === 'completed');
      },
      60_000,
    );
  }
  await Promise.all(assistants.map((assistant) => assistant.close()));

  const lines = (await linesOf(sandbox)).filter(({ event }) => event !== 'filler');
  expect(lines.map(({ seq }) => seq).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
    Array.from({ length: 600 }, (_, n) => n + 1),
  );
  const events = Map.groupBy(lines, ({ jobId }) => jobId);
  for (const id of ids) {
    expect(events.get(id)?.map(({ event }) => event)).toEqual(['accepted', 'started', 'ended']);
  }
  expect((await readdir(sandbox.home)).filter((name) => /^audit\.000001-/.test(name))).toHaveLength(1);
}, 120_000);

test('sidejob audit shows it to a person, over all files, of one job, raw, and as it comes', async ({ sandbox }) => {
  expect(await sidejob(sandbox, 'audit')).toMatchObject({
    status: 0,
    stdout: '',
    stderr: 'Nothing is in the audit.\n',
  });
  const assistant = await sandbox.assistant({ client: 'an editor' });
  const [one, two] = [await assistant.submit(asks({ say: 'one' })), await assistant.submit(asks({ say: 'two' }))];
  for (const id of [one, two]) await assistant.ended(id);
  // At once: what is still in the store is written first.
  const shown = await sidejob(sandbox, 'audit', '--job', one);
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  expect(shown.stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d  ${one}  accepted   read-only in ${sandbox.project} .*for an editor`,
      ),
    ),
    expect.stringMatching(new RegExp(`  ${one}  started$`)),
    expect.stringMatching(new RegExp(`  ${one}  completed  \\d+\\.\\d s`)),
  ]);
  expect((await sidejob(sandbox, 'audit', '-n', '4')).stdout.trimEnd().split('\n')).toHaveLength(4);
  const raw = await sidejob(sandbox, 'audit', '--json', '--job', two.split('-')[1] ?? '');
  expect(
    raw.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ event: 'accepted', jobId: two }, { event: 'started' }, { event: 'ended', status: 'completed' }]);
  expect(await sidejob(sandbox, 'audit', '-n', 'x')).toMatchObject({ status: 2, stdout: '' });
});

test('sidejob audit -f shows what comes', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  await assistant.ended(await assistant.submit(asks({ say: 'before' })));
  const follower = spawn(process.execPath, [SERVER, 'audit', '-f', '--json', '-n', '1'], { env: sandbox.env });
  let seen = '';
  follower.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  await until('the last line', () => seen.includes('"ended"'));
  const jobId = await assistant.submit(asks({ say: 'after' }));
  await assistant.ended(jobId);
  await until('its end', () => seen.split('\n').some((line) => line.includes(jobId) && line.includes('"ended"')));
  follower.kill();
  const lines = seen.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['ended', 'accepted', 'started', 'ended']);
});

test('without a store that can be read, the audit still can', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  await writeFile(join(sandbox.home, 'store.db'), 'garbage, and no store at all');
  await writeFile(
    join(sandbox.home, 'audit.log'),
    '{"time":"2026-01-01T00:00:00.000Z","event":"decision","tool":"t"}\n',
  );
  const ran = await sidejob(sandbox, 'audit', '--json');
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('"tool":"t"') });
  expect(ran.stderr).toMatch(/^The last lines may be missing: store_unavailable/);
});
