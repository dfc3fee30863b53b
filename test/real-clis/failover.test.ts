// Another CLI answers where one cannot: on the real CLIs, with the API's own log as the witness that nothing ran twice.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { CLIS } from './clis.js';
import { Machine } from './machine.js';

const CHAIN = `claude:${CLIS.claude.model} > codex:${CLIS.codex.model}`;

/** The requests that a CLI made: each vendor's API has a path of its own. */
const asked = (machine: Machine, id: 'claude' | 'codex') =>
  machine.api.requests().filter(({ path }) => path.includes(id === 'claude' ? '/messages' : '/responses'));

describe.each([
  [429, 'rate_limited'],
  [401, 'auth_required'],
] as const)('claude meets %i', (status, reason) => {
  test('and codex answers, once, under the same id', async () => {
    const machine = await Machine.start({ api: { claude: { status } }, impatient: status === 429 });
    const cwd = machine.project;
    const jobId = await machine.assistant.submit('Say hello', { provider: CHAIN, cwd });
    expect(await machine.assistant.ended(jobId)).toMatchObject({
      ...{ status: 'completed', provider: 'codex', passedOver: [`claude: ${reason}`] },
    });
    expect(asked(machine, 'claude').length).toBeGreaterThan(0);
    expect(asked(machine, 'codex')).toHaveLength(1);
  });
});

test('claude is not installed, and codex answers once', async () => {
  const machine = await Machine.start();
  const config = join(machine.root, 'sidejob', 'config.toml');
  await mkdir(dirname(config), { recursive: true, mode: 0o700 });
  await writeFile(config, '[providers.claude]\ncommand = "/nowhere/claude"\n', { mode: 0o600 });
  await machine.assistant.kill();
  await machine.startServer();
  const jobId = await machine.assistant.submit('Say hello', { provider: CHAIN, cwd: machine.project });
  expect(await machine.assistant.ended(jobId)).toMatchObject({
    ...{ status: 'completed', provider: 'codex', passedOver: ['claude: not_installed'] },
  });
  expect(asked(machine, 'claude')).toEqual([]);
  expect(asked(machine, 'codex')).toHaveLength(1);
});

test('claude meets its limit and sleeps on, though its server is killed; nothing is asked twice', async () => {
  // As few tries as it makes by itself are refused.
  const requests = CLIS.claude.refused[429].requests ?? 1;
  const machine = await Machine.start({
    api: { claude: { status: 429, failTimes: requests, retryAfter: 8 } },
    impatient: true,
  });
  const asking = { provider: 'claude', model: CLIS.claude.model, cwd: machine.project, waitForQuota: true };
  const jobId = await machine.assistant.submit('Say hello', asking);
  await until(
    'it sleeps',
    async () => /^waiting for claude/.test(String((await machine.assistant.job(jobId)).activity)),
    30_000,
  );
  expect(asked(machine, 'claude')).toHaveLength(requests);
  await machine.assistant.kill();
  await machine.startServer();
  const job = await machine.assistant.job(jobId);
  expect(job).toMatchObject({ status: 'queued', provider: 'claude' });
  expect(asked(machine, 'claude')).toHaveLength(requests);
  expect(await readFile(join(machine.root, 'sidejob', 'jobs', jobId, 'stdout'), 'utf8')).toContain('429');
});
