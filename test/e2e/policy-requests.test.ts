// What is no tool call goes by the rules of the tool that would do the same: resources, completions, tasks, subscriptions.
import { expect } from 'vitest';
import { type Assistant, ERAS } from '../support/assistant.js';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import { decisionsOf, writePolicy } from '../support/policy.js';
import type { Message, RawServer } from '../support/raw-server.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const DENY = { action: 'deny', reason: 'closed' };
const denying = (tool: string) => ({ tools: { [tool]: DENY } });
const deniedBy = (tool: string) =>
  new RegExp(`denied: rule tools\\.${tool}\\.action \\(the action is deny\\): closed\\. `);
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

async function endedJob(assistant: Assistant): Promise<string> {
  const jobId = await assistant.submit('hi');
  await assistant.ended(jobId);
  return jobId;
}

test.concurrent.for(ERAS)('resources and completions, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });
  const jobId = await endedJob(assistant);
  const requests: Record<string, (() => Promise<unknown>)[]> = {
    llm_job_result: [() => assistant.read(`job://${jobId}`), () => assistant.read(`job://${jobId}/stdout`)],
    llm_job_list: [() => assistant.resources(), () => assistant.complete({ uri: 'job://{id}' }, 'id', 'cl')],
    llm_providers: [() => assistant.complete({ prompt: 'second-opinion' }, 'provider', '')],
  };
  for (const denied of Object.keys(requests)) {
    await writePolicy(sandbox, denying(denied));
    for (const [tool, asked] of Object.entries(requests)) {
      for (const ask of asked) {
        if (tool === denied) await expect(ask()).rejects.toThrow(deniedBy(tool));
        else await expect(ask()).resolves.toBeDefined();
      }
    }
  }
  await writePolicy(sandbox, { hide: ['llm_job_result'] });
  await expect(assistant.read(`job://${jobId}`)).rejects.toThrow(/denied: rule hide /);
  await writePolicy(sandbox, '{');
  for (const ask of Object.values(requests).flat()) await expect(ask()).rejects.toThrow(/denied: rule file /);
  expect(await decisionsOf(sandbox)).toContainEqual(
    expect.objectContaining({ tool: 'llm_job_result', effect: 'deny', rule: 'tools.llm_job_result.action' }),
  );
});

test.concurrent('a resource that is read is judged like the call, counted like it, and may need a person', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant();
  const jobId = await endedJob(assistant);
  const read = (rest = '') => assistant.read(`job://${jobId}${rest}`);
  const not = (path: string, value: string) => ({ deny_if: [{ path: `args.${path}`, op: 'eq', value }] });
  await writePolicy(sandbox, { tools: { llm_job_result: not('view', 'stdout') } });
  await expect(read('/STDOUT')).rejects.toThrow(/denied: rule tools\.llm_job_result\.deny_if\[0\]/);
  await expect(read('/stderr')).resolves.toHaveLength(1);
  await writePolicy(sandbox, { tools: { llm_job_result: not('jobId', jobId) } });
  await expect(read()).rejects.toThrow(/denied: rule/);

  await writePolicy(sandbox, { tools: { llm_job_result: { rate_limit: { max: 1, window: 60 } } } });
  await read();
  await expect(read()).rejects.toThrow(/rate_limit .*Try again in \d\d s/);
  expect((await assistant.call('llm_job_result', { jobId })).text).toMatch(/^denied: .*rate_limit/);

  await writePolicy(sandbox, { tools: { llm_job_result: { action: 'require_approval' } } });
  const waits = await read().catch(({ message }) => String(message));
  const [, id = ''] = /needs_approval: .*\b(ok-\w{8})\b/.exec(String(waits)) ?? [];
  await sidejob(sandbox, 'approve', id, '--yes');
  await expect(read()).resolves.toHaveLength(1);
  await expect(read()).rejects.toThrow(/needs_approval: /);
});

test.concurrent('no word of unread jobs to who may not list them', async ({ sandbox }) => {
  const first = await sandbox.assistant();
  const jobId = await first.submit('hi');
  await first.jobWhen(jobId, 'has ended', ({ status }) => status === 'completed');
  const said = async () => {
    const assistant = await sandbox.assistant();
    await assistant.call('llm_job_status', { jobId });
    return (await assistant.call('llm_job_status', { jobId })).text + (await assistant.call('llm_providers')).text;
  };
  await writePolicy(sandbox, denying('llm_job_list'));
  expect(await said()).not.toContain('ended unread');
});

