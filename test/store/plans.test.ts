// Nothing that is asked may walk through all that has ended: each list is a walk along one index, in its order, and what
// is asked on every call is found through the small indexes.
import { expect, it } from 'vitest';
import { activeJobs, findByDedupeKey, findBySession, findLatestOf } from '../../src/store/jobs.js';
import { countUnread, type ListFilter, pageOfJobs } from '../../src/store/list.js';
import { removeSlice } from '../../src/store/retention.js';
import { findIds } from '../../src/store/search.js';
import { acceptedOn, limitedUntil, usedOn } from '../../src/store/usage.js';
import { plansOf } from '../support/plans.js';
import { openStore } from '../support/store.js';

const FILTERS = ['open', 'active', 'unread', 'ended', 'any'] as const;
const NARROWED = [
  ['', { project: null }],
  [' of a project', { project: '/p' }],
  [' of a provider', { project: null, provider: 'claude' }],
  [' of a project and a provider', { project: '/p', provider: 'claude' }],
] as const;
const LISTS = FILTERS.flatMap((filter) =>
  NARROWED.map(([words, narrowed]): [string, ListFilter] => [`${filter}${words}`, { filter, ...narrowed, limit: 20 }]),
);

it.each(LISTS)('a list of what is %s is read in the order of one index', async (_, filter) => {
  const store = await openStore();
  for (const before of [undefined, 1000]) {
    const plans = await plansOf(store, () => pageOfJobs(store, { ...filter, ...(before && { before }) }));
    for (const { sql, steps } of plans) {
      if (sql.includes('job_active')) continue;
      // Without a bound, the newest rows are the end of the whole: a scan that stops at the limit.
      expect(steps, sql).toEqual([
        expect.stringMatching(before ? /^SEARCH job USING/ : /^(SEARCH job USING|SCAN job)/),
      ]);
      expect(sql).toMatch(/ORDER BY seq DESC LIMIT/);
    }
  }
});

it('a list of what is alive reads only that', async () => {
  const store = await openStore();
  const narrowed = { provider: 'claude', project: '/p', before: 1000, limit: 20 };
  for (const filter of [
    { filter: 'active' },
    { filter: 'any', statuses: ['running'] },
    { filter: 'any', statuses: ['queued', 'running'] },
  ] as const) {
    const plans = await plansOf(store, () => pageOfJobs(store, { ...narrowed, ...filter }));
    expect(plans.map(({ steps }) => steps[0])).toEqual([expect.stringContaining('job_active')]);
  }
  const [plan] = await plansOf(store, () => activeJobs(store));
  expect(plan?.steps[0]).toContain('USING INDEX job_active');
});

it('a list of ended states reads each from its index', async () => {
  const store = await openStore();
  const filter = { filter: 'any', statuses: ['failed', 'orphaned'], project: null, limit: 20 } as const;
  const plans = await plansOf(store, () => pageOfJobs(store, filter));
  expect(plans.flatMap(({ steps }) => steps)).toEqual(['SEARCH job USING INDEX job_ended (status=?)']);
});

it('words, and ids, are looked up', async () => {
  const store = await openStore();
  const plans = await plansOf(store, () => {
    pageOfJobs(store, { filter: 'any', project: '/p', query: 'fix login', before: 1000, limit: 20 });
    findIds(store, 'claude-7', 4);
    findIds(store, '7f', 4);
    findLatestOf(store, 's');
    findBySession(store, 'claude', 's');
    findByDedupeKey(store, 'claude', 'd');
  });
  for (const { sql, steps } of plans) {
    // But for the newest few.
    if (/FROM \(SELECT id FROM job ORDER BY seq DESC LIMIT \d+\)/.test(sql)) continue;
    expect(steps, sql).not.toContainEqual(expect.stringMatching(/MATERIALIZE|FOR LAST TERM OF ORDER BY/));
    expect(steps, sql).not.toContainEqual(expect.stringMatching(/^SCAN job( |$)/));
  }
});

it('counts, sums and what may be removed are read from indexes of their own', async () => {
  const store = await openStore();
  const now = Date.now();
  const keep = { readBefore: 5, unreadBefore: 3, jobs: 0, bytes: 0, endedBefore: now };
  const plans = await plansOf(store, async () => {
    countUnread(store, '/p', 100);
    usedOn(store, '2026-11-20', 'claude');
    acceptedOn(store, '2026-11-20', 'claude');
    limitedUntil(store, 'claude', 'k', now);
    await store.write(() => removeSlice(store, keep));
  });
  const steps = plans.flatMap(({ steps }) => steps);
  expect(steps).toContain('SEARCH job USING INDEX job_ended_unread (finishedAt>? AND finishedAt<?)');
  expect(steps).not.toContainEqual(expect.stringMatching(/^SCAN (job|usage|accepted)|B-TREE/));
});
