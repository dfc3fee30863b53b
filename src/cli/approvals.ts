// `sidejob approvals`: calls that wait for a person's word.
import { ago } from '../jobs/figures.js';
import { oneLine } from '../providers/json.js';
import { type ApprovalRecord, listApprovals } from '../store/approvals.js';
import { command, JSON_OPTION } from './options.js';
import { columnsOf, table } from './terminal.js';
import { withJobs } from './with-jobs.js';

const options = { all: { type: 'boolean', about: 'answered and expired ones, too' }, json: JSON_OPTION } as const;

export const approvalsCommand = command({ options }, async ({ values }, context) => {
  const now = Date.now();
  const approvals = await withJobs(context, async ({ store }) =>
    listApprovals(store, values.all ? 'all' : 'pending', now),
  );
  if (values.json) {
    const shown = approvals.map(({ key: _, ...approval }) => approval);
    context.stdout(`${JSON.stringify(shown, null, 2)}\n`);
  } else if (approvals.length === 0) {
    context.stdout(values.all ? 'No approvals.\n' : 'Nothing waits for approval.\n');
  } else {
    context.stdout(approvalTable(approvals, values.all ?? false, now));
    if (!values.all) context.stdout('\n"sidejob approve ID" shows one in full, and asks.\n');
  }
  return 0;
});

function approvalTable(approvals: readonly ApprovalRecord[], all: boolean, now: number): string {
  const rows = approvals.map(({ id, state, tool, shown, createdAt, expiresAt }) => [
    id,
    // One that has had its time is not cleaned up at once.
    ...(all ? [expiresAt <= now && state !== 'used' ? 'expired' : state] : []),
    `${ago(createdAt, now)} ago`,
    ...[tool, cell(shown.provider), cell(shown.access), cell(shown.cwd)],
    oneLine(typeof shown.prompt === 'string' ? shown.prompt : '', 60),
  ]);
  const head = ['APPROVAL', ...(all ? ['STATE'] : []), 'ASKED', 'TOOL', 'PROVIDER', 'ACCESS', 'FOLDER', 'PROMPT'];
  return table([head, ...rows], { columns: columnsOf() });
}

function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '–');
  return oneLine(text, 48);
}
