// Jobs as native tasks, for the clients that declare them. On the wire: the 2.x client reads no reply of that kind yet.
import { existsSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { linuxTest, test } from '../support/e2e.js';
import { processesOf } from '../support/processes.js';
import type { Message, RawServer } from '../support/raw-server.js';
import type { Sandbox, ServerOptions } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { until } from '../support/until.js';

const TASKS = 'io.modelcontextprotocol/tasks';
const DECLARED = { extensions: { [TASKS]: {} } };

describe('llm_run in a client that declares tasks', () => {
  test.concurrent('answers at once where it can', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);

    const result = await client.run({ provider: 'claude', prompt: asks({ say: 'forty-two' }) });

    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: expect.stringContaining('forty-two') }] });
    expect(result).not.toHaveProperty('taskId');
  });

  test.concurrent('answers with a task where it cannot, and the task has the answer later', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();

    const task = await client.run({ provider: 'claude', prompt: asks({ gate }, { say: 'forty-two' }), waitSec: 0 });

    expect(task).toMatchObject({ resultType: 'task', taskId: expect.stringMatching(/^claude-\w{8}$/), ...WORKING });
    expect(await client.get(task.taskId)).toMatchObject({ resultType: 'complete', taskId: task.taskId, ...WORKING });

    await sandbox.open(gate);
    const done = await client.ended(task.taskId);

    expect(done).toMatchObject({ status: 'completed', createdAt: task.createdAt });
    expect(done.result).toEqual({
      content: [{ type: 'text', text: expect.stringMatching(/ completed, .*\nforty-two$/) }],
    });
    expect(Date.parse(done.lastUpdatedAt)).toBeGreaterThan(Date.parse(done.createdAt));
    // It was shown.
    const [job] = await client.jobs(task.taskId);
    expect(job).not.toHaveProperty('unread');
  });

  test.concurrent('tries for 20 s to answer at once, however long the client would wait', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const asked = performance.now();

    const task = await client.run({ provider: 'claude', prompt: asks({ gate }), waitSec: 50 });

    expect((performance.now() - asked) / 1000).toBeCloseTo(20, -1);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(19_900);
    expect(task).toMatchObject({ resultType: 'task', ...WORKING });
    await client.endJob(task.taskId);
  });

  test.concurrent('answers for several providers with one task', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();

    const task = await client.run({
      providers: ['claude', 'codex'],
      prompt: asks({ gate }, { say: 'yes' }),
      waitSec: 0,
    });

    expect(task.taskId).toMatch(/^group-\w{8}$/);
    await sandbox.open(gate);
    const { result } = await client.ended(task.taskId);
    expect(result?.content[0]?.text).toMatch(
      /^group-\w{8}: all 2 answered\n\nclaude-.* completed, .*\nyes\n\ncodex-.* completed, .*\nyes$/,
    );
  });

  test.concurrent('says with the task what there is to say of the call', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const asked = { provider: 'claude', prompt: asks({ gate: sandbox.gate() }), waitSec: 0 };
    const { taskId } = await client.run(asked);

    const joined = await client.run(asked);

    const told = expect.stringMatching(/^Joined claude-\w{8}: the same was asked before\. .* llm_job_cancel does\.$/);
    expect(joined).toMatchObject({ taskId, statusMessage: expect.stringContaining(` Joined ${taskId}: `) });
    expect(joined._meta).toMatchObject({ 'com.anthropic/agent-task': { modelImmediateResponse: told } });
    await client.endJob(taskId);
  });

  test.concurrent('tells of a refused provider when the task begins, and again with its result', async ({
    sandbox,
  }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();

    const task = await client.run({ providers: ['claude', 'nobody'], prompt: asks({ gate }), waitSec: 0 });
    await sandbox.open(gate);
    const { result } = await client.ended(task.taskId);

    expect(task.statusMessage).toMatch(/nobody: unknown_provider: /);
    expect(JSON.stringify(result)).toMatch(/group-\w{8}: 1 of 2 answered; nobody: unknown_provider/);
  });
});

