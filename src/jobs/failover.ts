// After a run that failed without any effect: lets the next CLI of its chain go on, or the job sleep until a limit is
// over. One job, one id, one answer: it never finished before.
import { randomUUID } from 'node:crypto';
import { readBytes } from '../output/read.js';
import { faultPoint } from '../process/fault.js';
import type { FoldState } from '../providers/fold.js';
import type { Usage } from '../providers/provider.js';
import { switchRun } from '../store/chain.js';
import type { JobRecord, Member, Outcome } from '../store/record.js';
import { limitedUntil } from '../store/usage.js';
import { isModelAllowed, isProviderAllowed } from './allowed.js';
import { isHealable, nextOf } from './chain.js';
import { isDayOver } from './day-limits.js';
import type { Engine } from './engine.js';

/** Output beyond this may have been folded in parts: what is not known may be an effect. */
const READ_WHOLE_BYTES = 1024 * 1024;

/** Events of tools, as CLIs write them, also in versions to come. Not the list of tools that some begin with. */
const ACTING = /tool_?(use|call|result|execution)|command_execution|file_change|patch_apply|collab_|function_?call/i;

/** What there is to tell whether a run has had an effect. */
export interface Trace {
  /** The file. */
  stdout: string;
  fold: FoldState;
  stdoutBytes: number;
  usage: Usage | null;
}

/** Whether a run that ended so provably did nothing: no tool, no word of an answer, and all of it could be read. */
export async function hadNoEffect(engine: Engine, job: JobRecord, reason: string, trace: Trace): Promise<boolean> {
  const { fold, stdoutBytes, usage } = trace;
  if (reason === 'spawn_failed') return stdoutBytes === 0;
  // What a CLI of the configuration prints of its tools, if anything, is not known.
  if (engine.providerNamed(job.provider)?.version === undefined) return false;
  if (fold.toolSeen || fold.answer !== '' || fold.end === 'ok' || stdoutBytes > READ_WHOLE_BYTES) return false;
  if (job.access === 'read-only') return true;
  // Where files may change, a trace of a tool that the fold has no word for counts, too; and so does any word of a model.
  const text = (await readBytes(trace.stdout, 0, stdoutBytes)).toString('utf8');
  return !ACTING.test(text) && !((usage?.outputTokens ?? 0) > 0);
}

/** Whether a run's end may be followed by another run: asked before anything of it is cleared away. */
export async function mayGoOn(
  engine: Engine,
  job: JobRecord,
  reason: Outcome['reason'],
  trace: Trace,
): Promise<boolean> {
  if (job.chain === null || !isHealable(reason)) return false;
  // A conversation may hold the question by now; asked again, it would hold it twice.
  if (job.resume === 1) return false;
  if (job.cause !== null && job.cause !== 'auth_required') return false;
  if (!upNext(engine, job, { reason, error: null, resetsAt: null }, Date.now())) return false;
  return hadNoEffect(engine, job, reason, trace);
}

type Ended = Pick<Outcome, 'reason' | 'error' | 'resetsAt'>;

function upNext(engine: Engine, job: JobRecord, { reason, error, resetsAt }: Ended, now: number) {
  if (job.chain === null || reason === null) return undefined;
  const { provider, model } = job;
  const asked = job.chain.members.find((member) => member.provider === provider)?.model ?? model;
  return nextOf(
    job.chain,
    { provider, model: asked, reason, error, resetsAt, at: now },
    (member) => limitedUntil(engine.store, member.provider, member.loginKey, now),
    (member) => isOpen(engine, member, now),
  );
}

/** Whether the owner's boundaries leave a member open now; all of them did when the job was accepted. */
function isOpen(engine: Engine, { provider, model }: Member, now: number): boolean {
  if (!engine.providerNamed(provider) || !isProviderAllowed(engine, provider)) return false;
  return (model === null || isModelAllowed(engine, model)) && !isDayOver(engine, provider, now);
}

/**
 * Makes the switch, where somebody can go on.
 * @returns whether the job goes on; false if it has to be finished, or somebody else has been first
 */
export async function goOn(engine: Engine, job: JobRecord, ended: Ended & { usage: Usage | null }): Promise<boolean> {
  const now = Date.now();
  const next = upNext(engine, job, ended, now);
  if (!next) return false;
  const { provider, model, loginKey, login } = next.member;
  const sessionId = engine.providerNamed(provider)?.sessionId === 'chosen' ? randomUUID() : null;
  faultPoint('switch.decided');
  const { chain, notBefore } = next;
  const { usage } = ended;
  const switched = await engine.store.write(() =>
    switchRun(engine.store, job, { chain, provider, model, sessionId, loginKey, login, notBefore, usage }, now),
  );
  faultPoint('switch.recorded');
  return switched;
}
