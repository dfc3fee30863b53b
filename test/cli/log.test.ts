// What the command line logs is for a person: a plain line, never JSON.
import { expect, test } from 'vitest';
import { createPlainLog } from '../../src/log.js';

function logged(level?: string) {
  const lines: string[] = [];
  const secrets = { mask: async (text: string) => text.replaceAll('hunter2', '***') };
  const log = createPlainLog(level === undefined ? {} : { SIDEJOB_LOG_LEVEL: level }, secrets, (text) =>
    lines.push(text),
  );
  return { log, lines };
}

test('a line says what, of what, and why; without secrets and control characters', async () => {
  const { log, lines } = logged();
  log.warn({ error: 'EACCES hunter2\u001b[2J' }, 'jobs cannot be removed');
  log.error({ job: 'pi-1', pids: [7] }, 'processes cannot be ended');
  log.debug({}, 'not shown');
  await expect
    .poll(() => lines)
    .toEqual([
      'sidejob: jobs cannot be removed: EACCES ***\\u{1b}[2J\n',
      'sidejob: processes cannot be ended (job "pi-1", pids [7])\n',
    ]);
});

test.each([
  ['debug', 3],
  ['error', 1],
  ['silent', 0],
  ['nonsense', 3],
])('level %s', async (level, count) => {
  const { log, lines } = logged(level);
  for (const at of ['debug', 'warn', 'error'] as const) log[at]({}, at);
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toHaveLength(count);
});
