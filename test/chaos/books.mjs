// The books of a chaos run: what must be true of every job once the dust has settled.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What the CLI of each job has witnessed of itself: one line at its start, one at its end. */
async function witness(folder, token) {
  const text = await readFile(join(folder, token), 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean);
  return {
    starts: lines.filter((line) => line === 'start').length,
    end: lines.find((line) => line.startsWith('end '))?.slice(4),
  };
}

/** Live processes (no zombies) of this home other than the servers; Linux only. */
export async function strays(home) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    const entries = environment.split('\0');
    const mark = entries.find((entry) => entry.startsWith('SIDEJOB_JOB_ID='));
    if (!entries.includes(`SIDEJOB_HOME=${home}`) || !mark) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
    if (/\) [ZX] /.test(stat)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).replaceAll('\0', ' ');
    found.push(`${pid} of ${mark.slice('SIDEJOB_JOB_ID='.length)}: ${command.slice(0, 200)}`);
  }
  return found;
}

/**
 * Compares the store with what happened. Returns what is wrong, one line each.
 * @param accepted ids that a submit has returned, with their tokens
 * @param deeds what the chaos did to a job: Set of `cancel`, `kill launcher`, `kill cli` by token
 */
export async function checkBooks({ home, witnesses, accepted, deeds }) {
  const db = new Database(join(home, 'store.db'));
  const wrong = [];
  const integrity = db.pragma('integrity_check', { simple: true });
  if (integrity !== 'ok') wrong.push(`integrity_check: ${integrity}`);
  const rows = db.prepare('SELECT * FROM job').all();
  const tally = Object.fromEntries(
    db
      .prepare('SELECT status, jobs FROM tally')
      .all()
      .map((row) => [row.status, row.jobs]),
  );
  const waiting = db.prepare('SELECT seq, event, jobId FROM audit').all();
  const members = Map.groupBy(db.prepare('SELECT groupId, jobId FROM grp_member').all(), ({ groupId }) => groupId);
  db.close();

  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const [id] of accepted) if (!byId.has(id)) wrong.push(`${id}: accepted, and not in the store`);
  const folders = await readdir(join(home, 'jobs'));
  for (const id of byId.keys()) if (!folders.includes(id)) wrong.push(`${id}: has no folder`);

  const counts = {};
  for (const row of rows) {
    counts[row.status] = (counts[row.status] ?? 0) + 1;
    const judges = row.role === 'judge';
    // A judge has a prompt only once it has something to weigh.
    const prompt = await readFile(join(home, 'jobs', row.id, judges ? 'brief' : 'prompt'), 'utf8');
    const [kind, named = ''] = judges ? ['judge'] : prompt.split(' ');
    const token = kind === 'judge' || kind === 'member' ? row.id : named;
    if (judges) {
      const asked = (members.get(row.groupId) ?? []).map(({ jobId }) => byId.get(jobId));
      const early = asked.some(({ finishedAt }) => row.startedAt !== null && !(finishedAt <= row.startedAt));
      if (early) wrong.push(`${row.id} (judge): began before all that it weighs had ended`);
      const answered = asked.filter(({ status }) => status === 'completed').length;
      if (row.startedAt !== null && answered < 2) wrong.push(`${row.id} (judge): weighed ${answered} answers`);
    }
    const seen = await witness(witnesses, token);
    wrong.push(...judge(row, kind, seen, deeds.get(token) ?? new Set()).map((what) => `${row.id} (${kind}): ${what}`));
  }
  for (const [status, jobs] of Object.entries(tally)) {
    if (jobs !== (counts[status] ?? 0)) wrong.push(`tally says ${jobs} ${status}, the rows ${counts[status] ?? 0}`);
  }
  wrong.push(...judgeAudit([...(await auditLines(home)), ...waiting], rows));
  const describe = (id) => JSON.stringify(byId.get(id) ?? 'no record');
  return { wrong, describe, counts, jobs: rows.length, strayFolders: folders.filter((name) => !byId.has(name)).length };
}

/** Every line of every file of the audit that is whole. */
async function auditLines(home) {
  const names = (await readdir(home)).filter((name) => /^audit\..*log$/.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(home, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line)),
  );
}

/** No number is missing, and each job was accepted once and has ended once; a line may stand twice. */
function judgeAudit(lines, rows) {
  const bySeq = new Map(lines.filter(({ seq }) => seq).map((line) => [line.seq, line]));
  const wrong = [];
  for (let seq = 1; seq <= bySeq.size; seq += 1) if (!bySeq.has(seq)) wrong.push(`audit: line ${seq} is missing`);
  const byJob = Map.groupBy(bySeq.values(), ({ jobId }) => jobId);
  for (const { id, startedAt } of rows) {
    const events = (byJob.get(id) ?? []).map(({ event }) => event);
    const times = (event) => events.filter((each) => each === event).length;
    const good = times('accepted') === 1 && times('ended') === 1 && (startedAt === null || times('started') > 0);
    if (!good) wrong.push(`${id}: the audit says ${events.join(', ') || 'nothing'}`);
  }
  return wrong;
}

/** What each kind of CLI ends with if nobody interferes. */
const EXPECTED = {
  quick: { status: 'completed', exit: '0' },
  slow: { status: 'completed', exit: '0' },
  member: { status: 'completed', exit: '0' },
  judge: { status: 'completed', exit: '0' },
  loud: { status: 'completed', exit: '0' },
  stubborn: { status: 'completed', exit: '0' },
  daemon: { status: 'completed', exit: '0' },
  fails: { status: 'failed', exit: '7' },
  silent: { status: 'failed', exit: '0' },
};

function judge(row, kind, seen, done) {
  const wrong = [];
  const says = (what) => wrong.push(what);
  if (row.finishedAt === null) says(`still ${row.status}`);
  if (seen.starts > 1) says(`ran ${seen.starts} times`);
  if (row.placed !== 0) says('holds a place');
  if (row.reason === 'too_few_answers') {
    if (seen.starts > 0) says('there was nothing to weigh, and it ran');
    return wrong;
  }
  const expected = EXPECTED[kind];
  switch (row.status) {
    case 'completed':
    case 'failed':
      if (row.reason === 'killed') {
        if (!done.has('kill cli')) says('killed, and nobody has');
      } else if (row.reason !== 'exit_code' && row.reason !== 'interrupted') {
        if (row.status !== expected.status) says(`${row.status} (${row.reason})`);
      }
      // Its own last word, if it had one, is what the store says; a kill may have come in between.
      if (seen.end !== undefined && String(row.exitCode) !== seen.end)
        says(`exit ${row.exitCode}, it said ${seen.end}`);
      if (seen.end === undefined && !done.has('kill cli')) says(`${row.status}, and it never came to its end`);
      if (row.status === 'completed' && expected.status !== 'completed') says('completed');
      break;
    case 'canceled':
      if (!done.has('cancel')) says('canceled, and nobody has asked');
      break;
    case 'orphaned':
      if (!done.has('kill launcher')) says('orphaned, and its launcher was left alone');
      break;
  }
  return wrong;
}
