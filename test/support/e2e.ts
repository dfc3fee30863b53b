// Every end-to-end test: vitest's, with a sandbox that is taken down after it.
import { test as base } from 'vitest';
import { Sandbox } from './sandbox.js';

export const test = base.extend('sandbox', async ({ task }, { onCleanup }) => {
  const sandbox = await Sandbox.create();
  onCleanup(async () => {
    if (task.result?.state === 'fail' && sandbox.stderr) console.error(sandbox.stderr);
    await sandbox.dispose();
  });
  return sandbox;
});

/** For tests that look into /proc, at the processes of a job or the memory of a server. */
export const linuxTest = test.skipIf(process.platform !== 'linux');
