// A data folder that cannot be written: a clear error on each call that needs it, and health still answers. Root
// may write everywhere, so the server runs as nobody.
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const isRoot = process.getuid?.() === 0;
const canDrop = !isRoot || spawnSync('setpriv', [...AS_NOBODY, process.execPath, SERVER, '--version']).status === 0;

/** A server of somebody who may not write to a folder of mode 0500. */
async function powerless(sandbox: Sandbox, home: string) {
  const run = [process.execPath, SERVER];
  return sandbox.assistant({
    command: isRoot ? 'setpriv' : process.execPath,
    args: isRoot ? [...AS_NOBODY, ...run] : run.slice(1),
    env: { SIDEJOB_HOME: home, PATH: `${sandbox.bin}:/usr/bin:/bin` },
    cwd: '/',
  });
}

test.skipIf(!canDrop)('a data folder that may not be written is told as such', async ({ sandbox }) => {
  const open = await mkdtemp(join(tmpdir(), 'sidejob-shut-'));
  onTestFinished(() => rm(open, { recursive: true, force: true }));
  await chmod(open, 0o755);
  const home = join(open, 'home');
  await mkdir(home, { mode: 0o555 });
  if (isRoot) await chown(home, 65534, 65534);

  const assistant = await powerless(sandbox, home);
  for (const [tool, args] of [
    ['llm_job_submit', { prompt: 'x', provider: 'demo' }],
    ['llm_job_list', {}],
    ['llm_providers', {}],
  ] as const) {
    const reply = await assistant.call(tool, args);
    expect(reply.isError, tool).toBe(true);
    expect(reply.text).toMatch(/^store_unavailable: .*it cannot be written .* Check its owner\.$/);
  }
  const health = await assistant.call('llm_process_health');
  expect(health).toMatchObject({ isError: false, data: { ok: false } });
  expect(health.text).toMatch(/^not ok: .*cannot be written/s);
});
