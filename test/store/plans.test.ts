// What is asked on every call must be found through the small indexes: never by a walk through all that has ended.
import { expect, it, vi } from 'vitest';
import { activeJobs, type ListFilter, listJobs } from '../../src/store/jobs.js';
import type { Store } from '../../src/store/store.js';
import { openStore } from '../support/store.js';

/** How SQLite goes about the statements that `action` reads with. */
function plansOf(store: Store, action: () => unknown): string[] {
  const all = vi.spyOn(store, 'all');
  action();
  const asked = all.mock.calls.map(([sql, parameters]) => ({ sql, parameters }));
  all.mockRestore();
  return asked.flatMap(({ sql, parameters }) =>
    store.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters).map((row) => row.detail),
  );
}

const LISTS: [string, Pick<ListFilter, 'filter' | 'statuses' | 'provider'>, string | null][] = [
  ['active', { filter: 'active' }, null],
  ['active, of a project and a provider', { filter: 'active', provider: 'claude' }, '/p'],
  ['running', { filter: 'any', statuses: ['running'] }, null],
  ['queued or running, of a project', { filter: 'any', statuses: ['queued', 'running'] }, '/p'],
];

it.each(LISTS)('a list of what is %s reads only what is alive', async (_, filter, project) => {
  const store = await openStore();
  const plans = plansOf(store, () => listJobs(store, { ...filter, project, before: 1000, limit: 20 }));
  expect(plans[0]).toContain('job_active');
});

it('all that is alive is read from its index', async () => {
  const store = await openStore();
  expect(plansOf(store, () => activeJobs(store))[0]).toContain('USING INDEX job_active');
});
