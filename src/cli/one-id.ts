// Commands that take exactly one job.
import { SidejobError } from '../errors.js';

/** @throws SidejobError `bad_argument` for none or several */
export function oneId(positionals: readonly string[]): string {
  const [id, ...others] = positionals;
  if (id === undefined) throw new SidejobError('bad_argument', 'a job id is needed.', '"sidejob list" shows them.');
  if (others.length > 0) throw new SidejobError('bad_argument', 'one job id at a time.');
  return id;
}
