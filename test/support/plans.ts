// How SQLite goes about the statements of an action.
import { vi } from 'vitest';
import { Store } from '../../src/store/store.js';

/** A statement, and each step of SQLite's plan for it. */
export interface Plan {
  sql: string;
  steps: string[];
}

/** Has an action done, and explains every statement that it has run, each once. */
export async function plansOf(store: Store, action: () => unknown): Promise<Plan[]> {
  const spies = (['get', 'all', 'run'] as const).map((name) => vi.spyOn(Store.prototype, name));
  const asked = new Map<string, Record<string, unknown>>();
  try {
    await action();
    for (const spy of spies) for (const [sql, parameters = {}] of spy.mock.calls) asked.set(sql, parameters);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return [...asked]
    .filter(([sql]) => !/^CREATE/.test(sql))
    .map(([sql, parameters]) => ({
      sql,
      steps: store.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters).map(({ detail }) => detail),
    }));
}
