// Fills a store with jobs that have ended, as rows: what a server asks of its store cannot tell them from others.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { connect } from './servers.mjs';

const DAY_MS = 86_400_000;
/** The jobs have ended within so many days: nothing of them is old enough to be removed. */
const DAYS = 20;
/** Every fourth job is of this project, the others of fifty more. */
export const project = (folder) => join(folder, 'work');

const ALPHABET = "'0123456789abcdefghjkmnpqrstvwxyz'";
/** Eight characters of a number below 2^40 that is another one for each job. */
const TAIL = [35, 30, 25, 20, 15, 10, 5, 0]
  .map((bits) => `substr(${ALPHABET}, (((i * 636413623 + 1442695) >> ${bits}) & 31) + 1, 1)`)
  .join(' || ');
/** An even spread that is not that of another number. */
const spread = (salt, values) => `(((i * 7919 + ${salt}) % 1048583) % ${values})`;
const oneOf = (salt, words) =>
  `CASE ${spread(salt, words.length)} ${words.map((word, at) => `WHEN ${at} THEN ${word === null ? 'NULL' : `'${word}'`}`).join(' ')} END`;

const VERBS = ['review', 'fix', 'explain', 'refactor', 'test', 'document', 'port', 'measure'];
const NOUNS = ['the login page', 'the parser', 'retention', 'error messages', 'flaky tests', 'the release notes'];

/** The columns of a job whose number is `i`. */
const COLUMNS = {
  id: `provider || '-' || tail`,
  kind: oneOf(1, ['async', 'async', 'deferred']),
  status: 'status',
  provider: 'provider',
  model: oneOf(3, [null, 'sonnet', 'opus', 'fast']),
  access: oneOf(4, ['read-only', 'read-only', 'edit']),
  cwd: `project || ${oneOf(5, ['', '', '/packages/core', '/docs'])}`,
  label: `CASE ${spread(6, 3)} WHEN 0 THEN NULL ELSE ${oneOf(7, VERBS)} || ' ' || ${oneOf(8, NOUNS)} || ' ' || (i % 5000) END`,
  promptBytes: spread(9, 20_000),
  client: `'claude-code ' || project`,
  project: 'project',
  chainId: `'claude-' || printf('%08d', i - i % 3)`,
  sessionId: `'session-' || (i - i % 3)`,
  groupId: `iif(i % 40 < 3, 'group-' || printf('%08d', i / 40), NULL)`,
  depth: '1',
  resume: 'i % 3 > 0',
  requestKey: `'request-' || i`,
  loginKey: `'login'`,
  priority: '0',
  timeoutSec: '3600',
  owner: `'history'`,
  host: `'m/b/n'`,
  pid: '4242',
  pidStart: `'1'`,
  reason: `iif(status = 'failed', ${oneOf(10, ['exit_code', 'rate_limited', 'timeout', 'network'])}, NULL)`,
  error: `iif(status = 'failed', 'The API answered with status 500.', NULL)`,
  exitCode: `iif(status = 'completed', 0, 1)`,
  usage: `json_object('inputTokens', ${spread(11, 50_000)}, 'outputTokens', ${spread(12, 4000)})`,
  usageTotal: `json_object('inputTokens', ${spread(11, 50_000)}, 'outputTokens', ${spread(12, 4000)})`,
  answerBytes: spread(13, 5000),
  stdoutBytes: spread(14, 90_000),
  stderrBytes: spread(15, 300),
  createdAt: 'at',
  startedAt: 'at + 5',
  finishedAt: `at + 60000`,
  readAt: `iif(${spread(16, 10)} = 0, NULL, at + 90000)`,
  pinned: `${spread(17, 200)} = 0`,
};

/**
 * Makes the store of a server in `folder`, with so many jobs.
 * @returns how long it took, in seconds
 */
export async function fill(server, folder, jobs) {
  // The server itself makes the schema.
  const sidejob = await connect(server, folder);
  await sidejob.call('llm_job_list');
  await sidejob.close();
  const begun = performance.now();
  const db = new Database(join(folder, 'data', 'store.db'));
  try {
    db.pragma('cache_size = -400000');
    db.transaction(() => insert(db, folder, jobs))();
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
  return (performance.now() - begun) / 1000;
}

function insert(db, folder, jobs) {
  // Made again afterwards: one by one they would take ten times as long.
  const made = db
    .prepare(
      "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'job' AND type IN ('index', 'trigger') AND sql IS NOT NULL",
    )
    .all();
  for (const { type, name } of made) db.exec(`DROP ${type} ${name}`);
  db.exec("INSERT INTO server VALUES ('history', 'm/b/n', 4242, '1', 1)");
  const names = Object.keys(COLUMNS);
  db.prepare(
    `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < $jobs),
       base AS (SELECT i, ${TAIL} AS tail, ${oneOf(18, ['claude', 'claude', 'codex', 'claude', 'gemini', 'codex'])} AS provider,
         ${oneOf(19, [...Array(17).fill('completed'), 'failed', 'failed', 'canceled'])} AS status,
         iif(i % 4 = 0, $project, '/home/ann/projects/p' || ${spread(20, 50)}) AS project,
         $since + (i * 1.0 / $jobs * ${DAYS * DAY_MS}) AS exact FROM number),
       row AS (SELECT *, CAST(exact AS INTEGER) AS at FROM base)
     INSERT INTO job (${names.join(', ')}) SELECT ${names.map((name) => COLUMNS[name]).join(', ')} FROM row`,
  ).run({ jobs, project: project(folder), since: Date.now() - (DAYS + 1) * DAY_MS });
  db.exec(`
    INSERT INTO grp (id, createdAt) SELECT groupId, min(createdAt) FROM job WHERE groupId IS NOT NULL GROUP BY groupId;
    INSERT INTO grp_member (groupId, jobId, place, blind) SELECT groupId, id, seq % 40, seq FROM job WHERE groupId IS NOT NULL;
    UPDATE tally SET (jobs, bytes) = (SELECT count(*), coalesce(sum(stdoutBytes + stderrBytes), 0) FROM job WHERE job.status = tally.status);
    INSERT INTO accepted SELECT date(createdAt / 1000, 'unixepoch', 'localtime'), provider, count(*) FROM job GROUP BY 1, 2;
    INSERT INTO usage (day, provider, model, label, jobs, inputTokens, outputTokens)
      SELECT date(finishedAt / 1000, 'unixepoch', 'localtime'), provider, coalesce(model, ''), coalesce(label, ''), count(*),
        sum(usage ->> 'inputTokens'), sum(usage ->> 'outputTokens') FROM job GROUP BY 1, 2, 3, 4;
    INSERT INTO usage_day SELECT day, provider, sum(jobs), sum(inputTokens), sum(outputTokens), NULL, NULL, NULL
      FROM usage GROUP BY day, provider;
  `);
  for (const { sql } of made) db.exec(sql);
}
