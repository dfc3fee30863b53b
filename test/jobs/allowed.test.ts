// What the machine's owner allows: CLIs, models, jobs in an hour, access and depth. Beyond it, everything is refused.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isModelAllowed } from '../../src/jobs/allowed.js';
import { chooseProvider } from '../../src/jobs/choose.js';
import { describeProviders } from '../../src/jobs/providers.js';
import { rebaseCounters } from '../../src/store/counters.js';
import { countByStatus } from '../../src/store/jobs.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A data folder whose configuration says this. */
async function homeWith(config: string): Promise<string> {
  const home = join(await tempFolder(), 'home');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'config.toml'), config);
  return home;
}

const OTHER = '[providers.other]\ncommand = "/bin/cat"\nloginEnv = ["NO_SUCH_KEY"]\n';

describe('CLIs', () => {
  test('one that is not allowed is refused, is never the default, and is shown with the remedy', async () => {
    const home = await homeWith(`allowedProviders = ["Other"]\n${OTHER}`);
    const { engine, submit } = await testEngine({ home });
    await expect(submit('exit')).rejects.toMatchObject({
      line:
        'not_allowed: provider "shell" is not among those that are allowed here (allowedProviders): other. ' +
        'Use one of these, or ask the person. Nothing was started.',
    });
    expect(await readdir(engine.paths.jobs)).toEqual([]);
    expect(await engine.readyProviders()).not.toContain('shell');
    await expect(chooseProvider(engine, undefined, 'test')).rejects.toThrow(/^none of the allowed CLIs \(other\) is/);
    const [view] = await describeProviders(engine, [shell]);
    expect(view).toMatchObject({
      status: 'not_allowed',
      remedy: `the person would have to add it to allowedProviders (${home}/config.toml)`,
    });
  });

  test('a list in a variable wins over the file, and an empty one allows all', async () => {
    const home = await homeWith(`allowedProviders = ["other"]\n${OTHER}`);
    const server = await testEngine({ home, env: { SIDEJOB_ALLOWED_PROVIDERS: ' shell , other,' } });
    expect(server.engine.config.settings.allowedProviders).toEqual(['shell', 'other']);
    await server.ended(await server.submit(answering('x')));
    const open = await testEngine({ home: await homeWith('allowedProviders = []\n') });
    await open.ended(await open.submit(answering('x')));
  });

  test.each([
    ['allowedProviders = ["claud"]', /allowedProviders "claud" is none of shell\.$/],
    ['allowedProviders = "," ', /allowedProviders = ",": an item is empty\.$/],
    ['allowedProviders = 3', /allowedProviders = 3: must be a list: \["one", "two"\]\.$/],
    ['allowedProviders = [3]', /allowedProviders = \[3\]: /],
    ['allowedModels = [""]', /allowedModels = \[""\]: an item is empty\.$/],
    ['roots = ["work"]', /roots = \["work"\]: a root is an absolute path/],
  ])('%s opens nothing: it is an error', async (config, words) => {
    const server = testEngine({ home: await homeWith(config), env: { SIDEJOB_ROOTS: '' } });
    await expect(server).rejects.toThrow(words);
  });
});

