// Writes the audit. What happens to jobs comes from the store's outbox, so that no crash and no way of ending loses a
// line; decisions are appended at once. Nothing here ever fails a call or a job.
import type { Paths } from '../config/paths.js';
import { messageOf } from '../errors.js';
import { faultPoint } from '../process/fault.js';
import { hasAudit, nextAudit, removeAudit } from '../store/audit.js';
import type { Store } from '../store/store.js';
import { appendAudit } from './audit-file.js';
import { type AuditDecision, decisionLine, jobLine } from './audit-lines.js';
import type { Log } from './engine.js';

/** How long lines wait in the outbox, so that many go at once, after the calls that made them were answered. */
const DELAY_MS = 1000;
/** Lines written in one transaction, so that nobody waits for the lock for long. */
const SLICE = 200;
/** Between two slices others get their turn. */
const PAUSE_MS = 20;
/** Slices written by a process that leaves; the rest is left to the next one. */
const LAST_SLICES = 5;

let complained = false;

/** Appends the line of a decision. Never throws: what cannot be written is logged, once. */
export function auditDecision({ audit }: Pick<Paths, 'audit'>, log: Log, decision: AuditDecision): void {
  try {
    appendAudit(audit, decisionLine(decision, Date.now()), false);
    complained = false;
  } catch (error) {
    if (!complained) log.error({ error: messageOf(error) }, `${audit} cannot be written; decisions are missing in it`);
    complained = true;
  }
}

/** Empties the outbox from time to time. Every server does; one of them is first. */
export class Audit {
  /** Why lines of jobs cannot be written just now; they wait in the store. */
  problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;
  readonly #forget: () => void;

  constructor(
    private readonly store: Store,
    private readonly paths: Pick<Paths, 'audit'>,
    private readonly log: Log,
  ) {
    this.#forget = store.onCommit(() => this.#soon());
  }

  /** Writes what waits. Never rejects; what fails is tried again with the next sweep. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushAll()
      .then(() => this.#note(undefined))
      .catch((error) => this.#note(messageOf(error)))
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  /** Writes what waits as far as that is quickly done; the next server writes the rest. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    clearTimeout(this.#timer);
    try {
      for (let slice = 0; slice < LAST_SLICES && hasAudit(this.store); slice += 1) {
        this.store.writeNow(() => this.#writeSlice());
      }
    } catch {
      // Locked, or the disk is full: it stays in the outbox.
    }
  }

  /** Once after a while, however much is committed meanwhile; not while it cannot be written, lest that never ends. */
  #soon(): void {
    if (this.#closed || this.problem !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, DELAY_MS).unref();
  }

  async #flushAll(): Promise<void> {
    while (!this.#closed && hasAudit(this.store)) {
      const written = await this.store.writeApart(() => (this.#closed ? 0 : this.#writeSlice()));
      if (written < SLICE) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    }
  }

  /**
   * Inside `writeApart`, whose lock makes this the only writer of these lines. On the disk before they leave the store: a
   * crash in between writes them twice, with the same `seq`, and never loses one.
   */
  #writeSlice(): number {
    const rows = nextAudit(this.store, SLICE);
    const last = rows.at(-1);
    if (!last) return 0;
    appendAudit(this.paths.audit, rows.map(jobLine).join(''), true);
    faultPoint('audit.written');
    removeAudit(this.store, last.seq);
    return rows.length;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined && this.problem === undefined && !this.#closed) {
      this.log.error({ error: problem }, `${this.paths.audit} cannot be written; its lines wait in the store`);
    }
    this.problem = problem;
  }
}
