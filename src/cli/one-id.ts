// The ids that a command is given.
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

/**
 * For commands that take several jobs.
 * @param where how such ids are shown
 * @throws SidejobError `bad_argument` for none
 */
export function someIds(positionals: readonly string[], where = '"sidejob list" shows them.'): readonly string[] {
  if (positionals.length === 0) throw new SidejobError('bad_argument', 'a job id is needed.', where);
  return positionals;
}
