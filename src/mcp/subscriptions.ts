// Tells the clients that listen (`subscriptions/listen`, since 2026-07-28) when a task or a resource's job has ended.
// It stands around the transport, because serveStdio answers `subscriptions/listen` before any server sees it, with a
// filter that knows no tasks (@modelcontextprotocol/server 2.4).
import {
  type JSONRPCMessage,
  type RequestId,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
} from '@modelcontextprotocol/server';
import { messageOf } from '../errors.js';
import type { Session } from './session.js';
import { declaresTasks, missingTasks } from './tasks-extension.js';

/** Tasks, and resources, of one subscription. Of the other tasks, the acknowledgement says that none listens. */
const WATCHED_MAX = 256;

const listening = () => import('./listening.js');

type Wanted = { taskIds?: unknown; resourceSubscriptions?: unknown };
type Params = { notifications?: Wanted; requestId?: RequestId; _meta?: Record<string, unknown> };

interface Subscription {
  /** Undefined if it is about resources alone. */
  taskIds: string[] | undefined;
  uris: string[];
  /** Aborted when the client listens no more. */
  over: AbortController;
}

export class Subscriptions implements Transport {
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
    const taskIds = subscription.taskIds && (await this.#known(subscription.taskIds));
    const notifications = { ...(message.params as Params).notifications, ...(taskIds && { taskIds }) };
    await this.inner.send({ ...message, params: { ...message.params, notifications } });
    for (const taskId of taskIds ?? []) void this.#tell(id, subscription, taskId);
    for (const uri of subscription.uris) void this.#tellOf(id, subscription, uri);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  /** Takes note of who listens for tasks; false if the message is refused here. */
  #admit(message: JSONRPCMessage): boolean {
    if (!('method' in message)) return true;
    const { notifications, requestId, _meta } = (message.params ?? {}) as Params;
    if (message.method === 'notifications/cancelled' && requestId !== undefined) this.#end(requestId);
    if (message.method !== 'subscriptions/listen' || !('id' in message)) return true;
    const taskIds = strings(notifications?.taskIds);
    const uris = strings(notifications?.resourceSubscriptions) ?? [];
    if (taskIds && !declaresTasks(_meta)) {
      const { code, message: words, data } = missingTasks();
      void this.inner.send({ jsonrpc: '2.0', id: message.id, error: { code, message: words, data } });
      return false;
    }
    if (!taskIds?.length && uris.length === 0) return true;
    this.#end(message.id);
    this.#subscriptions.set(message.id, { taskIds, uris, over: new AbortController() });
    return true;
  }

  #end(id: RequestId): void {
    this.#subscriptions.get(id)?.over.abort();
    this.#subscriptions.delete(id);
  }

  async #tellOf(id: RequestId, { over }: Subscription, uri: string): Promise<void> {
    const ended = listening().then(({ jobEnded }) => jobEnded(this.session, uri, over.signal));
    // A job that is not there has nothing to tell.
    if (!(await ended.catch(() => false))) return;
    const params = { uri, _meta: { [SUBSCRIPTION_ID_META_KEY]: id } };
    await this.inner.send({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }).catch(() => {});
  }

  async #known(taskIds: readonly string[]): Promise<string[]> {
    try {
      const { knownTasks } = await listening();
      return await knownTasks(this.session, taskIds);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
      return [];
    }
  }

  async #tell(id: RequestId, { over }: Subscription, taskId: string): Promise<void> {
    try {
      const { endedTask } = await listening();
      const task = await endedTask(this.session, taskId, over.signal);
      if (!task) return;
      const params = { ...task, _meta: { [SUBSCRIPTION_ID_META_KEY]: id } };
      await this.inner.send({ jsonrpc: '2.0', method: 'notifications/tasks', params });
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }
}

/** The texts of a list that a client sent, each once; undefined for what is no list. */
function strings(said: unknown): string[] | undefined {
  if (!Array.isArray(said)) return undefined;
  return [...new Set(said.filter((each) => typeof each === 'string'))].slice(0, WATCHED_MAX);
}
