// Secrets that CLIs print reach no assistant: not through any tool, view, page, resource, task, notification or log line.
// None of them is real: see support/secrets.ts.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { writePolicy } from '../support/policy.js';
import type { RawServer } from '../support/raw-server.js';
import type { Sandbox } from '../support/sandbox.js';
import { plantedSecrets, randomFrom, shownOf } from '../support/secrets.js';
import { asks, type Step } from '../support/steps.js';
import { until } from '../support/until.js';

const PLANTED = plantedSecrets(4711);
const OWN = 'kR4-not/in any+format-9';
const MASK = '[secret masked]';
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const VIEWS = ['answer', 'stdout', 'stderr', 'events', 'prompt'];

/** A server that has a credential of its own, and logs all it can. */
async function serverOf(sandbox: Sandbox, env: Record<string, string> = {}): Promise<RawServer> {
  // Under a policy every call is noted.
  await writePolicy(sandbox, {});
  return sandbox.server({ env: { DEPLOY_TOKEN: OWN, SIDEJOB_LOG_LEVEL: 'debug', ...env } });
}

/** Nothing that the server has said, or noted in the audit, holds a piece of any secret. */
async function expectClean(sandbox: Sandbox, server: RawServer): Promise<void> {
  const audit = await readFile(join(sandbox.home, 'audit.log'), 'utf8');
  expect(audit).toContain('"event":"decision"');
  for (const said of [...server.lines, server.stderr, audit]) {
    for (const { name, secret } of [...PLANTED, { name: 'its own', secret: OWN }]) {
      // As it stands within a JSON string, and within one in that.
      for (const form of [secret, secret.replaceAll('/', '\\/')]) {
        expect(shownOf(form, said), `${name} in ${said.slice(0, 300)}`).toBe('');
      }
    }
  }
}

/** A page without its header, and without what is said at its end. */
const bodyOf = (text: string) =>
  text.replace(/\n\n\d+ secrets? masked; .*$/, '').replace(/^.*\n(?:used: .*\n)?(?:stdout|events): .*(?:\n|$)/, '');
const textOf = ({ result }: { result?: Record<string, unknown> }) =>
  (result?.content as { text: string }[] | undefined)?.[0]?.text ?? '';

async function submitted(server: RawServer, steps: Step[], rest: object = {}): Promise<string> {
  const given = { prompt: asks(...steps), provider: 'claude', fresh: true, ...rest };
  return (await server.data('llm_job_submit', given)).jobId as string;
}

const printedAll = [...PLANTED.map(({ printed }) => printed), `DEPLOY_TOKEN=${OWN}`].join('\n\n');

test.concurrent('none is in an answer, an output, an event, a resource, a list or a log', async ({ sandbox }) => {
  const server = await serverOf(sandbox);
  await server.initialize();
  const jobId = await submitted(
    server,
    [
      ...PLANTED.map(({ printed }): Step => ({ tool: printed })),
      { stderr: printedAll },
      { stderr: '// secretlint-disable' },
      { raw: `// secretlint-disable\n${printedAll}\n` },
      { say: 'On the way: '.concat(printedAll) },
      { say: printedAll },
    ],
    { label: PLANTED[5]?.printed },
  );
  const waited = textOf(await server.callTool('llm_job_wait', { jobId, waitSec: 30 }));
  expect(waited).toContain(MASK);
  expect(waited).toMatch(/\n\n\d+ secrets masked; the owner of this machine can see the raw output\.$/);
  const random = randomFrom(8);
  for (const view of VIEWS) {
    const whole = textOf(await server.callTool('llm_job_result', { jobId, view, limit: 36_000 }));
    expect(whole, view).toContain(MASK);
    const total = Number(/ of (\d+) /.exec(whole)?.[1]);
    for (let round = 0; round < 25; round += 1) {
      const offset = Math.floor(random() * 2 * total) - total;
      const limit = 1 + Math.floor(random() * (round % 2 ? 100 : 20_000));
      server.ask('tools/call', { name: 'llm_job_result', arguments: { jobId, view, offset, limit } });
    }
  }
  await server.callTool('llm_job_status', { jobId });
  await server.callTool('llm_job_list', { filter: 'any' });
  await server.callTool('llm_job_status', { jobId: PLANTED[5]?.printed });
  await server.request('resources/list');
  for (const view of ['', '/stdout', '/stderr', '/events']) {
    const { result } = await server.request('resources/read', { uri: `job://${jobId}${view}` });
    expect(JSON.stringify(result), view).toContain('secrets masked');
  }
  await server.request('resources/read', { uri: `job://${PLANTED[5]?.printed}` });
  await expectClean(sandbox, server);
});

