// One at a time changes a checkout: two who had both looked at a file would each put theirs there, and one would be lost.
// Whoever dies in it holds up nobody.
import { SidejobError } from '../../errors.js';
import { livenessOf } from '../../process/identity.js';
import { findServer } from '../../store/servers.js';
import { applierAt, claimCheckout, releaseCheckout, type WorktreeRecord } from '../../store/worktrees.js';
import type { Engine } from '../engine.js';

/** The last of each checkout in this process, by data folder and top. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Does a work when no other one in this process changes that checkout.
 * @throws SidejobError `session_busy` where one in another process does
 */
export async function aloneIn<T>(engine: Engine, worktree: WorktreeRecord, work: () => Promise<T>): Promise<T> {
  const key = `${engine.paths.home}\0${worktree.top}`;
  const before = queues.get(key) ?? Promise.resolve();
  const turn = before.catch(() => {}).then(() => claimed(engine, worktree, work));
  queues.set(key, turn);
  try {
    return await turn;
  } finally {
    if (queues.get(key) === turn) queues.delete(key);
  }
}

async function claimed<T>(engine: Engine, { id, top }: WorktreeRecord, work: () => Promise<T>): Promise<T> {
  const { store, server } = engine;
  const holder = applierAt(store, top);
  const isTaken = holder !== undefined && (await isAlive(engine, holder));
  const claim = () => {
    engine.register();
    return claimCheckout(store, { id, top }, server.id, holder);
  };
  if (isTaken || !(await store.write(claim))) {
    throw new SidejobError(
      'session_busy',
      `something else is being applied to ${top} this moment.`,
      'Try again in a moment. Nothing was applied.',
    );
  }
  try {
    return await work();
  } finally {
    await store.write(() => releaseCheckout(store, id, server.id));
  }
}

/** Of this process, only what has gone wrong before can be left: its own take turns. */
async function isAlive(engine: Engine, id: string): Promise<boolean> {
  const known = id === engine.server.id ? undefined : findServer(engine.store, id);
  if (!known) return false;
  return (await livenessOf({ host: known.host, pid: known.pid, start: known.pidStart }, engine.host)) === 'alive';
}
