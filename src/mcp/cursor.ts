// The cursor of a list of jobs: the sequence number of the last job on the page before.

/**
 * The sequence number that a cursor stands for; undefined for the first page.
 * @param error makes the error of who asked: a tool's reply and a request's are of different kinds
 * @throws what `error` makes, for a cursor that we never gave
 */
export function seqBefore(
  cursor: string | undefined,
  error: (what: string, todo: string) => Error,
): number | undefined {
  if (cursor === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor);
  throw error(`cursor ${JSON.stringify(cursor.slice(0, 60))} is not one.`, 'Use nextCursor as given.');
}
