// A store that an earlier version has written, with jobs in it.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { nextAudit } from '../../src/store/audit.js';
import { findJob } from '../../src/store/jobs.js';
import { migration001 } from '../../src/store/migrations/001-jobs.js';
import { SCHEMA_VERSION } from '../../src/store/open.js';
import { cancelQueued } from '../../src/store/transitions.js';
import { newJob, openStore } from '../support/store.js';
import { tempFolder } from '../support/temp-folder.js';

/** A folder with a store of version 1, in which there is one queued job. */
async function versionOne(): Promise<string> {
  const folder = await tempFolder();
  const db = new Database(join(folder, 'store.db'));
  db.pragma('journal_mode = WAL');
  db.exec(migration001);
  db.pragma('user_version = 1');
  db.exec("INSERT INTO server VALUES ('s', 'm/b/n', 1, '1', 1)");
  const job = { ...newJob('old'), status: 'queued' };
  const columns = db.pragma('table_info(job)') as { name: string }[];
  const names = Object.keys(job).filter((name) => columns.some((column) => column.name === name));
  db.prepare(`INSERT INTO job (${names.join(', ')}) VALUES (${names.map((name) => `$${name}`).join(', ')})`).run(
    Object.fromEntries(Object.entries(job).filter(([name]) => names.includes(name))),
  );
  db.close();
  return folder;
}

test('a store of version 1 is brought up once, by several that open it at the same instant, and keeps its jobs', async () => {
  const folder = await versionOne();
  const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(folder)));
  expect(stores.map((store) => store.facts().schemaVersion)).toEqual(Array(8).fill(SCHEMA_VERSION));
  for (const store of stores) expect(findJob(store, 'old')).toMatchObject({ status: 'queued', client: 'c' });
});

test('jobs of before are audited from then on, also when a server of before ends them', async () => {
  const folder = await versionOne();
  const before = new Database(join(folder, 'store.db'));
  const end = before.prepare("UPDATE job SET status = 'failed', finishedAt = 7 WHERE id = 'old'");
  const store = await openStore(folder);
  end.run();
  before.close();
  expect(nextAudit(store, 9)).toMatchObject([{ seq: 1, event: 'ended', jobId: 'old', at: 7 }]);
  await store.write(() => cancelQueued(store, 'old', 8));
  expect(nextAudit(store, 9)).toHaveLength(1);
});
