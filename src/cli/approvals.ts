// `sidejob approvals`: calls that wait for a person's word.
import { ago } from '../jobs/figures.js';
import { visible } from '../output/printable.js';
import { oneLine } from '../providers/json.js';
import { type ApprovalRecord, listApprovals } from '../store/approvals.js';
import { command, JSON_OPTION } from './options.js';
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
    context.stdout(table(approvals, values.all ?? false, now));
    if (!values.all) context.stdout('\n"sidejob approve ID" shows one in full, and asks.\n');
  }
  return 0;
});

function table(approvals: readonly ApprovalRecord[], all: boolean, now: number): string {
  const rows = approvals.map(({ id, state, tool, shown, createdAt, expiresAt }) => [
    id,
    // One that has had its time is not cleaned up at once.
    ...(all ? [expiresAt <= now && state !== 'used' ? 'expired' : state] : []),
    `${ago(createdAt, now)} ago`,
    ...[tool, cell(shown.provider), cell(shown.access), cell(shown.cwd)],
    visible(oneLine(typeof shown.prompt === 'string' ? shown.prompt : '', 60)),
  ]);
  const head = ['APPROVAL', ...(all ? ['STATE'] : []), 'ASKED', 'TOOL', 'PROVIDER', 'ACCESS', 'FOLDER', 'PROMPT'];
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ');
  return `${lines.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '–');
  return visible(oneLine(text, 48));
}
