// `sidejob` alone, on a terminal: what there is to call, how things stand, and what to do next.
import { lstat } from 'node:fs/promises';
import { resolvePaths } from '../config/paths.js';
import type { Engine } from '../jobs/engine.js';
import { settle } from '../jobs/settle.js';
import { listApprovals } from '../store/approvals.js';
import { activeJobs } from '../store/jobs.js';
import { listJobs } from '../store/list.js';
import type { JobRecord } from '../store/record.js';
import type { CommandContext } from './context.js';
import { overviewOfCommands } from './help.js';
import { paint } from './terminal.js';
import { withJobs } from './with-jobs.js';

/** More unread ones are counted as "99+". */
const COUNTED = 99;

export async function overview(context: CommandContext): Promise<number> {
  context.stdout(`${overviewOfCommands()}\n`);
  const isThere = await lstat(resolvePaths(context.env).store).catch(() => undefined);
  // To look is not to make a data folder.
  const [state, next] = isThere
    ? await withJobs(context, stateOf)
    : ['No jobs yet.', 'sidejob run "..." asks one of your CLIs; "sidejob providers" shows which are ready.'];
  context.stdout(`${paint('bold', state)}\nNext: ${next}\n`);
  return 0;
}

/** How things stand, and what to do next. */
async function stateOf(engine: Engine): Promise<readonly [string, string]> {
  await Promise.all(activeJobs(engine.store).map(({ id }) => settle(engine, id)));
  const active = activeJobs(engine.store);
  const unread = listJobs(engine.store, { filter: 'unread', project: null, limit: COUNTED + 1 });
  const approvals = listApprovals(engine.store, 'pending', Date.now());
  // The latest first, as in the list.
  const running = active.toReversed().filter(({ status }) => status === 'running');
  const counts = [
    `${running.length} running`,
    `${active.length - running.length} waiting`,
    `${unread.length > COUNTED ? `${COUNTED}+` : unread.length} unread`,
    ...(approvals.length > 0 ? [`${approvals.length} to approve`] : []),
  ];
  return [`${counts.join(', ')}.`, nextThing(approvals.length, unread, running, active)];
}

function nextThing(
  approvals: number,
  [unread]: readonly JobRecord[],
  [running]: readonly JobRecord[],
  [active]: readonly JobRecord[],
): string {
  if (approvals > 0) return '"sidejob approvals" shows what an assistant waits to be allowed.';
  if (unread) return `"sidejob show ${unread.id}" shows the latest unread answer.`;
  if (running) return `"sidejob logs -f ${running.id}" follows the latest one; "sidejob list --watch" shows all.`;
  if (active) return `"sidejob wait ${active.id}" looks after what waits in the queue.`;
  return 'sidejob run "..." asks one of your CLIs.';
}
