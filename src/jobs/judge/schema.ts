// What a judge answers, and what becomes of it: letters for the answers on its side, those who gave them on the reader's.

/** JSON Schema of a judge's answer. All is required and nothing else allowed, as the strictest of the vendors wants it. */
export const VERDICT_SCHEMA = object({
  agreement: list(text('a claim that every answer makes')),
  differences: list(
    object({
      point: text('what they differ on'),
      positions: list(object({ answer: text('its letter'), quote: text('word for word from that answer') })),
    }),
  ),
  openPoints: list(text('what remains to be checked or decided')),
  recommendation: text('what to do or to believe, and why'),
});

function text(description: string) {
  return { type: 'string', description };
}

function list(items: Record<string, unknown>) {
  return { type: 'array', items };
}

function object(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/** As a judge gives it. */
export interface RawVerdict {
  agreement: string[];
  differences: { point: string; positions: { answer: string; quote: string }[] }[];
  openPoints: string[];
  recommendation: string;
}

/** Who gave an answer, and under which letter it was weighed. */
export interface Weighed {
  answer: string;
  jobId: string;
  provider: string;
  model?: string;
}

/** As it is shown: checked, and with names for the letters. */
export interface Verdict extends Omit<RawVerdict, 'differences'> {
  differences: { point: string; positions: { answer: string; provider: string; quote: string }[] }[];
  answers: Weighed[];
  /** Positions that were left out: quotes that do not stand in the answer, letters that no answer has. */
  dropped?: { quotes?: number; letters?: number };
}
