// Staying with one job until it ends: its answer as it comes on stdout, what it does on stderr.
import type { Engine } from '../jobs/engine.js';
import { shortCount } from '../jobs/figures.js';
import { answerText } from '../jobs/result.js';
import { settledJob } from '../jobs/settle.js';
import { chainNote } from '../jobs/view.js';
import { waitForJobs } from '../jobs/wait.js';
import { printable } from '../output/printable.js';
import type { JobRecord } from '../store/record.js';
import type { CommandContext } from './context.js';
import { forPerson } from './for-person.js';
import type { Interrupts } from './interrupt.js';
import { lasted, type PersonView, personView, STATUS_STYLES, statusText } from './job-view.js';
import { columnsOf, cutTo, paint } from './terminal.js';

/** How often the answer is looked at; its end is noticed at once. */
const LOOK_MS = 200;
/** Activities that say nothing new. */
const DULL = ['started', 'starting', 'thinking', 'writing'];

/**
 * Shows a job until it ends or the person has decided otherwise; returns its record as it is then.
 * @param streams whether the answer is printed as it comes
 */
export async function followJob(
  engine: Engine,
  job: JobRecord,
  context: CommandContext,
  interrupts: Interrupts,
  streams: boolean,
): Promise<JobRecord> {
  const answer = new AnswerPrinter(context.stdout);
  const activity = new ActivityLine(context.stderr, job.id);
  for (;;) {
    const options = { until: 'all', waitMs: LOOK_MS, signal: interrupts.signal } as const;
    let [now = job] = await waitForJobs(engine, [job.id], options);
    if (await interrupts.answered()) {
      answer.lineIsNew();
      // It may have ended while the person thought about it.
      now = await settledJob(engine, now);
    }
    const ended = now.finishedAt !== null;
    // What only ends will have an answer that counts; until then it is the last text of several, perhaps.
    const text = streams && !ended ? await engine.secrets.mask(await answerText(engine, now)) : '';
    if (text !== '') {
      activity.clear();
      answer.show(printable(text));
    }
    if (ended || interrupts.choice) {
      activity.clear();
      if (ended && streams) answer.finish(printable(await engine.secrets.mask(await answerText(engine, now))));
      answer.rest();
      return now;
    }
    const view = await personView(engine, now);
    if (!DULL.includes(view.activity ?? '')) answer.rest();
    if (answer.atLineStart) activity.show(view);
  }
}

/** Whether an answer may be printed before it is complete: only where a person reads it, and nothing is masked in it. */
export function mayStream(engine: Engine): boolean {
  return process.stdout.isTTY === true && !engine.secrets.active;
}

/**
 * Prints a text that grows. What a model said before it called a tool is not the answer, and is replaced by what it says
 * next; on the terminal it stays, as a paragraph of its own.
 */
export class AnswerPrinter {
  #shown = '';
  #atLineStart = true;

  constructor(private readonly print: (text: string) => void) {}

  get atLineStart(): boolean {
    return this.#atLineStart;
  }

  show(text: string): void {
    if (text === this.#shown) return;
    if (!text.startsWith(this.#shown)) {
      this.rest();
      this.print('\n');
      this.#shown = '';
    }
    this.print(text.slice(this.#shown.length));
    this.#shown = text;
    this.#atLineStart = text.endsWith('\n');
  }

  /** Somebody else has ended the line. */
  lineIsNew(): void {
    this.#atLineStart = true;
  }

  /** Ends the line. */
  rest(): void {
    if (!this.#atLineStart) this.print('\n');
    this.#atLineStart = true;
  }

  /** Makes sure that the answer is what was printed last. */
  finish(answer: string): void {
    if (this.#shown.trimEnd() !== answer.trimEnd()) this.show(answer);
    this.rest();
  }
}

/** What a job does, on one line that is drawn anew on a terminal; elsewhere each new thing on a line of its own. */
class ActivityLine {
  #drawn = false;
  #last = '';

  constructor(
    private readonly print: (text: string) => void,
    private readonly id: string,
  ) {}

  show(view: PersonView): void {
    const activity = printable(view.activity ?? '').replaceAll('\n', ' ');
    const columns = columnsOf(process.stderr);
    if (columns !== undefined) {
      const line = cutTo(`${this.id} ${view.status}, ${lasted(Math.floor(view.elapsedSec))}, ${activity}`, columns - 1);
      this.print(`\r${paint('dim', line, process.stderr)}\u001b[K`);
      this.#drawn = true;
    } else if (activity !== this.#last && !DULL.includes(activity)) {
      this.print(`${this.id} ${activity}\n`);
    }
    this.#last = activity;
  }

  clear(): void {
    if (this.#drawn) this.print('\r\u001b[K');
    this.#drawn = false;
  }
}

/** How a job ended, in one line. */
export function endLine(view: PersonView, { usage }: JobRecord, stream: NodeJS.WriteStream = process.stderr): string {
  const { jobId, status, elapsedSec, error, hint, isolated } = view;
  const tokens =
    usage?.inputTokens !== undefined && usage.outputTokens !== undefined
      ? `, ${shortCount(usage.inputTokens)} tokens in, ${shortCount(usage.outputTokens)} out`
      : '';
  const sentence = error && hint && !/[.!?…]$/.test(error.trim()) ? `${error}.` : error;
  const words = [sentence, hint].filter(Boolean).join(' ');
  const why = error ? `: ${forPerson(words, jobId).replaceAll('\n', ' ')}` : '';
  const how = paint(STATUS_STYLES[status], statusText(view), stream);
  const chain = view.chain || view.passedOver ? `, ${printable(chainNote(view))}` : '';
  const shown = isolated && !isolated.endsWith(', no changes') ? `; "sidejob diff ${jobId}" shows it` : '';
  const apart = isolated ? `\n${printable(isolated)}${shown}` : '';
  return `${jobId} ${how}, ${lasted(elapsedSec)}${tokens}${chain}${why}${apart}\n`;
}