describe('models', () => {
  test('one must be named, and be allowed; also where a conversation goes on', async () => {
    const { engine, submit, ended } = await testEngine({ env: { SIDEJOB_ALLOWED_MODELS: 'small-*,exact' } });
    await expect(submit('exit')).rejects.toMatchObject({
      line:
        'not_allowed: no model is named, and the default of shell may be any (allowedModels): small-*, exact. ' +
        'Name one of these as model, or ask the person. Nothing was started.',
    });
    await expect(submit('exit', { model: 'large' })).rejects.toMatchObject({
      line: expect.stringContaining(
        'not_allowed: model "large" is not among those that are allowed here (allowedModels)',
      ),
    });
    expect(countByStatus(engine.store)).toMatchObject({ queued: 0, running: 0, failed: 0 });
    const said = `echo '{"session":"s-0123456789abcdef"}'; ${answering('x')}`;
    const first = await ended(await submit(said, { model: 'small-1' }));
    expect((await submit(answering('y'), { continueJob: first.id })).model).toBe('small-1');
    await expect(submit('exit', { continueJob: first.id, model: 'large' })).rejects.toMatchObject({
      code: 'not_allowed',
    });
  });

  test.each([
    ['sonnet', 'sonnet', true],
    ['sonnet', 'sonnet-4', false],
    ['sonnet', 'Sonnet', false],
    ['*', 'anything', true],
    ['gpt-*', 'gpt-5', true],
    ['gpt-*', 'xgpt-5', false],
    ['*-mini', 'gpt-5-mini', true],
    ['*-mini', 'gpt-5-mini-x', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'a1c2b', false],
    ['aa*aa', 'aaa', false],
    ['a.c', 'abc', false],
    ['*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(5000), false],
  ])('%j as a pattern, and %j: %s', (pattern, model, allowed) => {
    const config = { settings: { allowedModels: [pattern] } } as never;
    expect(isModelAllowed({ config }, model)).toBe(allowed);
  });
});

describe('jobs in an hour', () => {
  const HOUR = 3_600_000;
  /** A counter's slot: what is taken in it counts until all of it is an hour old. */
  const MINUTE = 60_000;
  const onTheMinute = () => Math.floor(Date.now() / MINUTE) * MINUTE;

  test('beyond the limit they are refused by every server, and told when to try again', async () => {
    const env = { SIDEJOB_MAX_JOBS_PER_HOUR: '2' };
    const one = await testEngine({ env });
    const two = await testEngine({ home: one.home, env });
    const now = onTheMinute();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
    await one.submit('exit');
    clock.mockReturnValue(now + 10 * 60_000);
    await two.submit('exit', { dedupeKey: 'k' });
    for (const server of [one, two]) {
      await expect(server.submit('exit')).rejects.toMatchObject({
        line:
          'hour_limit: 2 jobs were accepted in the last hour, and maxJobsPerHour is 2. ' +
          'Try again in 51 min. Nothing was started.',
      });
    }
    clock.mockReturnValue(now + HOUR + MINUTE - 1);
    await expect(one.submit('exit')).rejects.toMatchObject({ hint: 'Try again in 1 min. Nothing was started.' });
    clock.mockReturnValue(now + HOUR + MINUTE);
    await one.submit('exit');
    await expect(two.submit('exit')).rejects.toMatchObject({ code: 'hour_limit' });
  });

  test('jobs that race for the last place: one of them gets it', async () => {
    const env = { SIDEJOB_MAX_JOBS_PER_HOUR: '3' };
    const one = await testEngine({ env });
    const two = await testEngine({ home: one.home, env });
    const asked = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => (at % 2 ? one : two).submit('exit')));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  test.each([
    ['an hour', HOUR],
    ['ten years', 87_600 * HOUR],
  ])(
    'a clock that is set back by %s neither opens it nor shuts it for much longer than an hour',
    async (_name, back) => {
      const { engine, submit } = await testEngine({ env: { SIDEJOB_MAX_JOBS_PER_HOUR: '2' } });
      const now = onTheMinute();
      const clock = vi.spyOn(Date, 'now').mockReturnValue(now + back);
      await submit('exit');
      clock.mockReturnValue(now + back + 20 * MINUTE);
      await submit('exit');
      clock.mockReturnValue(now);
      await expect(submit('exit')).rejects.toMatchObject({ hint: expect.stringContaining('in 61 min.') });
      // As every server does it four times a minute.
      await engine.store.write(() => rebaseCounters(engine.store, now));
      clock.mockReturnValue(now + HOUR + MINUTE - 1);
      await expect(submit('exit')).rejects.toMatchObject({ hint: expect.stringContaining('in 1 min.') });
      clock.mockReturnValue(now + HOUR + MINUTE);
      await submit('exit');
    },
  );

  test('a restart, and removed jobs, give no room', async () => {
    const env = { SIDEJOB_MAX_JOBS_PER_HOUR: '1' };
    const before = await testEngine({ env });
    const job = await before.ended(await before.submit(answering('x')));
    await before.engine.store.write(() => before.engine.store.run('DELETE FROM job WHERE id = $id', { id: job.id }));
    before.close();
    const server = await testEngine({ home: before.home, env });
    await expect(server.submit('exit')).rejects.toMatchObject({ code: 'hour_limit' });
  });

  test('a request that joins a job takes nothing, nor does one that is refused', async () => {
    const server = await testEngine({ env: { SIDEJOB_MAX_JOBS_PER_HOUR: '2' } });
    await expect(server.submit('exit', { access: 'full' })).rejects.toMatchObject({ code: 'not_supported' });
    const job = await server.submit('sleep 60', { dedupeKey: 'k' });
    expect((await server.submit('sleep 60', { dedupeKey: 'k' })).id).toBe(job.id);
    await server.submit('exit');
    expect((await server.submit('sleep 60', { dedupeKey: 'k' })).id).toBe(job.id);
  });
});

describe('a job in a job', () => {
  test('does no more than the one it is in', async () => {
    const outer = await testEngine();
    const cwd = await tempFolder();
    const job = await outer.submit('sleep 60');
    const inner = await testEngine({ home: outer.home, env: { SIDEJOB_JOB_ID: job.id, SIDEJOB_DEPTH: '1' } });
    await expect(inner.submit('exit', { access: 'edit', cwd })).rejects.toMatchObject({
      line:
        `access_denied: access "edit" is beyond that of job ${job.id}, which this runs in ("read-only"). ` +
        'Use "read-only". Nothing was started.',
    });
    expect((await inner.submit('exit', { cwd })).depth).toBe(2);
  });

  test('is not made shallower by the name of another job, nor by a depth that is none', async () => {
    const outer = await testEngine();
    const shallow = await outer.submit('sleep 60');
    const deep = await testEngine({ home: outer.home, env: { SIDEJOB_DEPTH: '1' } });
    const second = await deep.submit('sleep 60');
    expect([shallow.depth, second.depth]).toEqual([1, 2]);
    const { pid, pidStart } = (await deep.engine.store.get('SELECT pid, pidStart FROM job WHERE id = $id', {
      id: second.id,
    })) as { pid: number; pidStart: string };
    const first = deep.engine.store.get('SELECT pid, pidStart FROM job WHERE id = $id', { id: shallow.id }) as {
      pid: number;
      pidStart: string;
    };
    for (const depth of ['0', '-7', 'x', '', undefined]) {
      const inner = await testEngine({ home: outer.home, env: { SIDEJOB_JOB_ID: shallow.id, SIDEJOB_DEPTH: depth } });
      // It descends from both launchers, the nearer one first.
      const line = [
        { pid, start: pidStart },
        { pid: first.pid, start: first.pidStart },
      ];
      Object.assign(inner.engine, { ancestors: async () => line });
      await expect(inner.submit('exit')).rejects.toMatchObject({ code: 'too_deep' });
    }
  });
});
