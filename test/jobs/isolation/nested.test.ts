// Jobs that an isolated job starts: they work in its worktree, and no further.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { applyWork } from '../../../src/jobs/isolation/apply.js';
import { checkMayChange } from '../../../src/jobs/isolation/may.js';
import { runFolder } from '../../../src/jobs/isolation/places.js';
import type { JobRequest } from '../../../src/jobs/request.js';
import { submitJob } from '../../../src/jobs/submit.js';
import type { JobRecord } from '../../../src/store/record.js';
import { findWorktree } from '../../../src/store/worktrees.js';
import { answering, shell, type TestEngine, testEngine } from '../../support/engine.js';
import { type Isolated, isolatedEngine } from '../../support/isolation.js';
import { GIT_ENV } from '../../support/repository.js';
import { until } from '../../support/until.js';

let server: Isolated;
let outer: JobRecord;
let folder: string;
let inside: TestEngine;

beforeEach(async () => {
  // Roots that the data folder is not in.
  server = await isolatedEngine();
  outer = await server.submit('echo mine > mine; sleep 60', {
    ...{ access: 'edit', cwd: server.repository.folder, isolate: true },
  });
  folder = runFolder(server.engine, outer);
  await until('it works', () => existsSync(join(folder, 'mine')));
  inside = await testEngine({
    home: server.home,
    env: {
      ...GIT_ENV,
      SIDEJOB_ROOTS: server.repository.folder,
      SIDEJOB_JOB_ID: outer.id,
      SIDEJOB_DEPTH: '1',
      SIDEJOB_MAX_DEPTH: '3',
    },
  });
});

async function submit(request: Partial<JobRequest>, project: string | null = folder): Promise<JobRecord> {
  const caller = { client: 'inner', project };
  const asked = {
    kind: 'async',
    prompt: `cat mine > seen 2>/dev/null; ${answering('x')}`,
    fresh: true,
    ...request,
  } as const;
  return (await submitJob(inside.engine, caller, asked, shell)).job;
}

test('a question works in the worktree, though it is in the data folder', async () => {
  const job = await inside.ended(await submit({}));
  expect(job).toMatchObject({ status: 'completed', cwd: folder, depth: 2 });
});

test('nothing else of the data folder is open to it, nor the worktree of another', async () => {
  const other = await server.done('echo x > x');
  const closed = [
    server.home,
    join(server.home, 'jobs'),
    server.engine.paths.worktrees,
    runFolder(server.engine, other),
  ];
  for (const cwd of closed) await expect(submit({ cwd })).rejects.toMatchObject({ code: 'outside_roots' });
  await expect(submit({ cwd: runFolder(server.engine, other) }, runFolder(server.engine, other))).rejects.toMatchObject(
    {
      code: 'outside_roots',
    },
  );
});

test('an edit of its own is isolated from the worktree, and applied there alone', async () => {
  await writeFile(join(folder, 'later'), 'later\n');
  const job = await submit({
    access: 'edit',
    isolate: 'with-changes',
    prompt: `cat mine later > both; ${answering('x')}`,
  });
  await inside.ended(job);
  const worktree = () => findWorktree(inside.engine.store, job.id);
  await until('its work is told', () => worktree()?.tip !== null);
  expect(worktree()).toMatchObject({ top: folder, commonDir: join(server.repository.folder, '.git') });
  await expect(checkMayChange(inside.engine, worktree() as never)).resolves.toBeUndefined();
  await applyWork(inside.engine, job);
  expect(await readFile(join(folder, 'both'), 'utf8')).toBe('mine\nlater\n');
  expect(existsSync(join(server.repository.folder, 'both'))).toBe(false);

  const beside = await server.done('echo x > x');
  await expect(checkMayChange(inside.engine, server.worktree(beside))).rejects.toMatchObject({ code: 'access_denied' });
});

test('settings that lie in the worktree alone are not trusted more than those of the folder', async () => {
  const { repository } = server;
  await mkdir(join(repository.folder, 'sub'));
  await repository.commit({ 'sub/.claude/settings.json': '{}', 'sub/file': 'x\n' });
  const { invocationOf } = await import('../../../src/jobs/invocation.js');
  const seen: boolean[] = [];
  const looking = {
    ...shell,
    invoke: ({ trusted }: { trusted: boolean }) => {
      seen.push(trusted);
      return { args: [], env: {} };
    },
  };
  const job = { ...outer, cwd: join(repository.folder, 'sub'), project: repository.folder };
  const there = join(folder, 'sub');
  await mkdir(there, { recursive: true });
  await invocationOf(server.engine, job, looking as never, there);
  await writeFile(join(there, '.mcp.json'), '{}');
  const { rm } = await import('node:fs/promises');
  await rm(join(repository.folder, 'sub/.claude'), { recursive: true });
  await invocationOf(server.engine, job, looking as never, there);
  await rm(join(there, '.mcp.json'));
  await invocationOf(server.engine, job, looking as never, there);
  expect(seen).toEqual([false, false, true]);
});
