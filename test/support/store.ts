// A store of its own for one test, and jobs to put into it.
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { NewJob } from '../../src/store/record.js';
import { registerServer } from '../../src/store/servers.js';
import { Store } from '../../src/store/store.js';
import { insertJob } from '../../src/store/transitions.js';
import { tempFolder } from './temp-folder.js';

export async function openStore(folder?: string): Promise<Store> {
  const home = folder ?? (await tempFolder());
  const store = await Store.open(join(home, 'store.db'), join(home, 'bell'));
  onTestFinished(() => store.close());
  return store;
}

export function newJob(id: string, more: Partial<NewJob> = {}): NewJob {
  return {
    ...{ id, kind: 'async', provider: 'shell', model: null, effort: null, access: 'read-only', systemPrompt: null },
    ...{
      outputSchema: null,
      cwd: '/',
      isolate: null,
      worktree: null,
      label: null,
      promptBytes: 1,
      client: 'c',
      project: '/p',
      parentId: null,
    },
    ...{
      chainId: id,
      depth: 1,
      sessionId: null,
      resume: 0,
      groupId: null,
      role: null,
      requestKey: id,
      dedupeKey: null,
      loginKey: '',
    },
    ...{
      login: null,
      chain: null,
      notBefore: null,
      priority: 0,
      timeoutSec: 1,
      idleTimeoutSec: null,
      owner: 's',
      createdAt: 1,
    },
    ...more,
  } as NewJob;
}

/** Records these jobs, of a server `s` on the host `m/b/n`. */
export async function withJobs(store: Store, ...ids: string[]): Promise<void> {
  await store.write(() => {
    registerServer(store, { id: 's', host: 'm/b/n', pid: 1, pidStart: '1', startedAt: 1 });
    for (const id of ids) insertJob(store, newJob(id));
  });
}