describe('a task', () => {
  test.concurrent('of a job that failed is completed, with the error as a result', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const prompt = asks({ gate }, { stderr: 'the reason' }, { exit: 3 });
    const { taskId } = await client.run({ provider: 'claude', prompt, waitSec: 0 });

    await sandbox.open(gate);
    const done = await client.ended(taskId);

    expect(done.status).toBe('completed');
    expect(done.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/ failed \(provider_error\), .*the reason/) }],
    });
  });

  linuxTest.concurrent('survives the death of its server', async ({ sandbox }) => {
    const first = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const prompt = asks({ gate }, { say: 'forty-two' });
    const { taskId } = await first.run({ providers: ['claude', 'codex'], prompt, waitSec: 0 });
    await until('both run', async () => (await first.jobs(taskId)).every(({ status }) => status === 'running'));
    first.server.child.kill('SIGKILL');
    await first.server.ended();

    const next = new TaskClient(sandbox);
    expect(await next.get(taskId)).toMatchObject(WORKING);
    await sandbox.open(gate);

    expect((await next.ended(taskId)).result?.content[0]?.text.match(/forty-two/g)).toHaveLength(2);
  });

  test.concurrent('that nobody knows is an error, with every method', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);

    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { error } = await client.request(method, { taskId: 'claude-00000000', inputResponses: {} });
      expect(error).toMatchObject({ code: -32602, message: 'no task "claude-00000000"' });
    }
  });

  test.concurrent('takes answers that were not asked for', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const { taskId } = await client.run({ provider: 'claude', prompt: asks({ gate: sandbox.gate() }), waitSec: 0 });

    const { result } = await client.request('tasks/update', {
      taskId,
      inputResponses: { name: { action: 'decline' } },
    });

    expect(result).toMatchObject({ resultType: 'complete' });
    expect(await client.get(taskId)).toMatchObject(WORKING);
    await client.endJob(taskId);
  });
});

describe('tasks/cancel', () => {
  linuxTest.concurrent('lets a job go on that runs, and its answer stays unread', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const { taskId } = await client.run({
      ...{ provider: 'claude', prompt: asks({ gate }, { say: 'forty-two' }), waitSec: 0 },
    });
    await until('it runs', async () => (await processesOf(taskId)).length > 0);

    expect(await client.cancel(taskId)).toMatchObject({ resultType: 'complete' });

    expect(await client.get(taskId)).toMatchObject(WORKING);
    await sandbox.open(gate);
    await until('it has ended', async () => (await client.jobs(taskId)).every(({ status }) => status === 'completed'));
    expect(await client.jobs(taskId)).toMatchObject([{ status: 'completed', unread: true }]);
  });

  test.concurrent('takes a job that waits from the queue', async ({ sandbox }) => {
    const client = new TaskClient(sandbox, { env: { SIDEJOB_MAX_RUNNING: '1' } });
    const gate = sandbox.gate();
    const running = await client.run({ provider: 'claude', prompt: asks({ gate }), waitSec: 0 });
    await until('it runs', async () => (await client.jobs(running.taskId))[0]?.status === 'running');
    const waiting = await client.run({ provider: 'codex', prompt: asks({ say: 'never' }), waitSec: 0 });

    await client.cancel(waiting.taskId);

    const task = await client.get(waiting.taskId);
    expect(task).toMatchObject({ status: 'cancelled', statusMessage: expect.stringContaining(' canceled, ') });
    expect(task).not.toHaveProperty('result');
    expect(await client.get(running.taskId)).toMatchObject(WORKING);
    await client.endJob(running.taskId);
  });
});

describe('tasks/cancel of what was accepted for somebody else', () => {
  test.concurrent('a submitted job that waits is joined as a task, and goes on', async ({ sandbox }) => {
    const env = { SIDEJOB_MAX_RUNNING: '1' };
    const client = new TaskClient(sandbox, { env });
    const gate = sandbox.gate();
    const running = await client.run({ provider: 'claude', prompt: asks({ gate }), waitSec: 0 });
    await until('it runs', async () => (await client.jobs(running.taskId))[0]?.status === 'running');
    const first = await client.run({ provider: 'codex', prompt: asks({ say: 'for two' }), waitSec: 0 });
    const joined = await client.run({ provider: 'codex', prompt: asks({ say: 'for two' }), waitSec: 0 });
    expect(joined.taskId).toBe(first.taskId);

    await client.cancel(first.taskId);

    expect(await client.get(first.taskId)).toMatchObject(WORKING);
    await client.endJob(running.taskId);
    await until('it has ended', async () => (await client.jobs(first.taskId))[0]?.status === 'completed');
  });
});

