// The gate that every call passes before it does anything: denied by the policy, held up for a person, or counted. One
// for each client session.
import type { Paths } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { auditDecision } from '../jobs/audit.js';
import type { AuditDecision } from '../jobs/audit-lines.js';
import type { Engine, Log } from '../jobs/engine.js';
import { type ApprovalRecord, usedApproval } from '../store/approvals.js';
import { openDataFolder } from '../store/data-folder.js';
import type { Store } from '../store/store.js';
import { approvalRefusal, consumeApproval, decideApproval, requestApproval } from './approvals.js';
import { approvalKey } from './canonical.js';
import { type Decision, isHidden, judge } from './decide.js';
import { takeLimits } from './limits.js';
import type { Current, PolicyFile } from './load.js';
import { oncePerCall } from './once.js';
import { RateLimits } from './rate-limits.js';
import type { Facts } from './request.js';
import { STARTING_TOOLS } from './tools.js';

/** A person's word that came with the call itself, from the client. */
export type Answer = 'approved' | 'denied';

/** A call at the gate. */
export interface GateCall {
  tool: string;
  /** As the caller sent them, after answers to questions were filled in. */
  args: Readonly<Record<string, unknown>>;
  client: string;
  project: string | null;
  /** Opens the store, for what has to be counted or asked there. */
  engine(): Promise<Engine>;
  /** What the person has said in the client about the approval of that id. */
  answerTo(approval: string): Answer | undefined;
}

/** A call that may go on. */
export interface Pass {
  /** To be called in every transaction that records one of the call's jobs. */
  readonly admit?: () => void;
  /**
   * The call has done its work.
   * @param joined all of it was there already, so that the call takes nothing of its rate limits
   */
  done(jobIds: readonly string[], joined?: boolean): Promise<void>;
  /** It has not, for this error, and takes nothing of its rate limits. */
  undo(error: unknown): Promise<void>;
}

/** Refusals by the owner's boundaries (jobs/checks.ts and its neighbours), which hold without a policy, too. */
const BOUNDARIES: readonly string[] = [
  ...['outside_roots', 'not_allowed', 'access_denied', 'too_deep'],
  ...['hour_limit', 'day_limit'],
];
/** What makes no other call of it. */
const UNIMPORTANT = ['waitSec', 'fresh'];
/** A call about which there is nothing to decide. */
export const FREE: Pass = { done: async () => {}, undo: async () => {} };

export class Gate {
  readonly #rates = new RateLimits();
  /** Used approvals that are found to have no job left to join. */
  readonly #spent = new Set<string>();
  #folder: Promise<unknown> | undefined;

  constructor(
    private readonly file: PolicyFile,
    private readonly paths: Paths,
    private readonly log: Log,
  ) {}

  /** The policy in force. */
  current(): Promise<Current> {
    return this.file.current();
  }

  /** Calls back when the policy in force has changed; returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.file.onChange(listener);
  }

  /** Whether the policy leaves a tool out of the list. */
  async isHidden(tool: string): Promise<boolean> {
    return isHidden((await this.current()).policy, tool);
  }

  /** Whether there is anything to decide. Without a policy nobody needs to find out the facts of a call. */
  async isOpen(): Promise<boolean> {
    const { policy, broken } = await this.current();
    return policy === undefined && broken === undefined;
  }

  /** Whether every call of a tool is denied, whatever it is about. */
  async isClosed(tool: string): Promise<boolean> {
    return (await this.#closing(tool)) !== undefined;
  }

  /**
   * Refuses the calls of a tool of which every one is denied. Takes nothing.
   * @throws SidejobError `denied`
   */
  async checkTool(tool: string, client: string): Promise<void> {
    const closing = await this.#closing(tool);
    if (!closing) return;
    await this.#note({ tool, effect: 'deny', rule: closing.rule, reason: closing.reason, client });
    throw denial(closing);
  }

  /**
   * Lets a call through that starts nothing, and takes what it takes.
   * @throws SidejobError `denied`, `needs_approval`
   */
  async pass(call: GateCall): Promise<void> {
    const pass = await this.passJobs(call, [{}]);
    const { admit } = pass;
    try {
      if (admit) {
        const { store } = await call.engine();
        await store.write(admit);
      }
    } catch (error) {
      await pass.undo(error);
      throw error;
    }
    await pass.done([]);
  }

  /**
   * Lets a call through that starts jobs.
   * @param facts one for each job
   * @throws SidejobError `denied`, `needs_approval`
   */
  async passJobs(call: GateCall, facts: readonly Facts[]): Promise<Pass> {
    const { tool, args, client, project } = call;
    const decision = judge(await this.current(), { tool, args, facts });
    const known = { tool, client, project, ...summary(facts), rule: decision.rule, reason: decision.reason };
    if (decision.rule === 'none') return FREE;
    if (decision.effect === 'deny') {
      await this.#note({ ...known, effect: 'deny' });
      throw denial(decision);
    }
    const approved = decision.effect === 'approve' ? await this.#approval(call, facts, decision) : undefined;
    const approval = approved?.id;
    const taken = this.#rates.take(decision.rateLimits);
    if (!taken.ok) {
      const { rule, reason } = taken.limit;
      await this.#note({ ...known, effect: 'deny', rule, reason });
      throw denial({ rule, reason, detail: 'too many calls', retryAfterSec: taken.retryAfterSec });
    }
    const { limits } = decision;
    const noted = {
      ...known,
      approval,
      effect: approved?.state === 'approved' ? ('used' as const) : ('allow' as const),
    };
    const pass: Pass = {
      done: async (jobIds, joined = false) => {
        if (joined) taken.giveBack();
        await this.#note({ ...noted, ...(jobIds.length > 0 && { jobIds }) });
      },
      undo: async (error) => {
        taken.giveBack();
        const code = error instanceof SidejobError ? error.code : '';
        if (error instanceof ApprovalUsed || BOUNDARIES.includes(code)) return;
        // What else went wrong is no decision: the policy has allowed it.
        await this.#note({
          ...known,
          approval,
          ...(code === 'denied' ? { effect: 'deny', reason: messageOf(error) } : { effect: 'allow' }),
        });
      },
    };
    if (!approved && limits.length === 0) return pass;
    const { store } = await call.engine();
    const admit = oncePerCall(store, () => {
      const now = Date.now();
      if (approved && !this.#use(store, approved, now)) throw new ApprovalUsed(tool, approved.id);
      takeLimits(store, limits, now);
    });
    return { ...pass, admit };
  }

