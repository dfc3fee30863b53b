// The API refuses: the job says why, soon, with the CLI's own exit status where it was let to give one.
import { describe, expect, test } from 'vitest';
import { CLI_NAMES } from './clis.js';
import { Machine } from './machine.js';

/** Claude Code and Codex try a wrong key again (for 180 s and 6.5 s), so they are ended; Gemini CLI gives up. */
const ON_401 = {
  claude: { signal: 'SIGTERM', error: '401 authentication failed', hint: /claude auth login/ },
  codex: { signal: 'SIGTERM', error: 'unexpected status 401 Unauthorized: fake error 401', hint: /codex login/ },
  gemini: { exitCode: 145, error: 'fake error 401', hint: /gemini/ },
};

const ON_429 = {
  claude: { exitCode: 1, error: 'Request rejected (429) · fake error 429', requests: 2 },
  codex: { exitCode: 1, error: 'exceeded retry limit, last status: 429 Too Many Requests', requests: 1 },
  gemini: { exitCode: 173, error: 'fake error 429', requests: 1 },
};

describe.each(CLI_NAMES)('%s', (cli) => {
  test('a wrong key ends the job at once', async () => {
    const machine = await Machine.start({ api: { [cli]: { status: 401 } } });
    const job = await machine.assistant.ended(await machine.submit(cli));
    const { hint, ...expected } = ON_401[cli];
    expect(job).toMatchObject({ status: 'failed', reason: 'auth_required', ...expected });
    expect(job.hint).toMatch(hint);
    expect(job.elapsedSec).toBeLessThan(5);
  });

  test('a rate limit is told from other failures', async () => {
    const machine = await Machine.start({ api: { [cli]: { status: 429 } }, impatient: true });
    const job = await machine.assistant.ended(await machine.submit(cli));
    const { requests, ...expected } = ON_429[cli];
    expect(job).toMatchObject({ status: 'failed', reason: 'rate_limited', ...expected });
    expect(job).not.toHaveProperty('signal');
    expect(machine.api.requests()).toHaveLength(requests);
  });
});