describe('a client that listens for tasks', () => {
  test.concurrent('is told of those that there are, and when they have ended', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const { taskId } = await client.run({
      provider: 'claude',
      prompt: asks({ gate }, { say: 'forty-two' }),
      waitSec: 0,
    });

    const listenId = client.ask('subscriptions/listen', { notifications: { taskIds: [taskId, 'claude-00000000'] } });

    const acknowledged = await client.notification('notifications/subscriptions/acknowledged');
    expect(acknowledged).toMatchObject({ notifications: { taskIds: [taskId] }, ...from(listenId) });
    expect(client.said('notifications/tasks')).toEqual([]);
    await sandbox.open(gate);
    const told = await client.notification('notifications/tasks');
    const { resultType: _, _meta, ...task } = (await client.request('tasks/get', { taskId })).result ?? {};
    expect(told).toEqual({ ...task, ...from(listenId) });
    expect(told).toMatchObject({
      status: 'completed',
      result: { content: [{ text: expect.stringMatching(/forty-two$/) }] },
    });
  });

  test.concurrent('is not taken to have read what it was told', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const { taskId } = await client.run({ provider: 'claude', prompt: asks({ gate }, { say: 'x' }), waitSec: 0 });
    client.ask('subscriptions/listen', { notifications: { taskIds: [taskId] } });
    await client.notification('notifications/subscriptions/acknowledged');

    await sandbox.open(gate);
    await client.notification('notifications/tasks');

    expect((await client.jobs(taskId))[0]).toMatchObject({ status: 'completed', unread: true });
  });

  test.concurrent('is told no more once it has stopped to listen', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    const gate = sandbox.gate();
    const { taskId } = await client.run({ provider: 'claude', prompt: asks({ gate }), waitSec: 0 });
    const listenId = client.ask('subscriptions/listen', { notifications: { taskIds: [taskId] } });
    await client.notification('notifications/subscriptions/acknowledged');

    client.server.send({ method: 'notifications/cancelled', params: { requestId: listenId } });
    // A second one, so that there is something to wait for.
    const secondId = client.ask('subscriptions/listen', { notifications: { taskIds: [taskId] } });
    await sandbox.open(gate);

    expect(await client.notification('notifications/tasks')).toMatchObject(from(secondId));
    await client.get(taskId);
    expect(client.said('notifications/tasks')).toHaveLength(1);
  });

  test.concurrent('must have declared them', async ({ sandbox }) => {
    const client = new TaskClient(sandbox, {}, {});

    const { error } = await client.request('subscriptions/listen', { notifications: { taskIds: ['claude-00000000'] } });

    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: DECLARED } });
  });

  test.concurrent('for something else has nothing opened for it', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);

    client.ask('subscriptions/listen', { notifications: { toolsListChanged: true, taskIds: [] } });

    expect(await client.notification('notifications/subscriptions/acknowledged')).toMatchObject({ notifications: {} });
    expect(existsSync(sandbox.home)).toBe(false);
  });
});

describe('a client that does not declare tasks', () => {
  test.concurrent('or declares those of 2025-11-25, waits and gets the id of the job', async ({ sandbox }) => {
    const server = sandbox.server();
    const capabilities = { tasks: { requests: {}, list: {}, cancel: {} } };
    const clientInfo = { name: 'e2e', version: '1' };
    const { result } = await server.request('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo });
    expect(result?.capabilities).not.toHaveProperty('tasks');
    server.send({ method: 'notifications/initialized' });
    const gate = sandbox.gate();

    const args = { provider: 'claude', prompt: asks({ gate }, { say: 'x' }), waitSec: 0 };
    const reply = await server.request('tools/call', { name: 'llm_run', arguments: args, task: { ttl: 60_000 } });

    const [, jobId] = /llm_job_wait\{jobIds:\[\\"(claude-\w{8})\\"\]\}/.exec(JSON.stringify(reply.result)) ?? [];
    await sandbox.open(gate);
    expect((await (await sandbox.assistant()).ended(jobId ?? '')).status).toBe('completed');
  });

  test.concurrent('gets the id of the job, and no method of theirs', async ({ sandbox }) => {
    const client = new TaskClient(sandbox, {}, {});

    const result = await client.run({ provider: 'claude', prompt: asks({ gate: sandbox.gate() }), waitSec: 0 });

    expect(result).toMatchObject({
      resultType: 'complete',
      content: [{ text: expect.stringContaining('llm_job_wait') }],
    });
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { error } = await client.request(method, { taskId: 'claude-00000000' });
      expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: DECLARED } });
    }
    await client.endJob(result);
  });

  test.concurrent('gets none for having declared them with an earlier request', async ({ sandbox }) => {
    const client = new TaskClient(sandbox);
    await client.request('server/discover');
    client.capabilities = {};

    const result = await client.run({ provider: 'claude', prompt: asks({ gate: sandbox.gate() }), waitSec: 0 });

    expect(result).not.toHaveProperty('taskId');
    await client.endJob(result);
  });
});