/** A server that speaks the newer protocol, with tasks. */
function taskServer(sandbox: Sandbox) {
  const server: RawServer = sandbox.server({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const request = (method: string, params: object): Promise<Message> =>
    server.request(method, { ...params, _meta: META });
  const task = async (args: object) => {
    const reply = await request('tools/call', {
      name: 'llm_run',
      arguments: { provider: 'claude', waitSec: 0, ...args },
    });
    return String(reply.result?.taskId);
  };
  const told = (method: string) => server.messages.filter((message) => message.method === method);
  return { server, request, task, told };
}

test.concurrent('tasks are polled by the rules of llm_run, and canceled by those of llm_job_cancel', async ({
  sandbox,
}) => {
  const { request, task } = taskServer(sandbox);
  const gate = sandbox.gate();
  await task({ prompt: asks({ gate }) });
  const taskId = await task({ prompt: 'waits its turn' });

  await writePolicy(sandbox, denying('llm_run'));
  for (const method of ['tasks/get', 'tasks/update']) {
    expect((await request(method, { taskId, inputResponses: {} })).error?.message).toMatch(deniedBy('llm_run'));
  }
  await writePolicy(sandbox, denying('llm_job_cancel'));
  expect((await request('tasks/cancel', { taskId })).error).toMatchObject({
    code: -32600,
    message: expect.stringMatching(deniedBy('llm_job_cancel')),
  });
  const cancel = { deny_if: [{ path: 'args.jobId', op: 'eq', value: taskId }] };
  await writePolicy(sandbox, { tools: { llm_job_cancel: cancel } });
  expect((await request('tasks/cancel', { taskId })).error?.message).toMatch(/denied: rule .*deny_if\[0\]/);

  await writePolicy(sandbox, {
    tools: { llm_job_cancel: { action: 'require_approval' }, llm_run: { rate_limit: '1/day' } },
  });
  const { error } = await request('tasks/cancel', { taskId });
  const [, id = ''] = /needs_approval: .*\b(ok-\w{8})\b/.exec(error?.message ?? '') ?? [];
  // To ask how it is counts for nothing.
  for (let n = 0; n < 3; n += 1)
    expect((await request('tasks/get', { taskId })).result).toMatchObject({ status: 'working' });
  await sidejob(sandbox, 'approve', id, '--yes');
  expect((await request('tasks/cancel', { taskId })).result).toBeDefined();
  expect((await request('tasks/get', { taskId })).result).toMatchObject({ status: 'cancelled' });
  await sandbox.open(gate);
});

test.concurrent('who may not ask for a task or read a job is not told of its end', async ({ sandbox }) => {
  const { server, request, task, told } = taskServer(sandbox);
  const gates = [sandbox.gate(), sandbox.gate()] as const;
  const listen = (notifications: object) => server.ask('subscriptions/listen', { notifications, _meta: META });
  const first = await task({ prompt: asks({ gate: gates[0] }) });
  const uri = `job://${first}`;
  await writePolicy(sandbox, { tools: { llm_run: DENY, llm_job_result: DENY } });
  listen({ taskIds: [first], resourceSubscriptions: [uri] });
  const acknowledged = await until('the acknowledgement', () => told('notifications/subscriptions/acknowledged')[0]);
  expect(acknowledged.params).toMatchObject({ notifications: { taskIds: [] } });
  await writePolicy(sandbox, {});
  listen({ taskIds: [first], resourceSubscriptions: [uri] });
  await until('the other', () => told('notifications/subscriptions/acknowledged')[1]);
  await sandbox.open(gates[0]);
  await until(
    'its end',
    () => told('notifications/tasks').length > 0 && told('notifications/resources/updated').length > 0,
  );

  const second = await task({ prompt: asks({ gate: gates[1] }) });
  listen({ taskIds: [second], resourceSubscriptions: [`job://${second}`] });
  await until('a third', () => told('notifications/subscriptions/acknowledged')[2]);
  await writePolicy(sandbox, { tools: { llm_run: DENY, llm_job_result: DENY } });
  await sandbox.open(gates[1]);
  await request('tools/call', { name: 'llm_job_wait', arguments: { jobId: second, waitSec: 30 } });
  await request('tools/call', { name: 'llm_job_status', arguments: { jobId: second } });
  expect(told('notifications/tasks')).toHaveLength(1);
  expect(told('notifications/resources/updated')).toHaveLength(1);
});

test.concurrent('resources/subscribe of the older protocol goes by llm_job_result', async ({ sandbox }) => {
  const server = sandbox.server();
  await server.initialize();
  const gate = sandbox.gate();
  const { jobId } = await server.data('llm_job_submit', { prompt: asks({ gate }), provider: 'claude' });
  const uri = `job://${jobId}`;
  await writePolicy(sandbox, denying('llm_job_result'));
  expect((await server.request('resources/subscribe', { uri })).error?.message).toMatch(deniedBy('llm_job_result'));
  await writePolicy(sandbox, {});
  expect((await server.request('resources/subscribe', { uri })).result).toEqual({});
  await sandbox.open(gate);
  await until('its end', () => server.messages.find(({ method }) => method === 'notifications/resources/updated'));
});
