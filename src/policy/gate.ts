// The gate that every call passes before it does anything: denied by the policy, held up for a person, or counted. One
// for each client session.
import type { Paths } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { auditDecision } from '../jobs/audit.js';
import type { AuditDecision } from '../jobs/audit-lines.js';
import { isInJob } from '../jobs/checks.js';
import type { Engine, Log } from '../jobs/engine.js';
import { type ApprovalRecord, usedApproval } from '../store/approvals.js';
import { openDataFolder } from '../store/data-folder.js';
import type { Store } from '../store/store.js';
import { approvalRefusal, consumeApproval, decideApproval, requestApproval } from './approvals.js';
import { type Aspect, decideAll, namedJobs, summary } from './aspects.js';
import { approvalKey } from './canonical.js';
import { type Counters, type Decision, judge } from './decide.js';
import { limitRefusal, limitsReached, takeLimits } from './limits.js';
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
  /** The policy that the call has met when it came, if it was looked at: then the same holds to its end. */
  inForce?: Current;
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

  /** Whether every call of a tool is denied, whatever it is about. */
  async isClosed(tool: string): Promise<boolean> {
    return closing(await this.current(), tool) !== undefined;
  }

  /**
   * Refuses the calls of a tool of which every one is denied. Takes nothing.
   * @returns the policy that says so
   * @throws SidejobError `denied`
   */
  async checkTool(tool: string, client: string): Promise<Current> {
    const inForce = await this.current();
    const closed = closing(inForce, tool);
    if (!closed) return inForce;
    await this.#note({ tool, effect: 'deny', rule: closed.rule, reason: closed.reason, client });
    throw denial(closed);
  }

  /**
   * Lets a call through that starts nothing, and takes what it takes. One that names jobs is looked at for each of them.
   * @throws SidejobError `denied`, `needs_approval`
   */
  async pass(call: GateCall): Promise<void> {
    const pass = await this.#pass(call, () => namedJobs(call));
    try {
      if (pass.admit) await (await call.engine()).store.write(pass.admit);
    } catch (error) {
      await pass.undo(error);
      throw error;
    }
    await pass.done([]);
  }

  /**
   * Lets a call through that starts jobs.
   * @param facts finds them, one for each job; only asked where there is something to decide
   * @throws SidejobError `denied`, `needs_approval`, what `facts` throws
   */
  passJobs(call: GateCall, facts: () => Promise<readonly Facts[]>): Promise<Pass> {
    return this.#pass(call, async () => (await facts()).map((each) => ({ args: call.args, facts: each })));
  }

  async #pass(call: GateCall, find: () => Promise<readonly Aspect[]>): Promise<Pass> {
    // One policy from the beginning to the end: another may come meanwhile.
    const inForce = call.inForce ?? (await this.current());
    if (!inForce.policy && !inForce.broken) return FREE;
    const { tool, client, project } = call;
    const aspects = await find();
    const facts = aspects.map((each) => each.facts);
    const decision = decideAll(inForce, tool, aspects);
    const known = { tool, client, project, ...summary(facts), rule: decision.rule, reason: decision.reason };
    if (decision.effect === 'deny') {
      await this.#note({ ...known, effect: 'deny' });
      throw denial(decision);
    }
    const taken = this.#rates.take(decision.rateLimits);
    if (!taken.ok) {
      const { rule, reason } = taken.limit;
      await this.#note({ ...known, effect: 'deny', rule, reason });
      throw denial({ rule, reason, detail: 'too many calls', retryAfterSec: taken.retryAfterSec });
    }
    let approved: ApprovalRecord | undefined;
    try {
      if (decision.effect === 'approve') approved = await this.#approval(call, aspects, decision);
    } catch (error) {
      taken.giveBack();
      throw error;
    }
    const approval = approved?.id;
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

  /** Uses an approval up; false if that has been done. */
  #use(store: Store, { id, state }: ApprovalRecord, now: number): boolean {
    if (state === 'approved' && consumeApproval(store, id, now)) return true;
    this.#spent.add(id);
    return false;
  }

  /** The approval that lets this call pass. One that is used lets it join the job that it has started, and no more. */
  async #approval(call: GateCall, aspects: readonly Aspect[], decision: Decision & Counters): Promise<ApprovalRecord> {
    const { tool, args, client, project } = call;
    const { rule, reason } = decision;
    const engine = await call.engine();
    const { store } = engine;
    const facts = aspects.map((each) => each.facts);
    const same = Object.fromEntries(Object.entries(args).filter(([name]) => !UNIMPORTANT.includes(name)));
    const named = aspects.flatMap(({ job, args: { jobId } }) => (job ? jobId : []));
    const key = approvalKey(tool, { args: same, facts, named }, rule);
    const used = STARTING_TOOLS.includes(tool) ? usedApproval(store, key) : undefined;
    if (used && !this.#spent.has(used.id)) return used;
    // Nobody is to be asked about what cannot pass.
    const reached = limitsReached(store, decision.limits, Date.now());
    if (reached) {
      const refusal = limitRefusal(reached, Date.now());
      await this.#note({ tool, effect: 'deny', rule: reached.limit.rule, client, project, ...summary(facts) });
      throw refusal;
    }
    const { promptLength: _, structured: __, isolate, depth = 1, ...facet } = summary(facts);
    const jobs = aspects.flatMap(({ job }) => job ?? []);
    const shown = {
      ...same,
      ...facet,
      ...(depth > 1 && { depth }),
      ...(isolate && { isolate }),
      ...(jobs.length > 0 && { jobs: jobs.join('; ') }),
    };
    let approval = await requestApproval(store, { key, tool, rule, reason, shown, client, project }, Date.now());
    // Within a job, whoever answers there is no person.
    const answer = approval.state === 'pending' && !(await isInJob(engine)) ? call.answerTo(approval.id) : undefined;
    if (answer) {
      const said = { state: answer, ...(answer === 'denied' && { reason: 'declined in the client' }) };
      const decided = await decideApproval(store, approval.id, said, Date.now());
      approval = decided.approval;
      if (decided.changed) await this.#note({ tool, effect: answer, rule, client, project, approval: approval.id });
    }
    if (approval.state === 'approved') return approval;
    const effect = approval.state === 'denied' ? 'deny' : 'approve';
    await this.#note({ tool, effect, rule, client, project, approval: approval.id, ...summary(facts) });
    throw approvalRefusal(approval);
  }

  async #note(decision: AuditDecision): Promise<void> {
    // Where there is no data folder yet, as the first thing in it; in one that is not to be trusted, nothing.
    this.#folder ??= openDataFolder(this.paths);
    try {
      await this.#folder;
    } catch (error) {
      this.#folder = undefined;
      this.log.warn({ error: messageOf(error) }, 'a decision could not be noted');
      return;
    }
    auditDecision(this.paths, this.log, decision);
  }
}

/** The rule by which every call of a tool is denied, if there is one. */
function closing(inForce: Current, tool: string): (Decision & { effect: 'deny' }) | undefined {
  const decision = judge(inForce, { tool, args: {}, facts: [] });
  return decision.effect === 'deny' && decision.always ? decision : undefined;
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