test.concurrent('none is in an error, what a job does right now, or progress', async ({ sandbox }) => {
  const server = await serverOf(sandbox);
  await server.initialize();
  const failed = await Promise.all(
    PLANTED.filter((_, index) => index % 6 === 0).map(({ printed }) =>
      submitted(server, [{ stderr: printed }, { fail: { exit: 1, message: `it said ${printed}` } }]),
    ),
  );
  const broken = await submitted(server, [{ stderr: `Error: ${printedAll}` }, { exit: 1 }]);
  const gates = PLANTED.slice(0, 12).map(() => sandbox.gate());
  const gate = sandbox.gate();
  const running = await submitted(server, [
    { say: 'begun' },
    ...gates.flatMap((each, index): Step[] => [
      { tool: `curl -u ${PLANTED[index]?.printed} ${'x'.repeat(index * 5)}` },
      { gate: each },
    ]),
    { tool: `deploy --token ${OWN}` },
    { gate },
  ]);
  for (const each of gates) {
    await server.callTool('llm_job_status', { jobId: running });
    await sandbox.open(each);
  }
  await until('its last step', async () =>
    textOf(await server.callTool('llm_job_status', { jobId: running })).includes(`deploy --token ${MASK}`),
  );
  await server.callTool('llm_job_wait', { jobIds: [...failed, broken], waitSec: 30 });
  for (const jobId of [...failed, broken]) await server.callTool('llm_job_result', { jobId });
  const call = { name: 'llm_job_wait', arguments: { jobId: running, waitSec: 20 }, _meta: { progressToken: 'p' } };
  const id = server.ask('tools/call', call);
  const progress = await until(
    'progress',
    () => server.messages.find(({ method }) => method === 'notifications/progress'),
    15_000,
  );
  expect(progress.params?.message).toContain(`deploy --token ${MASK}`);
  await sandbox.open(gate);
  await server.reply(id);
  await expectClean(sandbox, server);
});

test.concurrent('none is in a task, or in what is said of it', async ({ sandbox }) => {
  const server = await serverOf(sandbox);
  const gate = sandbox.gate();
  const args = {
    provider: 'claude',
    prompt: asks({ tool: `psql ${printedAll}` }, { gate }, { say: printedAll }),
    waitSec: 0,
  };
  const { result } = await server.request('tools/call', { name: 'llm_run', arguments: args, _meta: META });
  const taskId = result?.taskId as string;
  await server.request('tasks/get', { taskId, _meta: META });
  server.ask('subscriptions/listen', { notifications: { taskIds: [taskId] }, _meta: META });
  await sandbox.open(gate);
  const told = await until('the task', () => server.messages.find(({ method }) => method === 'notifications/tasks'));
  const got = await server.request('tasks/get', { taskId, _meta: META });
  for (const task of [told.params, got.result]) {
    expect(textOf({ result: task?.result as Record<string, unknown> })).toMatch(/\d+ secrets masked; /);
  }
  await expectClean(sandbox, server);
});

