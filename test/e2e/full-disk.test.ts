// A disk with no room: new jobs are refused with a clear error, and no old one is lost. The data folder is a
// small tmpfs in a mount namespace of its own.
import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Assistant } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

// Mounting needs a privilege that not every machine gives; CI's has it.
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

/** A server whose data folder is a tmpfs of so many megabytes. */
async function onSmallDisk(sandbox: Sandbox, megabytes: number, env: Record<string, string>): Promise<Assistant> {
  await mkdir(sandbox.home, { recursive: true });
  const mount = `mount -t tmpfs -o mode=700,size=${megabytes}m tmpfs "$SIDEJOB_HOME" && exec "$0" "$1"`;
  return sandbox.assistant({
    command: 'unshare',
    args: ['-m', '/bin/sh', '-c', mount, process.execPath, SERVER],
    env: { PATH: `${sandbox.bin}:/usr/bin:/bin:/usr/sbin:/sbin`, ...env },
  });
}

test.skipIf(!canMount)('too little room: refused before anything is started', async ({ sandbox }) => {
  const assistant = await onSmallDisk(sandbox, 20, { SIDEJOB_MIN_FREE_MB: '50' });
  const refused = await assistant.call('llm_job_submit', { prompt: 'x', provider: 'claude' });
  expect(refused).toMatchObject({ isError: true });
  expect(refused.text).toMatch(/^disk_full: .* has \d+ MB free; 50 MB are needed .* Nothing was started\.$/);
  expect((await assistant.call('llm_process_health')).text).toMatch(/warning: \d+ MB free/);
});

test.skipIf(!canMount)('a job that fills the disk ends truthfully, and no earlier one is lost', async ({ sandbox }) => {
  const assistant = await onSmallDisk(sandbox, 12, { SIDEJOB_MIN_FREE_MB: '0' });
  const earlier = await assistant.submit(asks({ say: 'kept' }));
  expect(await assistant.ended(earlier)).toMatchObject({ status: 'completed' });

  const filler = await assistant.submit(asks({ print: 50 * 1024 * 1024 }));
  // It has ended, but there is no room to record it: that is said, and nothing is made up.
  const waited = await assistant.call('llm_job_wait', { jobId: filler, waitSec: 30 });
  expect(waited).toMatchObject({ isError: true });
  expect(waited.text).toMatch(/^store_unavailable: .* the disk is full .* no job was lost\.$/);

  const refused = await assistant.call('llm_job_submit', { prompt: 'x'.repeat(3_000_000), provider: 'claude' });
  expect(refused.isError).toBe(true);
  expect(refused.text).toMatch(/^disk_full: .*Nothing was started\.$/s);
  expect((await assistant.call('llm_job_result', { jobId: earlier })).text).toContain('kept');
  expect((await assistant.call('llm_process_health')).text).toMatch(/^ok: /);

  // Room again: the exit status, which had its place reserved, was kept all the while.
  await rm(`/proc/${assistant.pid}/root${sandbox.home}/jobs/${filler}/stdout`);
  const full = await assistant.ended(filler);
  expect(full).toMatchObject({ status: 'failed', reason: 'exit_code' });
  expect(full.exitCode).toBeGreaterThan(0);
});
