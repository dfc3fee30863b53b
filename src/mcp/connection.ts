// What is remembered of one connection: whether its client has listed the jobs, and of which it wants to hear.
import type { Server } from '@modelcontextprotocol/server';
import type { Session } from './session.js';

/** Tools whose call may have made the list of jobs longer. */
const ADDING = ['llm_run', 'llm_job_submit'];

export class Connection {
  /** By the resource subscribed to; aborted when the client wants to hear no more. */
  readonly subscriptions = new Map<string, AbortController>();
  #hasListed = false;

  constructor(
    readonly server: Server,
    readonly session: Session,
  ) {}

  /** The client has listed the jobs as resources. */
  noteListing(): void {
    this.#hasListed = true;
  }

  /** A tool has been called: a client that has listed the jobs learns that there are new ones. */
  noteCall(tool: string): void {
    if (!this.#hasListed || !ADDING.includes(tool)) return;
    // Once is enough, until it has listed them anew.
    this.#hasListed = false;
    void this.server.sendResourceListChanged().catch(() => {});
  }

  close(): void {
    for (const over of this.subscriptions.values()) over.abort();
  }
}