test.concurrent('none is read in between, wherever its two halves are cut', async ({ sandbox }) => {
  const server = await serverOf(sandbox);
  await server.initialize();
  const tokens = plantedSecrets(12).filter(({ name }) => ['GitHub', 'JWT', 'PostgreSQL'].includes(name));
  const cuts = tokens.flatMap(({ printed, secret }) =>
    Array.from({ length: 14 }, (_, index) => ({ printed, secret, at: 1 + Math.floor((index * printed.length) / 14) })),
  );
  const gates = cuts.map(() => ({ first: sandbox.gate(), second: sandbox.gate() }));
  const steps = cuts.flatMap(({ printed, at }, index): Step[] => [
    { raw: `\ncut ${printed.slice(0, at)}` },
    { reached: gates[index]?.first ?? '' },
    { gate: gates[index]?.second ?? '' },
    { raw: `${printed.slice(at)} .` },
  ]);
  const jobId = await submitted(server, steps);
  let offset = 0;
  let seen = '';
  const read = async () => {
    const text = textOf(await server.callTool('llm_job_result', { jobId, view: 'stdout', offset }));
    offset = Number(/stdout: \d+–(\d+) of/.exec(text)?.[1] ?? offset);
    seen += bodyOf(text);
  };
  for (const { first, second } of gates) {
    await until('the first half', async () => existsSync(first));
    await read();
    await sandbox.open(second);
  }
  await server.callTool('llm_job_wait', { jobId, waitSec: 30 });
  await read();
  for (const { secret, at } of cuts) expect(shownOf(secret, seen.replaceAll(MASK, '')), `cut at ${at}`).toBe('');
  expect(seen.match(/ \./g)).toHaveLength(cuts.length);
});

test.concurrent('none is in the pieces in which it was streamed', async ({ sandbox }) => {
  const server = await serverOf(sandbox);
  await server.initialize();
  const pieces = printedAll.match(/[\s\S]{1,7}/g) ?? [];
  const jobId = await submitted(server, [...pieces.map((say): Step => ({ say }))], { provider: 'gemini' });
  await server.callTool('llm_job_wait', { jobId, waitSec: 30 });
  const gathered = { stdout: '', events: '' };
  for (const view of ['stdout', 'events'] as const) {
    for (let offset = 0, more = true; more; ) {
      const text = textOf(await server.callTool('llm_job_result', { jobId, view, offset, limit: 5_000 }));
      gathered[view] += bodyOf(text);
      const next = /read on from offset (\d+)/.exec(text)?.[1];
      more = next !== undefined;
      offset = Number(next);
    }
  }
  const said = {
    stdout: [...gathered.stdout.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text ?? '')),
    events: [...gathered.events.matchAll(/^\d+ text (".*")$/gm)].map(([, text]) => JSON.parse(text ?? '')),
  };
  for (const view of ['stdout', 'events'] as const) {
    expect(said[view].length).toBeGreaterThan(pieces.length / 2);
    const whole = said[view].join('').replaceAll(MASK, '');
    for (const { name, secret } of PLANTED) expect(shownOf(secret, whole), `${name} in ${view}`).toBe('');
  }
  await expectClean(sandbox, server);
});

test.concurrent('the owner sees the raw output, unless it is set to strict; off masks nothing', async ({ sandbox }) => {
  const server = await serverOf(sandbox, { SIDEJOB_REDACT: 'off' });
  await server.initialize();
  const planted = PLANTED[5];
  const printed = planted?.printed ?? '';
  const jobId = await submitted(server, [{ stderr: `password=only-looks-like-1` }, { say: `it is ${printed}` }], {
    label: printed,
  });
  expect(textOf(await server.callTool('llm_job_wait', { jobId, waitSec: 30 }))).toContain(printed);
  for (const args of [
    ['show', jobId],
    ['show', jobId, '--json'],
    ['logs', jobId],
    ['list', '--all'],
  ]) {
    expect((await sidejob(sandbox, ...args)).stdout, args.join(' ')).toContain(printed);
  }
  const strict = await serverOf(sandbox, { SIDEJOB_REDACT: 'strict' });
  await strict.initialize();
  expect(textOf(await strict.callTool('llm_job_result', { jobId, view: 'stderr' }))).toContain(`password=${MASK}`);
  const env = { ...sandbox.env, SIDEJOB_REDACT: 'strict' };
  Object.defineProperty(sandbox, 'env', { value: env });
  for (const args of [
    ['show', jobId],
    ['show', jobId, '--json'],
    ['logs', jobId],
    ['logs', jobId, '--stderr'],
    ['list', '--all'],
  ]) {
    const { stdout } = await sidejob(sandbox, ...args);
    expect(stdout, args.join(' ')).toContain(MASK);
    expect(shownOf(planted?.secret ?? '', stdout)).toBe('');
  }
});
