// `sidejob approve ID`, `sidejob deny ID`: a person's word on a call that waits for it.
import { parseArgs } from 'node:util';
import { resolvePaths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { auditDecision } from '../jobs/audit.js';
import { checkPerson } from '../jobs/checks.js';
import { localTime } from '../jobs/figures.js';
import { createLog } from '../log.js';
import { decideApproval, requireApproval } from '../policy/approvals.js';
import type { ApprovalRecord } from '../store/approvals.js';
import type { Command, CommandContext } from './context.js';
import { oneId } from './one-id.js';
import { visible } from './printable.js';
import { withJobs } from './with-jobs.js';

export const approveCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { yes: { type: 'boolean', short: 'y' } },
    allowPositionals: true,
  });
  const typed = oneId(positionals, APPROVALS);
  return withJobs(context, async (engine) => {
    await checkPerson(engine, '"sidejob approve"');
    const approval = requireApproval(engine.store, typed);
    context.stdout(inFull(approval));
    if (stateNow(approval) !== 'pending') return tell(context, approval, 'approved', false);
    if (!values.yes && !(await confirmed(context, approval.id))) {
      context.stdout('Nothing was changed; it still waits.\n');
      return 1;
    }
    const decided = await decideApproval(engine.store, approval.id, { state: 'approved' }, Date.now());
    engine.store.bell.ring();
    return tell(context, decided.approval, 'approved', decided.changed);
  });
};

export const denyCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { reason: { type: 'string' } },
    allowPositionals: true,
  });
  const typed = oneId(positionals, APPROVALS);
  return withJobs(context, async (engine) => {
    await checkPerson(engine, '"sidejob deny"');
    const { id } = requireApproval(engine.store, typed);
    const answer = { state: 'denied', reason: values.reason?.trim() || undefined } as const;
    const { approval, changed } = await decideApproval(engine.store, id, answer, Date.now());
    engine.store.bell.ring();
    return tell(context, approval, 'denied', changed);
  });
};

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
  context: CommandContext,
  approval: ApprovalRecord,
  wanted: 'approved' | 'denied',
  changed: boolean,
): number {
  const { id, tool, rule, answer, client, project, expiresAt } = approval;
  const state = stateNow(approval);
  if (!changed) {
    const end = { pending: 'still waits', used: 'was approved before, and is used' }[state as string];
    context.stdout(`${id} ${end ?? (state === 'expired' ? 'has expired' : `was ${state} before`)}.\n`);
    return state === wanted ? 0 : 1;
  }
  auditDecision(resolvePaths(context.env), createLog(context.env), {
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

/**
 * All of it. Texts come first, each line marked, and the facts last: then no text can pose as a fact, nor push one out
 * of sight.
 */
function inFull({ id, tool, rule, reason, shown, client, project, createdAt }: ApprovalRecord): string {
  const named = Object.entries(shown).map(([name, value]) => [visible(oneWord(name)), textOf(value)] as const);
  const isText = ([name, value]: readonly [string, string]) =>
    name === 'prompt' || value.includes('\n') || value.length > 200;
  const texts = named.filter(isText).map(([name, value]) => block(name, value));
  const asked = localTime(createdAt, Date.now());
  const facts = [
    ...[['approval', id] as const, ['tool', tool] as const],
    ...named.filter((each) => !isText(each)),
    ...[['asked', `${asked} by ${client}`] as const, ['project', project ?? '–'] as const],
    ...[['rule', rule] as const, ['reason', reason ?? '–'] as const],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(12)} ${visible(value).replaceAll('\n', '\\n')}`);
  return `${texts.join('')}${lines.join('\n')}\n`;
}

function block(name: string, value: string): string {
  const lines = visible(value).split('\n');
  const size = `${value.length} characters, ${lines.length} line${lines.length === 1 ? '' : 's'}`;
  return `${name} (${size}):\n${lines.map((line) => `  | ${line}`).join('\n')}\n\n`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

function oneWord(name: string): string {
  return name.replace(/\s+/g, '_');
}
