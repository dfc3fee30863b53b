// Finding jobs by words, which are looked for in the newest ones only, and by ids, which are looked up.
import type { Store } from './store.js';

/**
 * So many jobs are looked through in one search: as many as a store keeps unless it is told otherwise, in some
 * milliseconds. Where there are more, the next page goes on behind them. (An index of words, FTS5 with trigrams, was tried:
 * with it, each submit took 0.05 ms more, and to remove 200 jobs 60 to 250 ms, not 10.)
 */
export const SEARCHED = 10_000;

/** Jobs to look through: a table with its index, and conditions. */
export interface Among {
  from: string;
  where: readonly string[];
  parameters: Record<string, unknown>;
}

/**
 * Jobs with this in their label, folder or id, the newest first.
 * @param limit so many at the most
 * @returns their keys; and the key down to which they were looked for: 0 if there are no more to look through
 */
export function withWords(
  store: Store,
  words: string,
  { from, where, parameters }: Among,
  limit: number,
): { seqs: number[]; searchedTo: number } {
  const newest = (columns: string, tail: string) =>
    `SELECT ${columns} FROM ${from} WHERE ${where.join(' AND ')} ORDER BY seq DESC ${tail}`;
  const rows = store.all<{ seq: number }>(
    `SELECT seq FROM (${newest('seq, id, cwd, label', `LIMIT ${SEARCHED}`)})
      WHERE label LIKE $like ESCAPE '!' OR cwd LIKE $like ESCAPE '!' OR id LIKE $like ESCAPE '!' LIMIT $limit`,
    { ...parameters, like: `%${words.replace(/[%_!]/g, '!$&')}%`, limit },
  );
  const seqs = rows.map(({ seq }) => seq);
  if (seqs.length >= limit) return { seqs, searchedTo: 0 };
  const last = store.get<{ seq: number }>(newest('seq', `LIMIT 1 OFFSET ${SEARCHED - 1}`), parameters);
  return { seqs, searchedTo: last?.seq ?? 0 };
}

/** The newest of a group's or a conversation's jobs, by its id, that of any of its jobs, or the CLI's own: their keys. */
export function kinOf(store: Store, id: string): number[] {
  return store
    .all<{ seq: number }>(
      `SELECT seq FROM job WHERE groupId = $id
       UNION SELECT seq FROM job WHERE chainId IN
         (SELECT chainId FROM job WHERE id = $id UNION SELECT chainId FROM job WHERE sessionId = $id)
       ORDER BY seq DESC LIMIT ${SEARCHED}`,
      { id },
    )
    .map(({ seq }) => seq);
}

/** Bounds of what begins with these letters, digits and dashes: z is the last of them. */
export function bounds(prefix: string): { from: string; to: string } {
  return { from: prefix, to: `${prefix}{` };
}

const IDS = '(id >= $from AND id < $to)';
const TAILS = '(substr(id, -8) >= $from AND substr(id, -8) < $to)';
/** Of so many of the newest jobs, those that fit come first. */
export const NEWEST = 1000;

/** Ids that begin with `prefix`, or whose random part does; at most `limit`, and the newest first as far as those go. */
export function findIds(store: Store, prefix: string, limit: number): string[] {
  const parameters = { ...bounds(prefix.replace(/[^a-z0-9-]/g, '')), limit };
  const idsOf = (from: string, condition: string) =>
    store.all<{ id: string }>(`SELECT id FROM ${from} WHERE ${condition} LIMIT $limit`, parameters);
  const newest = `(SELECT id FROM job ORDER BY seq DESC LIMIT ${NEWEST})`;
  const ids = [...idsOf(newest, `${IDS} OR ${TAILS}`), ...idsOf('job', IDS), ...idsOf('job', TAILS)];
  return [...new Set(ids.map(({ id }) => id))].slice(0, limit);
}
