// A store that cannot be used is said on each call that needs it; nothing is overwritten, and health answers.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';

test('a store that is no database', async ({ sandbox }) => {
  await mkdir(sandbox.home);
  const store = join(sandbox.home, 'store.db');
  await writeFile(store, 'garbage '.repeat(1000));
  const assistant = await sandbox.assistant();

  const words = `store_unavailable: ${store} is not a SQLite file. Move it away (nothing was changed) and try again.`;
  for (const [tool, args] of [
    ['llm_run', { prompt: 'hi', provider: 'claude' }],
    ['llm_job_submit', { prompt: 'hi', provider: 'claude' }],
    ['llm_job_status', { jobId: 'claude-00000000' }],
    ['llm_job_wait', { jobId: 'claude-00000000' }],
    ['llm_job_result', { jobId: 'claude-00000000' }],
    ['llm_job_cancel', { jobId: 'claude-00000000' }],
    ['llm_job_list', {}],
    ['llm_providers', {}],
  ] as const) {
    expect(await assistant.call(tool, args), tool).toEqual({ text: words, data: undefined, isError: true });
  }
  expect(await assistant.data('llm_process_health')).toMatchObject({
    ...{ ok: false, version: '0.1.0', pid: assistant.pid, uptimeSec: expect.any(Number) },
    ...{ store: { home: sandbox.home, error: words }, warnings: [words] },
  });
  expect(await readFile(store, 'utf8')).toBe('garbage '.repeat(1000));
});

test('a store that is mended is used from the next call on', async ({ sandbox }) => {
  await mkdir(sandbox.home, { mode: 0o700 });
  const store = join(sandbox.home, 'store.db');
  await writeFile(store, 'garbage');
  const assistant = await sandbox.assistant();
  expect((await assistant.call('llm_job_list')).isError).toBe(true);

  await writeFile(store, '');

  expect((await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' })).text).toMatch(/completed/);
  expect(await assistant.data('llm_process_health')).toMatchObject({ ok: true, warnings: [] });
});

test('a database that is damaged inside', async ({ sandbox }) => {
  const before = await sandbox.assistant();
  await before.ended(await before.submit('hello'));
  await before.close();
  const store = join(sandbox.home, 'store.db');
  const bytes = await readFile(store);
  await writeFile(store, bytes.fill(0xa5, 100));
  const assistant = await sandbox.assistant();

  const { text, isError } = await assistant.call('llm_job_list', { filter: 'any' });

  expect(isError).toBe(true);
  expect(text).toMatch(/^store_unavailable: .*store\.db: the file is damaged \(.*\)\. Move it away/);
  expect(await assistant.data('llm_process_health')).toMatchObject({ ok: false });
  expect((await readFile(store)).equals(bytes)).toBe(true);
});

test('a store of a newer version is left as it is', async ({ sandbox }) => {
  await mkdir(sandbox.home);
  const db = new Sqlite(join(sandbox.home, 'store.db'));
  db.pragma('user_version = 99');
  db.exec('CREATE TABLE of_the_future (x)');
  db.close();
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' });

  expect(text).toMatch(
    /^store_unavailable: The store was written by a newer Sidejob \(schema 99, this one knows \d+\)\./,
  );
  expect(await assistant.data('llm_process_health')).toMatchObject({ ok: false });
});

test('a data folder that is a file', async ({ sandbox }) => {
  await writeFile(sandbox.home, 'mine');
  const assistant = await sandbox.assistant();

  const { text, isError } = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' });

  expect(isError).toBe(true);
  expect(text).toMatch(/^(store_unavailable|bad_config): .*\/data.*not a directory/);
  expect(await assistant.data('llm_process_health')).toMatchObject({ ok: false });
  expect(await readFile(sandbox.home, 'utf8')).toBe('mine');
});

test('a configuration that is wrong names the key and the near one', async ({ sandbox }) => {
  await mkdir(sandbox.home);
  await writeFile(join(sandbox.home, 'config.toml'), 'maxRuning = 3\n');
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_job_list');

  expect(text).toMatch(/^bad_config: .*config\.toml:1: "maxRuning" is unknown; maxRunning\?/);
  expect(await assistant.data('llm_process_health')).toMatchObject({ ok: false });
});

test('a variable with a wrong value is named, too', async ({ sandbox }) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING: 'many' } });

  expect((await assistant.call('llm_job_list')).text).toMatch(
    /^bad_config: SIDEJOB_MAX_RUNNING: maxRunning = "many": /,
  );
});
