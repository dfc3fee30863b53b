import { expect, test } from 'vitest';
import { listJobs, pageOfJobs } from '../../src/store/list.js';
import { prunableIds, removePrunable } from '../../src/store/retention.js';
import { findIds, SEARCHED } from '../../src/store/search.js';
import type { Store } from '../../src/store/store.js';
import { cancelQueued, insertJob } from '../../src/store/transitions.js';
import { newJob, openStore, withJobs } from '../support/store.js';

const matching = (store: Store, query: string, project: string | null = null) =>
  listJobs(store, { filter: 'any', project, query, limit: 9 }).map(({ id }) => id);

async function add(store: Store, ...jobs: Parameters<typeof newJob>[]): Promise<void> {
  await store.write(() => {
    for (const job of jobs) insertJob(store, newJob(...job));
  });
}

test('part of the label, the folder or the id is found, in any case, of any length', async () => {
  const store = await openStore();
  await withJobs(store, 'claude-7f3k9m2q');
  await add(
    store,
    ['b', { label: 'Fix the "login" page' }],
    ['c', { cwd: '/src/überbau' }],
    ['d', { label: '修复 登录' }],
  );
  expect(matching(store, 'THE "log')).toEqual(['b']);
  expect(matching(store, 'fix page')).toEqual([]);
  expect(matching(store, 'überb')).toEqual(['c']);
  expect(matching(store, '修复')).toEqual(['d']);
  expect(matching(store, '7f3k')).toEqual(['claude-7f3k9m2q']);
  expect(matching(store, 'fix', '/elsewhere')).toEqual([]);
});

test('the id of a job, of a conversation or of a group means all that belongs to it', async () => {
  const store = await openStore();
  await withJobs(store, 'first');
  const chain = { chainId: 'first', sessionId: 'session-1' };
  await add(store, ['second', chain], ['third', { groupId: 'group-9' }], ['fourth', { ...chain, project: '/q' }]);
  expect(matching(store, 'first')).toEqual(['fourth', 'second', 'first']);
  expect(matching(store, 'first', '/p')).toEqual(['second', 'first']);
  expect(matching(store, 'session-1')).toEqual(['fourth', 'second', 'first']);
  expect(matching(store, 'group-9')).toEqual(['third']);
});

test.each(['common', 'co'])('a word that very many have (%s) is looked for page by page', async (query) => {
  const store = await openStore();
  await withJobs(store, 'oldest');
  const common = Array.from(
    { length: SEARCHED },
    (_, at): Parameters<typeof newJob> => [`j${at}`, { label: 'common' }],
  );
  await add(store, ['old', { label: 'common', project: '/q' }], ...common);
  const filter = { filter: 'any', project: '/q', query, limit: 9 } as const;
  if (query.length === 2) {
    // A short word is looked for in the project itself.
    expect(matching(store, query, '/q')).toEqual(['old']);
    return;
  }
  const first = pageOfJobs(store, filter);
  expect(first).toEqual({ jobs: [], next: expect.any(Number) });
  const second = pageOfJobs(store, { ...filter, ...(first.next !== undefined && { before: first.next }) });
  expect(second.jobs.map(({ id }) => id)).toEqual(['old']);
  expect(second.next).toBeUndefined();
});

test('words go with their job', async () => {
  const store = await openStore();
  await withJobs(store, 'a');
  await add(store, ['b', { label: 'unmistakable' }]);
  await store.write(() => cancelQueued(store, 'b', 2));
  const prune = { endedBefore: 9, statuses: [], unread: true };
  await store.write(() => removePrunable(store, prune, prunableIds(store, prune)));
  expect(store.all("SELECT rowid FROM job_text WHERE job_text MATCH 'unm'")).toEqual([]);
  expect(store.defects()).toEqual([]);
});

test('ids of many are found by their beginning, the newest first', async () => {
  const store = await openStore();
  await withJobs(store, 'claude-aaaaaaaa');
  await add(
    store,
    ...Array.from({ length: SEARCHED }, (_, at): Parameters<typeof newJob> => [`codex-${String(at).padStart(8, '0')}`]),
  );
  expect(findIds(store, 'codex-', 2)).toEqual([
    `codex-${String(SEARCHED - 1).padStart(8, '0')}`,
    `codex-0000${SEARCHED - 2}`,
  ]);
  // Beyond the newest, by its index.
  expect(findIds(store, 'claude-aa', 2)).toEqual(['claude-aaaaaaaa']);
  expect(findIds(store, 'aaaa', 2)).toEqual(['claude-aaaaaaaa']);
});
