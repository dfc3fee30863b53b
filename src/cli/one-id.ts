// Commands that take exactly one id.
import { SidejobError } from '../errors.js';

/**
 * @param what the kind of id, and where such ids are shown
 * @throws SidejobError `bad_argument` for none or several
 */
export function oneId(
  positionals: readonly string[],
  [what, where]: readonly [string, string] = ['a job id', '"sidejob list" shows them.'],
): string {
  const [id, ...others] = positionals;
  if (id === undefined) throw new SidejobError('bad_argument', `${what} is needed.`, where);
  if (others.length > 0) throw new SidejobError('bad_argument', `one ${what.replace(/^an? /, '')} at a time.`);
  return id;
}
