// The API refuses: the job says why, soon, with the CLI's own exit status where it was let to give one.
import { describe, expect, test } from 'vitest';
import { CLI_NAMES, CLIS, type CliName } from './clis.js';
import { Machine } from './machine.js';

const REASONS = { 401: 'auth_required', 404: 'model_not_found', 429: 'rate_limited' } as const;

async function refused(cli: CliName, status: 401 | 404 | 429) {
  const { knobs, job: expected, requests } = CLIS[cli].refused[status];
  const machine = await Machine.start({
    api: { [cli]: { ...CLIS[cli].knobs, ...knobs, status } },
    impatient: status === 429,
  });
  const job = await machine.assistant.ended(await machine.submit(cli));
  const { error, ...rest } = expected;
  expect(job).toMatchObject({ status: 'failed', reason: REASONS[status], ...rest });
  expect(job.error).toContain(error);
  if (expected.exitCode !== undefined) expect(job).not.toHaveProperty('signal');
  if (requests !== undefined) expect(machine.api.requests()).toHaveLength(requests);
  return job;
}

describe.each(CLI_NAMES)('%s', (cli) => {
  test('a wrong key ends the job at once, and the hint says how to log in', async () => {
    const job = await refused(cli, 401);
    expect(job.hint).toMatch(new RegExp(`^The person must log in: .*${cli}`));
    expect(job.elapsedSec).toBeLessThan(6);
  });

  test('an unknown model ends the job at once', async () => {
    expect((await refused(cli, 404)).elapsedSec).toBeLessThan(6);
  });

  test('a rate limit is told from other failures', async () => {
    await refused(cli, 429);
  });
});
