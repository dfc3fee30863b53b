// A job manager beside a git repository, for jobs in worktrees of their own.
import { existsSync, readdirSync } from 'node:fs';
import { findJob } from '../../src/store/jobs.js';
import type { JobRecord } from '../../src/store/record.js';
import { findWorktree, type WorktreeRecord } from '../../src/store/worktrees.js';
import { answering, type TestEngine, testEngine } from './engine.js';
import { GIT_ENV, type TestRepository, testRepository } from './repository.js';
import { until } from './until.js';

export interface Isolated extends TestEngine {
  repository: TestRepository;
  /** Runs a script in a worktree of its own, and waits for its end. */
  done(script: string, request?: Parameters<TestEngine['submit']>[1]): Promise<JobRecord>;
  worktree(job: JobRecord): WorktreeRecord;
  /** The files of its worktree folder; what is there at all. */
  left(): string[];
}

export async function isolatedEngine(
  files: Record<string, string> = { 'a.txt': 'one\n', 'dir/b.txt': 'two\n' },
  env: NodeJS.ProcessEnv = {},
): Promise<Isolated> {
  const repository = await testRepository(files);
  return around(repository, await testEngine({ env: { ...GIT_ENV, ...env } }));
}

export function around(repository: TestRepository, server: TestEngine): Isolated {
  const { engine } = server;
  return {
    ...server,
    repository,
    async done(script, request = {}) {
      const job = await server.submit(`${script}\n${answering('done')}`, {
        ...{ access: 'edit', cwd: repository.folder, isolate: true },
        ...request,
      });
      const ended = await server.ended(job);
      await until('its work is told', () => findWorktree(engine.store, job.worktree ?? '')?.tip !== null);
      return findJob(engine.store, ended.id) ?? ended;
    },
    worktree: (job) => findWorktree(engine.store, job.worktree ?? '') as WorktreeRecord,
    left: () => (existsSync(engine.paths.worktrees) ? readdirSync(engine.paths.worktrees).sort() : []),
  };
}
