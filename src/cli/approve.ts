// `sidejob approve ID`, `sidejob deny ID`: a person's word on a call that waits for it.
import { SidejobError } from '../errors.js';
import { auditDecision } from '../jobs/audit.js';
import { checkPerson } from '../jobs/checks.js';
import type { Engine } from '../jobs/engine.js';
import { localTime } from '../jobs/figures.js';
import { approvalInFull } from '../policy/approval-text.js';
import { decideApproval, requireApproval } from '../policy/approvals.js';
import type { ApprovalRecord } from '../store/approvals.js';
import type { CommandContext } from './context.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

const yes = { type: 'boolean', short: 'y', about: 'do not ask' } as const;
const json = {
  ...JSON_OPTION,
  about: 'how it stands, as JSON: { id, state, changed }; the words go to stderr',
} as const;
const reason = { type: 'string', value: 'TEXT', about: 'why, for the assistant' } as const;

export const approveCommand = command({ options: { yes, json }, words: true }, async ({ values, positionals }, io) => {
  const context = values.json ? besideJson(io) : io;
  const typed = oneId(positionals, APPROVALS);
  return withJobs(context, async (engine) => {
    await checkPerson(engine, '"sidejob approve"');
    const approval = requireApproval(engine.store, typed);
    context.stdout(approvalInFull(approval));
    if (stateNow(approval) !== 'pending') return tell(context, engine, approval, 'approved', false);
    if (!values.yes && !(await confirmed(context, approval.id))) {
      context.stdout('Nothing was changed; it still waits.\n');
      return 1;
    }
    const decided = await decideApproval(engine.store, approval.id, { state: 'approved' }, Date.now());
    engine.store.bell.ring();
    return tell(context, engine, decided.approval, 'approved', decided.changed);
  });
});

export const denyCommand = command({ options: { reason, json }, words: true }, async ({ values, positionals }, io) => {
  const context = values.json ? besideJson(io) : io;
  const typed = oneId(positionals, APPROVALS);
  return withJobs(context, async (engine) => {
    await checkPerson(engine, '"sidejob deny"');
    const { id } = requireApproval(engine.store, typed);
    const answer = { state: 'denied', reason: values.reason?.trim() || undefined } as const;
    const { approval, changed } = await decideApproval(engine.store, id, answer, Date.now());
    engine.store.bell.ring();
    return tell(context, engine, approval, 'denied', changed);
  });
});

interface Io extends CommandContext {
  /** Where JSON goes, if it is wanted. */
  json?: (value: object) => void;
}

/** What is said goes to stderr, so that stdout holds nothing but JSON. */
function besideJson(io: CommandContext): Io {
  return { ...io, stdout: io.stderr, json: (value) => io.stdout(`${JSON.stringify(value, null, 2)}\n`) };
}

const APPROVALS = ['an approval id', '"sidejob approvals" shows them.'] as const;

async function confirmed({ ask }: CommandContext, id: string): Promise<boolean> {
  if (!ask) {
    throw new SidejobError(
      'bad_argument',
      `${id} was not approved: there is no terminal to ask on.`,
      'Run it in one, or say --yes.',
    );
  }
  return /^y(es)?$/i.test((await ask(`Let this call pass, once? [y/N] `)).trim());
}

/** Says what stands now, and notes it in the audit if it is news. Exit status 0 if it is what was asked for. */
function tell(
  context: Io,
  { paths, log }: Engine,
  approval: ApprovalRecord,
  wanted: 'approved' | 'denied',
  changed: boolean,
): number {
  const { id, tool, rule, answer, client, project, expiresAt } = approval;
  const state = stateNow(approval);
  context.json?.({ id, state, changed });
  if (!changed) {
    const end = { pending: 'still waits', used: 'was approved before, and is used' }[state as string];
    context.stdout(`${id} ${end ?? (state === 'expired' ? 'has expired' : `was ${state} before`)}.\n`);
    return state === wanted ? 0 : 1;
  }
  auditDecision(paths, log, {
    ...{ tool, effect: wanted, rule, approval: id, client, project, reason: answer ?? undefined },
  });
  const next =
    wanted === 'approved'
      ? `the same call passes once, until ${localTime(expiresAt, Date.now())}. Tell the assistant to make it again`
      : 'the assistant is told so when it makes the call again';
  context.stdout(`${id} ${wanted}: ${next}.\n`);
  return 0;
}

/** One that has had its time is not cleaned up at once. */
function stateNow({ state, expiresAt }: ApprovalRecord): ApprovalRecord['state'] {
  return state !== 'used' && expiresAt <= Date.now() ? 'expired' : state;
}
