// A job manager on a folder of its own, with one provider whose "CLI" is /bin/sh: the prompt is the script.
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { resolvePaths } from '../../src/config/paths.js';
import type { Engine } from '../../src/jobs/engine.js';
import { openJobManager } from '../../src/jobs/manager.js';
import type { JobRequest } from '../../src/jobs/request.js';
import { submitJob } from '../../src/jobs/submit.js';
import { waitForJobs } from '../../src/jobs/wait.js';
import { Secrets } from '../../src/output/secrets/secrets.js';
import type { Provider } from '../../src/providers/provider.js';
import { activeJobs } from '../../src/store/jobs.js';
import type { JobRecord } from '../../src/store/record.js';
import { processesOf, processesWith, signal } from './processes.js';
import { inlineScan } from './secrets.js';
import { tempFolder } from './temp-folder.js';
import { until } from './until.js';

/** Prints JSON lines of its own: `{"answer": …}`, `{"usage": {…}}`, `{"error": …}`, `{"fatal": …}`, `{"end": "ok"}`. */
export const shell: Provider = {
  name: 'shell',
  title: 'A shell',
  vendor: 'test',
  clients: [],
  command: 'sh',
  install: 'it is there',
  login: 'none needed',
  loginEnv: ['SHELL_LOGIN'],
  logins: [],
  dropEnv: ['SHELL_GUARD'],
  accessLevels: ['read-only', 'edit'],
  effortLevels: [],
  systemPrompt: false,
  sessionId: 'reported',
  extras: [],
  models: [],
  needles: [],
  tailHoldsAnswer: true,
  invoke: ({ resume, sessionId }) => ({ args: ['-s', ...(resume ? [sessionId ?? ''] : [])], env: {} }),
  read(record) {
    if (typeof record.answer === 'string') return [{ type: 'answer', text: record.answer }];
    if (typeof record.session === 'string') return [{ type: 'session', sessionId: record.session }];
    if (typeof record.tool === 'string') return [{ type: 'tool', name: 'tool', summary: record.tool }];
    if (record.usage) return [{ type: 'usage', usage: record.usage }];
    if (typeof record.limit === 'number') return [{ type: 'limit', resetsAt: record.limit }];
    if (typeof record.error === 'string') return [{ type: 'error', kind: 'rate_limited', message: record.error }];
    if (typeof record.fatal === 'string') {
      return [{ type: 'retry', kind: 'auth_required', message: record.fatal, fatal: true }];
    }
    return record.end === 'ok' || record.end === 'error' ? [{ type: 'end', ok: record.end === 'ok' }] : [];
  },
};

/** A script that answers and ends well. */
export const answering = (answer: string) => `echo '{"answer":"${answer}"}'; echo '{"end":"ok"}'`;

export interface TestEngine {
  engine: Engine;
  home: string;
  submit(prompt: string, request?: Partial<JobRequest>): Promise<JobRecord>;
  /** The record once the job has ended. */
  ended(job: JobRecord, ms?: number): Promise<JobRecord>;
  close(): void;
}

/** Opens a job manager; everything that is left of its jobs is ended after the test. */
export async function testEngine(options: { home?: string; env?: NodeJS.ProcessEnv } = {}): Promise<TestEngine> {
  const home = options.home ?? join(await tempFolder(), 'home');
  const env = {
    ...{ PATH: process.env.PATH, HOME: home, SIDEJOB_HOME: home, SIDEJOB_GRACE_SEC: '1' },
    // Every test's own folders.
    SIDEJOB_ROOTS: await realpath(tmpdir()),
    ...options.env,
  };
  const log = { warn: () => {}, error: () => {}, debug: () => {} };
  const secrets = new Secrets(env, false, inlineScan);
  const manager = await openJobManager({ paths: resolvePaths(env), env, providers: [shell], log, secrets });
  const { engine } = manager;
  let open = true;
  const close = () => {
    if (open) manager.close();
    open = false;
  };
  onTestFinished(async () => {
    const active = open ? activeJobs(engine.store) : [];
    close();
    for (const { id } of active) await endJob(id);
    // What an ended job has left behind is a fault, and none of ours to tidy up.
    const left = () => processesWith(`SIDEJOB_HOME=${home}`);
    await until('no process of its jobs is left', async () => (await left()).length === 0, 5000);
  });
  const caller = { client: 'test', project: null };
  return {
    engine,
    home,
    close,
    submit: async (prompt, request = {}) =>
      (await submitJob(engine, caller, { kind: 'async', prompt, fresh: true, ...request }, shell)).job,
    async ended(job, ms = 10_000) {
      const [record] = await waitForJobs(engine, [job.id], { until: 'all', waitMs: ms });
      if (!record || record.finishedAt === null) throw new Error(`job ${job.id} is still ${record?.status}`);
      return record;
    },
  };
}

/** Ends a job that a test has left running; again, for what was forked meanwhile. */
function endJob(id: string): Promise<true> {
  return until(`${id} is gone`, async () => {
    const processes = await processesOf(id);
    for (const { pid } of processes) signal(pid, 'SIGKILL');
    return processes.length === 0;
  });
}
