// Finding jobs by words, through the index of their parts (migration 006), and by the beginning of an id.
import type { Store } from './store.js';

/** So many jobs are looked at in one search; where more may fit, the next page goes on behind them. */
export const SEARCHED = 2000;
/** The index knows parts of three characters; shorter words are looked for in the newest jobs. */
const PART = 3;
/** So many parts of a query decide which jobs are looked at. */
const PARTS = 20;

/** The jobs among which a short word is looked for: a table with its index, and conditions. */
interface Among {
  from: string;
  where: readonly string[];
  parameters: Record<string, unknown>;
}

/**
 * Jobs with this in their label, folder or id, and those of the group or of the conversation that it is the id of.
 * @returns their keys; and the key down to which they were looked for: 0 if all were
 */
export function found(store: Store, query: string, among: Among): { seqs: number[]; searchedTo: number } {
  const looked = candidates(store, query, among);
  const searchedTo = looked.length < SEARCHED ? 0 : (looked.at(-1) ?? 0);
  const texts = store.all<{ seq: number }>(
    `SELECT seq FROM job WHERE seq IN (SELECT value FROM json_each($looked))
      AND (label LIKE $like ESCAPE '!' OR cwd LIKE $like ESCAPE '!' OR id LIKE $like ESCAPE '!')`,
    { looked: JSON.stringify(looked), like: `%${query.replace(/[%_!]/g, '!$&')}%` },
  );
  const kin = [
    ...store.all<{ seq: number }>('SELECT seq FROM job WHERE groupId = $query ORDER BY seq DESC LIMIT $most', {
      query,
      most: SEARCHED,
    }),
    ...chainsOf(store, query).flatMap((chainId) =>
      store.all<{ seq: number }>('SELECT seq FROM job WHERE chainId = $chainId ORDER BY seq DESC LIMIT $most', {
        chainId,
        most: SEARCHED,
      }),
    ),
  ];
  // What is older belongs to a later page.
  const seqs = [...texts, ...kin].map(({ seq }) => seq).filter((seq) => seq >= searchedTo);
  return { seqs, searchedTo };
}

/** The newest jobs that may fit. */
function candidates(store: Store, query: string, { from, where, parameters }: Among): number[] {
  const parts = partsOf(query);
  const before = 'before' in parameters ? 'AND rowid < $before' : '';
  const rows =
    parts.length > 0
      ? store.all<{ seq: number }>(
          `SELECT rowid AS seq FROM job_text WHERE job_text MATCH $match ${before} ORDER BY rowid DESC LIMIT ${SEARCHED}`,
          { match: parts.join(' AND '), ...('before' in parameters && { before: parameters.before }) },
        )
      : store.all<{ seq: number }>(
          `SELECT seq FROM ${from} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
            ORDER BY seq DESC LIMIT ${SEARCHED}`,
          parameters,
        );
  return rows.map(({ seq }) => seq);
}

/** All threes of neighbouring characters, each as a string of FTS5's. */
function partsOf(query: string): string[] {
  const characters = [...query];
  const parts = characters.slice(PART - 1).map((_, at) => characters.slice(at, at + PART).join(''));
  return [...new Set(parts)].slice(0, PARTS).map((part) => `"${part.replaceAll('"', '""')}"`);
}

/** The conversations of this id, a job's or a CLI's own. */
function chainsOf(store: Store, id: string): string[] {
  return store
    .all<{ chainId: string }>(
      `SELECT chainId FROM job WHERE id = $id
         UNION SELECT chainId FROM (SELECT chainId FROM job WHERE sessionId = $id LIMIT $most)`,
      { id, most: SEARCHED },
    )
    .map(({ chainId }) => chainId);
}

/** Bounds of what begins with these letters, digits and dashes: z is the last of them. */
export function bounds(prefix: string): { from: string; to: string } {
  return { from: prefix, to: `${prefix}{` };
}

const IDS = '(id >= $from AND id < $to)';
const TAILS = '(substr(id, -8) >= $from AND substr(id, -8) < $to)';

/** Ids that begin with `prefix`, or whose random part does; at most `limit`, and the newest first as far as those go. */
export function findIds(store: Store, prefix: string, limit: number): string[] {
  const parameters = { ...bounds(prefix.replace(/[^a-z0-9-]/g, '')), limit };
  const idsOf = (from: string, condition: string) =>
    store.all<{ id: string }>(`SELECT id FROM ${from} WHERE ${condition} LIMIT $limit`, parameters);
  const newest = `(SELECT id FROM job ORDER BY seq DESC LIMIT ${SEARCHED})`;
  const ids = [...idsOf(newest, `${IDS} OR ${TAILS}`), ...idsOf('job', IDS), ...idsOf('job', TAILS)];
  return [...new Set(ids.map(({ id }) => id))].slice(0, limit);
}