  /** Notes a refusal by one of the owner's boundaries; others are no decisions. */
  async noteRefusal({ tool, client, project }: GateCall, provider: string, error: SidejobError): Promise<void> {
    if (!BOUNDARIES.includes(error.code)) return;
    await this.#note({ tool, client, project, provider, effect: 'deny', rule: error.code });
  }

  async #closing(tool: string): Promise<Decision | undefined> {
    const decision = judge(await this.current(), { tool, args: {}, facts: [] });
    const always = /^(file|hide|default)$|\.action$/.test(decision.rule);
    return decision.effect === 'deny' && always ? decision : undefined;
  }

  /** Uses an approval up; false if that has been done. */
  #use(store: Store, { id, state }: ApprovalRecord, now: number): boolean {
    if (state === 'approved' && consumeApproval(store, id, now)) return true;
    this.#spent.add(id);
    return false;
  }

  /** The approval that lets this call pass. One that is used lets it join the job that it has started, and no more. */
  async #approval(
    { tool, args, client, project, engine, answerTo }: GateCall,
    facts: readonly Facts[],
    { rule, reason }: Decision,
  ): Promise<ApprovalRecord> {
    const { store } = await engine();
    const same = Object.fromEntries(Object.entries(args).filter(([name]) => !UNIMPORTANT.includes(name)));
    const key = approvalKey(tool, { args: same, facts }, rule);
    const used = STARTING_TOOLS.includes(tool) ? usedApproval(store, key) : undefined;
    if (used && !this.#spent.has(used.id)) return used;
    const { promptLength: _, structured: __, depth = 1, ...facet } = summary(facts);
    const shown = { ...same, ...facet, ...(depth > 1 && { depth }) };
    let approval = await requestApproval(store, { key, tool, rule, reason, shown, client, project }, Date.now());
    const answer = approval.state === 'pending' ? answerTo(approval.id) : undefined;
    if (answer) {
      const said = { state: answer, ...(answer === 'denied' && { reason: 'declined in the client' }) };
      ({ approval } = await decideApproval(store, approval.id, said, Date.now()));
      await this.#note({ tool, effect: answer, rule, client, project, approval: approval.id });
    }
    if (approval.state === 'approved') return approval;
    const effect = approval.state === 'denied' ? 'deny' : 'approve';
    await this.#note({ tool, effect, rule, client, project, approval: approval.id, ...summary(facts) });
    throw approvalRefusal(approval);
  }

  async #note(decision: AuditDecision): Promise<void> {
    // Where there is no data folder yet, as the first thing in it.
    this.#folder ??= openDataFolder(this.paths).catch(() => undefined);
    await this.#folder;
    auditDecision(this.paths, this.log, decision);
  }
}

/** The facts of all jobs of a call in one: what they share, and the providers. */
function summary(facts: readonly Facts[]): Facts {
  const [first = {}] = facts;
  const all = (name: 'provider' | 'model') =>
    [...new Set(facts.map((each) => each[name]).filter((each) => each !== undefined))].join(', ') || undefined;
  return { ...first, provider: all('provider'), model: all('model') };
}

function denial(decision: { rule: string; reason?: string; detail: string; retryAfterSec?: number }): SidejobError {
  const { rule, reason, detail, retryAfterSec } = decision;
  const why = reason ? `: ${reason.replace(/[.!]$/, '')}` : '';
  const next = retryAfterSec === undefined ? 'Do not retry; ask the person.' : `Try again in ${retryAfterSec} s.`;
  return new SidejobError('denied', `rule ${rule} (${detail})${why}.`, `${next} Nothing was done.`);
}

/** An approval turns out to have let the call pass before, and there is no job left to join. Tried again, it needs a new one. */
export class ApprovalUsed extends SidejobError {
  constructor(tool: string, approval: string) {
    super(
      'needs_approval',
      `${tool} needs another approval: ${approval} has let this call pass once already.`,
      'Make it again, and a person is asked anew. Nothing was done.',
    );
  }
}
