// Asking the person at a terminal, and who counts as one.
import { expect, test } from 'vitest';
import { approveCommand } from '../../src/cli/approve.js';
import { checkPerson } from '../../src/jobs/checks.js';
import { requestApproval } from '../../src/policy/approvals.js';
import { processInfo } from '../../src/process/table.js';
import { findApproval } from '../../src/store/approvals.js';
import { findJob } from '../../src/store/jobs.js';
import { type TestEngine, testEngine } from '../support/engine.js';
import { until } from '../support/until.js';

async function waiting({ engine }: TestEngine): Promise<string> {
  const request = { key: 'k', tool: 't', rule: 'r', shown: { prompt: 'do it' }, client: 'c', project: null };
  return (await requestApproval(engine.store, request, Date.now())).id;
}

test.each([
  ['y', 0, 'approved'],
  ['Yes', 0, 'approved'],
  ['', 1, 'pending'],
  ['n', 1, 'pending'],
  ['yesterday', 1, 'pending'],
] as const)('answered with %j: exit status %i, %s', async (answer, status, state) => {
  const server = await testEngine();
  const id = await waiting(server);
  let seen = '';
  const context = {
    env: { PATH: process.env.PATH, HOME: server.home, SIDEJOB_HOME: server.home },
    stdout: (text: string) => {
      seen += text;
    },
    stderr: () => {},
    flushed: async () => {},
    ask: async (question: string) => {
      // All is shown before anything is asked.
      expect(seen).toContain('  | do it\n');
      expect(question).toBe('Let this call pass, once? [y/N] ');
      return answer;
    },
  };
  expect(await approveCommand([id], context)).toBe(status);
  expect(findApproval(server.engine.store, id)?.state).toBe(state);
  if (status === 1) expect(seen).toMatch(/Nothing was changed; it still waits\.\n$/);
});

test('what descends from a running job is no person, even without a mark', async () => {
  const { engine, submit } = await testEngine();
  const unmarked = { ...engine, env: {} };
  await expect(checkPerson({ ...unmarked, ancestors: async () => [] }, 'this')).resolves.toBeUndefined();
  const job = await submit('sleep 5');
  const running = await until('it runs', () => {
    const found = findJob(engine.store, job.id);
    return found?.status === 'running' && found;
  });
  const launcher = await processInfo(running.pid ?? 0);
  if (!launcher) throw new Error('no launcher');
  const inside = { ...unmarked, ancestors: async () => [launcher] };
  await expect(checkPerson(inside, 'this')).rejects.toMatchObject({ code: 'access_denied' });
});
