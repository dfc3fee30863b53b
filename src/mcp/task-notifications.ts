// Tells the clients that listen when a task has ended: `subscriptions/listen` with `taskIds`, `notifications/tasks`.
// It stands around the transport, because serveStdio answers `subscriptions/listen` before any server sees it, with a
// filter that knows no tasks (@modelcontextprotocol/server 2.4).
import {
  type JSONRPCMessage,
  type RequestId,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
} from '@modelcontextprotocol/server';
import { messageOf } from '../errors.js';
import { waitForJobs } from '../jobs/wait.js';
import { maskedReply } from './masked.js';
import type { Session } from './session.js';
import { missingTasks } from './task-methods.js';
import { declaresTasks, isTask, jobIdsOf, viewTaskInFull } from './tasks.js';

type Params = { notifications?: { taskIds?: unknown }; requestId?: RequestId; _meta?: Record<string, unknown> };

interface Subscription {
  taskIds: string[];
  /** Aborted when the client listens no more. */
  over: AbortController;
}

export class TaskNotifications implements Transport {
  onclose?: Transport['onclose'];
  onerror?: Transport['onerror'];
  onmessage?: Transport['onmessage'];
  readonly #subscriptions = new Map<RequestId, Subscription>();

  constructor(
    private readonly inner: Transport,
    private readonly session: Session,
  ) {}

  async start(): Promise<void> {
    this.inner.onclose = () => {
      for (const id of [...this.#subscriptions.keys()]) this.#end(id);
      this.onclose?.();
    };
    this.inner.onerror = (error) => this.onerror?.(error);
    this.inner.onmessage = (message, extra) => {
      if (this.#admit(message)) this.onmessage?.(message, extra);
    };
    await this.inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!('method' in message)) {
      // The reply to a request to listen is its end.
      if (message.id !== undefined) this.#end(message.id);
      return this.inner.send(message);
    }
    const id = (message.params as Params | undefined)?._meta?.[SUBSCRIPTION_ID_META_KEY] as RequestId | undefined;
    const subscription = id === undefined ? undefined : this.#subscriptions.get(id);
    if (message.method !== 'notifications/subscriptions/acknowledged' || id === undefined || !subscription) {
      return this.inner.send(message);
    }
    const taskIds = await this.#known(subscription.taskIds);
    const notifications = { ...(message.params as Params).notifications, taskIds };
    await this.inner.send({ ...message, params: { ...message.params, notifications } });
    for (const taskId of taskIds) void this.#tell(id, subscription, taskId);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  /** Takes note of who listens for tasks; false if the message is refused here. */
  #admit(message: JSONRPCMessage): boolean {
    if (!('method' in message)) return true;
    const { notifications, requestId, _meta } = (message.params ?? {}) as Params;
    if (message.method === 'notifications/cancelled' && requestId !== undefined) this.#end(requestId);
    const taskIds = notifications?.taskIds;
    if (message.method !== 'subscriptions/listen' || !('id' in message) || !Array.isArray(taskIds)) return true;
    if (!declaresTasks(_meta)) {
      const { code, message: words, data } = missingTasks();
      void this.inner.send({ jsonrpc: '2.0', id: message.id, error: { code, message: words, data } });
      return false;
    }
    const ids = new Set(taskIds.filter((each) => typeof each === 'string'));
    if (ids.size === 0) return true;
    this.#end(message.id);
    this.#subscriptions.set(message.id, { taskIds: [...ids], over: new AbortController() });
    return true;
  }

  #end(id: RequestId): void {
    this.#subscriptions.get(id)?.over.abort();
    this.#subscriptions.delete(id);
  }

  async #engine() {
    const call = await this.session.call('unknown', new AbortController().signal, undefined);
    return (await call.manager()).engine;
  }

  async #known(taskIds: readonly string[]): Promise<string[]> {
    try {
      const engine = await this.#engine();
      return taskIds.filter((taskId) => isTask(engine, taskId));
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
      return [];
    }
  }

  /** Sends the task once it has ended. What is on its way is not shown yet, so that nothing is marked as read. */
  async #tell(id: RequestId, { over }: Subscription, taskId: string): Promise<void> {
    try {
      const engine = await this.#engine();
      const { signal } = over;
      const jobs = await waitForJobs(engine, jobIdsOf(taskId), {
        until: 'all',
        waitMs: Number.POSITIVE_INFINITY,
        signal,
      });
      // Or they were removed meanwhile.
      if (signal.aborted || !isTask(engine, taskId)) return;
      const task = await maskedReply(engine.secrets, await viewTaskInFull(engine, taskId, jobs));
      const params = { ...task, _meta: { [SUBSCRIPTION_ID_META_KEY]: id } };
      await this.inner.send({ jsonrpc: '2.0', method: 'notifications/tasks', params });
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }
}
