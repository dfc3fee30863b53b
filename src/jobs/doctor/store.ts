// The store, looked at and not touched, and what the jobs in it need a person for.

import { lstat } from 'node:fs/promises';
import type { Paths } from '../../config/paths.js';
import { jobFiles } from '../../config/paths.js';
import { errnoOf, messageOf, SidejobError } from '../../errors.js';
import { compareHost, currentHost, type Host } from '../../process/host.js';
import { livenessOf } from '../../process/identity.js';
import { countPending } from '../../store/approvals.js';
import { activeJobs, countByStatus } from '../../store/jobs.js';
import { countUnread } from '../../store/list.js';
import { SCHEMA_VERSION, storeError } from '../../store/open.js';
import type { JobRecord } from '../../store/record.js';
import { findServer } from '../../store/servers.js';
import { Store } from '../../store/store.js';
import { unmergedWorktrees, type WorktreeRecord, worktreesToTidy } from '../../store/worktrees.js';
import { launcherOf } from '../settle.js';
import { count, type Finding, ok, problem, warn } from './finding.js';

/** A job that has printed nothing for so long is worth a look. */
const SILENT_MS = 60 * 60_000;
const NAMED = 3;
/** Changes that wait for longer are worth a word. */
const UNMERGED_MS = 86_400_000;
/** Worktrees of which nothing should be left. */
const CLEARED = ['intended', 'discarded', 'empty'];
const ENDED = ['completed', 'failed', 'canceled', 'orphaned'];

export async function storeFindings(paths: Paths): Promise<Finding[]> {
  let store: Store | undefined;
  try {
    store = await Store.openToLook(paths.store, paths.bell);
    if (!store) return [ok('store', `${paths.store} is not there yet; the first job makes it`)];
    return await look(store, paths);
  } catch (error) {
    return [broken(paths, error)];
  } finally {
    store?.close();
  }
}

function broken(paths: Paths, error: unknown): Finding {
  // The most common reason of all: npm was told to run no install scripts, or Node was replaced by another.
  if (/bindings file|NODE_MODULE_VERSION|dlopen|better_sqlite3\.node|better-sqlite3/i.test(messageOf(error))) {
    const [why = ''] = messageOf(error).split('\n', 1);
    return problem(
      'store',
      `its driver, better-sqlite3, cannot be loaded: ${why}`,
      'npm install -g sidejob, with the Node that runs it',
    );
  }
  const known = storeError(paths.store, error);
  if (known instanceof SidejobError) return problem('store', known.message.replace(/\.$/, ''), known.hint);
  return problem('store', `${paths.store}: ${messageOf(error)}`, 'please report this');
}

async function look(store: Store, paths: Paths): Promise<Finding[]> {
  const { schemaVersion, bytes } = store.facts();
  if (schemaVersion > SCHEMA_VERSION) {
    const what = `${paths.store} was written by a newer Sidejob (schema ${schemaVersion}, this one knows ${SCHEMA_VERSION})`;
    return [
      problem('store', what, 'npm install -g sidejob, and sidejob mcp install for clients that name another one'),
    ];
  }
  const defects = store.defects();
  if (defects.length > 0) {
    const what = `${paths.store} is damaged: ${defects[0]}${defects.length > 1 ? ` (and ${defects.length - 1} more)` : ''}`;
    return [
      problem(
        'store',
        what,
        `end the clients, move ${paths.store}* away, and start again; the jobs' output stays in ${paths.jobs}`,
      ),
    ];
  }
  const size = `${paths.store}, sound, ${Math.ceil(bytes / 1024)} KB, schema ${schemaVersion}`;
  if (schemaVersion < SCHEMA_VERSION) {
    return [ok('store', `${size}; a server brings it to ${SCHEMA_VERSION}`)];
  }
  return [
    ok('store', size),
    ...(await jobFindings(store, paths)),
    ...worktreeFindings(store),
    ...personFindings(store),
  ];
}

