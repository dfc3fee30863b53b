// What jobs have used, as kept sums: they outlive the jobs, and reading them costs the same however long the history
// is. Days are local ones, 'YYYY-MM-DD'. What no CLI has reported is null, never 0.
import type { Usage } from '../providers/provider.js';
import type { Store } from './store.js';

const FIELDS = [
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'costUsd',
] as const satisfies readonly (keyof Usage)[];

/** Sums over jobs that have ended; a field is null if none of them reported it. Costs are in US dollars. */
export type UsageSum = { jobs: number } & Record<(typeof FIELDS)[number], number | null>;

export const USAGE_KEYS = ['provider', 'model', 'day', 'label'] as const;
export type UsageKey = (typeof USAGE_KEYS)[number];

const SUMS = `coalesce(sum(jobs), 0) AS jobs, ${FIELDS.map((field) => `sum(${field}) AS ${field}`).join(', ')}`;

/** The local day of a time in milliseconds. */
export function dayOf(time: number): string {
  const date = new Date(time);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Counts a job as accepted on the day of its creation. Call it in the transaction that records the job. */
export function countAccepted(store: Store, { provider, createdAt }: { provider: string; createdAt: number }): void {
  store.run(
    `INSERT INTO accepted (day, provider, jobs) VALUES ($day, $provider, 1)
       ON CONFLICT DO UPDATE SET jobs = jobs + 1`,
    { day: dayOf(createdAt), provider },
  );
}

/** Jobs accepted on a day, in all or on one provider. */
export function acceptedOn(store: Store, day: string, provider?: string): number {
  const row = store.get<{ jobs: number | null }>(
    'SELECT sum(jobs) AS jobs FROM accepted WHERE day = $day AND ($provider IS NULL OR provider = $provider)',
    { day, provider: provider ?? null },
  );
  return row?.jobs ?? 0;
}

/** Adds what a job has used to the sums of the day on which it ended. Call it in its final transition. */
export function addUsage(store: Store, id: string, usage: Usage | null, endedAt: number): void {
  const figures = Object.fromEntries(FIELDS.map((field) => [field, amount(usage?.[field])]));
  const added = (field: string) =>
    `${field} = iif(excluded.${field} IS NULL, ${field}, coalesce(${field}, 0) + excluded.${field})`;
  const addTo = (table: string, columns: string, values: string) =>
    store.run(
      `INSERT INTO ${table} (${columns}, jobs, ${FIELDS.join(', ')})
         SELECT ${values}, 1, ${FIELDS.map((field) => `$${field}`).join(', ')} FROM job WHERE id = $id
         ON CONFLICT DO UPDATE SET jobs = jobs + 1, ${FIELDS.map(added).join(', ')}`,
      { id, day: dayOf(endedAt), ...figures },
    );
  addTo('usage', 'day, provider, model, label', "$day, provider, coalesce(model, ''), coalesce(label, '')");
  addTo('usage_day', 'day, provider', '$day, provider');
}

/** A CLI's figure; what cannot be one counts as not reported. */
function amount(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}

/** What jobs that ended on a day have used, in all or on one provider. */
export function usedOn(store: Store, day: string, provider?: string): UsageSum {
  const sql = `SELECT ${SUMS} FROM usage_day WHERE day = $day AND ($provider IS NULL OR provider = $provider)`;
  // A sum without groups always has its one row.
  return store.get(sql, { day, provider: provider ?? null }) as UsageSum;
}

/** What jobs that ended on `since` or later have used: one sum for each provider, model, day or label. */
export function sumUsage(store: Store, by: UsageKey, since: string): (UsageSum & { key: string })[] {
  const order = by === 'day' ? 'key DESC' : 'jobs DESC, key';
  return store.all(`SELECT ${by} AS key, ${SUMS} FROM usage WHERE day >= $since GROUP BY ${by} ORDER BY ${order}`, {
    since,
  });
}

/** The sum of all that `sumUsage` tells apart. */
export function totalUsage(store: Store, since: string): UsageSum {
  return store.get(`SELECT ${SUMS} FROM usage WHERE day >= $since`, { since }) as UsageSum;
}

/**
 * Until when (milliseconds) the account's limit of a provider lasts, as its CLI has said; undefined if none is known.
 * Only of jobs with the same login. A job that began later and was answered shows that the limit is gone.
 */
export function limitedUntil(store: Store, provider: string, loginKey: string, now: number): number | undefined {
  const limited = store.all<{ until: number; at: number }>(
    `SELECT resetsAt AS until, finishedAt AS at FROM job INDEXED BY job_reset
      WHERE provider = $provider AND resetsAt > $now AND loginKey = $loginKey
     UNION ALL SELECT until, at FROM account_limit WHERE provider = $provider AND loginKey = $loginKey AND until > $now`,
    { provider, loginKey, now },
  );
  if (limited.length === 0) return undefined;
  // Only what began after the first of them can tell: no walk through all that was answered before.
  const answered = store.get<{ at: number }>(
    `SELECT startedAt AS at FROM job INDEXED BY job_started
      WHERE provider = $provider AND startedAt > $since AND loginKey = $loginKey AND status = 'completed'
      ORDER BY startedAt DESC LIMIT 1`,
    { provider, loginKey, since: Math.min(...limited.map(({ at }) => at)) },
  );
  const holding = limited.filter(({ at }) => at >= (answered?.at ?? 0));
  return holding.length > 0 ? Math.max(...holding.map(({ until }) => until)) : undefined;
}
