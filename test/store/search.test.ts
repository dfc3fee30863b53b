import { expect, test, vi } from 'vitest';
import { listJobs, pageOfJobs } from '../../src/store/list.js';
import { findIds, NEWEST, SEARCHED } from '../../src/store/search.js';
import type { Store } from '../../src/store/store.js';
import { insertJob } from '../../src/store/transitions.js';
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

test('words are looked for in the newest jobs, and the next page goes on behind them', async () => {
  const store = await openStore();
  await withJobs(store, 'oldest');
  const others = Array.from({ length: SEARCHED }, (_, at): Parameters<typeof newJob> => [`j${at}`]);
  await add(store, ['old', { label: 'rare' }], ...others, ['new', { label: 'rare' }], ['alone', { project: '/q' }]);
  const filter = { filter: 'any', project: '/p', query: 'rare', limit: 9 } as const;
  const first = pageOfJobs(store, filter);
  expect(first).toMatchObject({ jobs: [{ id: 'new' }], next: expect.any(Number) });
  const second = pageOfJobs(store, { ...filter, ...(first.next !== undefined && { before: first.next }) });
  expect(second.jobs.map(({ id }) => id)).toEqual(['old']);
  expect(second.next).toBeUndefined();
  // What fills a page is not looked for any further.
  expect(pageOfJobs(store, { ...filter, query: 'j', limit: 2 })).toMatchObject({ jobs: [{}, {}], next: SEARCHED + 1 });
  // In a project of few jobs all are looked through.
  expect(pageOfJobs(store, { ...filter, query: 'nothing', project: '/q' })).toEqual({ jobs: [] });
});

test('ids of many are found by their beginning, the newest first', async () => {
  const store = await openStore();
  await withJobs(store, 'claude-aaaaaaaa');
  await add(
    store,
    ...Array.from({ length: NEWEST }, (_, at): Parameters<typeof newJob> => [`codex-${String(at).padStart(8, '0')}`]),
  );
  expect(findIds(store, 'codex-', 2)).toEqual([
    `codex-${String(NEWEST - 1).padStart(8, '0')}`,
    `codex-${String(NEWEST - 2).padStart(8, '0')}`,
  ]);
  // Beyond the newest, by its index.
  expect(findIds(store, 'claude-aa', 2)).toEqual(['claude-aaaaaaaa']);
  expect(findIds(store, 'aaaa', 2)).toEqual(['claude-aaaaaaaa']);
});

test('a job that ends while a page is read stands on it once', async () => {
  const store = await openStore();
  await withJobs(store, 'a', 'b');
  const all = store.all.bind(store);
  vi.spyOn(store, 'all').mockImplementation(<Row>(...query: Parameters<typeof store.all>) => {
    const rows = all<Row>(...query);
    // By another server, between the two parts of which the list is made.
    if (query[0].includes('job_active')) store.run("UPDATE job SET status = 'canceled', finishedAt = 1 WHERE id = 'a'");
    return rows;
  });
  const { jobs } = pageOfJobs(store, { filter: 'open', project: null, limit: 9 });
  expect(jobs.map(({ id, status }) => [id, status])).toEqual([
    ['b', 'queued'],
    ['a', 'canceled'],
  ]);
});