test.concurrent('the 2.x client finds the extension declared, refuses a task as a reply, and follows a job as one', async ({
  sandbox,
}) => {
  const gate = sandbox.gate();
  const transport = new StdioClientTransport(sandbox.parameters());
  const client = new Client(
    { name: 'e2e', version: '1.0.0' },
    { capabilities: DECLARED, versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(transport);
  try {
    expect(client.getServerCapabilities()?.extensions).toHaveProperty([TASKS], {});
    const quick = await client.callTool({
      ...{ name: 'llm_run', arguments: { provider: 'claude', prompt: asks({ say: 'quick' }) } },
    });
    expect(quick.content).toMatchObject([{ text: expect.stringContaining('quick') }]);
    const asked = { provider: 'claude', prompt: asks({ gate }, { say: 'slow' }) };
    const refused = client.callTool({ name: 'llm_run', arguments: { ...asked, waitSec: 0 } });
    await expect(refused).rejects.toThrow("Unsupported result type 'task' for tools/call");
    // The same is asked again, so that it joins.
    const submitted = await client.callTool({ name: 'llm_job_submit', arguments: asked });
    const taskId = (submitted.structuredContent as { jobId: string }).jobId;
    const get = () => client.request({ method: 'tasks/get', params: { taskId } }, TASK);

    expect(await get()).toMatchObject(WORKING);
    await sandbox.open(gate);
    const done = await until('it has ended', async () => {
      const task = await get();
      return task.status !== 'working' && task;
    });

    expect(done.result?.content[0]?.text).toMatch(/ completed, .*\nslow$/);
  } finally {
    await client.close();
  }
});

const WORKING = {
  ...{ status: 'working', statusMessage: expect.stringMatching(/^\w+-\w{8} (queued|running), /) },
  ...{ ttlMs: null, pollIntervalMs: 2000 },
};

/** What stands in a notification that comes from listening with this request. */
const from = (listenId: number) => ({ _meta: { 'io.modelcontextprotocol/subscriptionId': listenId } });

const TASK = z.looseObject({
  taskId: z.string(),
  status: z.string(),
  createdAt: z.string(),
  lastUpdatedAt: z.string(),
  result: z
    .object({ content: z.array(z.object({ type: z.string(), text: z.string() })) })
    .loose()
    .optional(),
});
type Task = z.infer<typeof TASK>;

/** Speaks the protocol of 2026-07-28 with a server of its own, a request at a time. */
class TaskClient {
  readonly server: RawServer;

  constructor(
    sandbox: Sandbox,
    options: ServerOptions = {},
    public capabilities: object = DECLARED,
  ) {
    this.server = sandbox.server(options);
  }

  request(method: string, params: object = {}): Promise<Message> {
    return this.server.reply(this.ask(method, params));
  }

  /** Sends a request and returns its id. */
  ask(method: string, params: object = {}): number {
    return this.server.ask(method, {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': this.capabilities,
      },
    });
  }

  /** The parameters of all notifications of this kind, until now. */
  said(method: string): Record<string, unknown>[] {
    return this.server.messages.flatMap((message) => (message.method === method ? [message.params ?? {}] : []));
  }

  /** The first notification of this kind, once it has come. */
  notification(method: string): Promise<Record<string, unknown>> {
    return until(method, () => this.said(method)[0]);
  }

  async #result(method: string, params: object): Promise<Record<string, unknown>> {
    const { result, error } = await this.request(method, params);
    if (!result) throw new Error(`${method}: ${error?.message}`);
    return result;
  }

  /** What `llm_run` replied; a task, if the test expects one. */
  async run(args: object): Promise<Task> {
    return (await this.#result('tools/call', { name: 'llm_run', arguments: args })) as Task;
  }

  async get(taskId: string): Promise<Task> {
    return TASK.parse(await this.#result('tasks/get', { taskId }));
  }

  cancel(taskId: string): Promise<Record<string, unknown>> {
    return this.#result('tasks/cancel', { taskId });
  }

  ended(taskId: string): Promise<Task> {
    return until(`${taskId} has ended`, async () => {
      const task = await this.get(taskId);
      return task.status !== 'working' && task;
    });
  }

  /** Ends the job that this id, or this reply, names. */
  async endJob(named: string | object): Promise<void> {
    const [jobId] = JSON.stringify(named).match(/\bclaude-\w{8}\b/) ?? [];
    await this.#result('tools/call', { name: 'llm_job_cancel', arguments: { jobId } });
  }

  /** The jobs of a task, as `llm_job_status` shows them. */
  async jobs(taskId: string): Promise<{ status: string; unread?: boolean }[]> {
    const args = { jobIds: taskId.split('+') };
    const result = await this.#result('tools/call', { name: 'llm_job_status', arguments: args });
    return (result.structuredContent as { jobs: { status: string }[] }).jobs;
  }
}