/** Jobs that have not ended: who looks after them, and whether they go on. */
async function jobFindings(store: Store, paths: Paths): Promise<Finding[]> {
  const host = await currentHost();
  const active = activeJobs(store);
  const by: Record<'orphan' | 'alone' | 'waiting' | 'elsewhere' | 'silent', JobRecord[]> = {
    ...{ orphan: [], alone: [], waiting: [], elsewhere: [], silent: [] },
  };
  for (const job of active) {
    const kind = await kindOf(store, paths, host, job);
    if (kind) by[kind].push(job);
  }
  const named = (jobs: readonly JobRecord[]) =>
    jobs
      .slice(0, NAMED)
      .map(({ id }) => id)
      .join(', ') + (jobs.length > NAMED ? ', …' : '');
  const said = (jobs: readonly JobRecord[], what: string, remedy: string) =>
    jobs.length > 0 ? [warn('jobs', `${what}: ${count(jobs.length, 'job')} (${named(jobs)})`, remedy)] : [];
  const findings = [
    ...said(by.orphan, 'ended while no server looked', 'sidejob list records it'),
    ...said(
      by.alone,
      'running without a server',
      'start a client: its server looks after them; their time limits hold meanwhile',
    ),
    ...said(
      by.waiting,
      'waiting in the queue of a server that is gone',
      'start a client with the same login, or: sidejob cancel ID',
    ),
    ...said(by.elsewhere, 'begun on another machine or container', 'only a server there can tell how they end'),
    ...said(by.silent, 'silent for an hour', 'sidejob logs ID shows what they do, sidejob cancel ID ends them'),
  ];
  const counts = countByStatus(store);
  const all = Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([status, n]) => `${n} ${status}`);
  const reports = findings.length > 0 ? findings : [ok('jobs', all.join(', ') || 'none')];
  return [...reports, ...(await filesFindings(paths, counts))];
}

/** Without their folder, ended jobs have no answer left. */
async function filesFindings(paths: Paths, counts: Record<string, number>): Promise<Finding[]> {
  const ended = ENDED.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  const isGone = await lstat(paths.jobs).then(
    () => false,
    (error) => errnoOf(error) === 'ENOENT',
  );
  if (ended === 0 || !isGone) return [];
  const what = `${paths.jobs} is gone, and with it the answers of ${count(ended, 'ended job')}`;
  return [warn('jobs', what, 'put back a copy, or: sidejob prune --unread takes these jobs out of the store')];
}

async function kindOf(store: Store, paths: Paths, host: Host, job: JobRecord) {
  const launcher = launcherOf(job);
  if (launcher && compareHost(launcher.host, host) === 'elsewhere') return 'elsewhere' as const;
  if (launcher && (await livenessOf(launcher, host)) === 'gone') return 'orphan' as const;
  const owner = findServer(store, job.owner);
  const served =
    owner && (await livenessOf({ host: owner.host, pid: owner.pid, start: owner.pidStart }, host)) !== 'gone';
  if (!served) return launcher ? ('alone' as const) : ('waiting' as const);
  if (!launcher) return undefined;
  const { stdout, stderr } = jobFiles(paths, job.id, job.attempt, job.run);
  const times = await Promise.all(
    [stdout, stderr].map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Date.now() - Math.max(job.startedAt ?? job.createdAt, ...times) > SILENT_MS ? ('silent' as const) : undefined;
}

/** Changes of isolated jobs that are nowhere else, and worktrees that could not be cleared away. */
function worktreeFindings(store: Store): Finding[] {
  const unmerged = unmergedWorktrees(store);
  const old = Date.now() - UNMERGED_MS;
  const left = worktreesToTidy(store).filter(({ state, createdAt }) => CLEARED.includes(state) && createdAt < old);
  const named = (all: readonly WorktreeRecord[]) =>
    all
      .slice(0, NAMED)
      .map(({ id, top }) => `${id} in ${top}`)
      .join(', ') + (all.length > NAMED ? ', …' : '');
  const [oldest] = unmerged;
  const what = `${count(unmerged.length, 'isolated job')} with changes that were neither applied nor discarded: ${named(unmerged)}`;
  const remedy = 'sidejob diff ID, then: sidejob apply ID, or: sidejob discard ID';
  return [
    ...(oldest ? [oldest.createdAt < old ? warn('worktrees', what, remedy) : ok('worktrees', what, remedy)] : []),
    ...(left.length > 0
      ? [
          warn(
            'worktrees',
            `not cleared away yet: ${named(left)}`,
            'see whether the repository is there, and can be written to',
          ),
        ]
      : []),
  ];
}

/** What waits for a person. */
function personFindings(store: Store): Finding[] {
  const unread = countUnread(store);
  const pending = countPending(store);
  return [
    unread > 0
      ? ok('inbox', `${count(unread, 'job')} ended unread`, 'sidejob list shows them')
      : ok('inbox', 'all read'),
    pending > 0
      ? warn(
          'approvals',
          `${count(pending, 'call')} wait${pending === 1 ? 's' : ''} for your word`,
          'sidejob approvals',
        )
      : ok('approvals', 'none wait'),
  ];
}
