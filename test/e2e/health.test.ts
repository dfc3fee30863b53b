// llm_process_health: the state of the job manager, and where every setting comes from.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SCHEMA_VERSION } from '../../src/store/open.js';
import { test } from '../support/e2e.js';
import { asks } from '../support/steps.js';

test('it counts jobs, places and servers, and says where the store is', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const other = await sandbox.assistant();
  const running = await other.submit(asks({ forever: true }));
  await assistant.ended(await assistant.submit('hello'));
  await assistant.ended(await assistant.submit(asks({ exit: 1 }), { provider: 'codex' }));

  const health = await assistant.data('llm_process_health');

  expect(health).toMatchObject({
    ...{ ok: true, version: '0.1.0', pid: assistant.pid, uptimeSec: expect.any(Number), warnings: [] },
    jobs: { queued: 0, running: 1, completed: 1, failed: 1, canceled: 0, orphaned: 0, adoptedHere: 0 },
    queue: { waiting: 0, running: 1, maxRunning: 8, maxRunningPerProvider: 4, byProvider: { claude: 1 } },
    store: {
      ...{ home: sandbox.home, path: join(sandbox.home, 'store.db') },
      ...{ schemaVersion: SCHEMA_VERSION, journalMode: 'wal' },
    },
  });
  await other.call('llm_job_cancel', { jobId: running });
});

test('each setting says where it comes from; keys are not shown', async ({ sandbox }) => {
  await mkdir(sandbox.home);
  const file = join(sandbox.home, 'config.toml');
  await writeFile(file, 'maxRunning = 3\ntimeoutSec = 60\n[providers.claude.env.set]\nANTHROPIC_API_KEY = "secret"\n');
  const assistant = await sandbox.assistant({ env: { SIDEJOB_TIMEOUT_SEC: '90' } });

  const { config } = await assistant.data('llm_process_health');

  expect(config).toMatchObject({
    file,
    settings: {
      maxRunning: { value: 3, origin: file },
      timeoutSec: { value: 90, origin: 'SIDEJOB_TIMEOUT_SEC' },
      graceSec: { value: 1, origin: 'SIDEJOB_GRACE_SEC' },
      maxQueued: { value: 500, origin: 'default' },
    },
    providers: { claude: { env: { set: ['ANTHROPIC_API_KEY'] } } },
  });
  expect(JSON.stringify(config)).not.toContain('secret');
});

test('what the machine’s owner has capped is refused, and depth is counted', async ({ sandbox }) => {
  const capped = await sandbox.assistant({ env: { SIDEJOB_MAX_ACCESS: 'read-only' } });
  const edit = await capped.call('llm_job_submit', { prompt: 'hi', provider: 'claude', access: 'edit' });
  expect(edit.text).toMatch(/^access_denied: access "edit" is beyond this machine's cap "read-only" \(maxAccess\)\. /);

  const deep = await sandbox.assistant({ env: { SIDEJOB_DEPTH: '2' } });
  const third = await deep.call('llm_run', { prompt: 'hi', provider: 'claude' });
  expect(third.text).toMatch(/^too_deep: this runs inside a job at depth 2, and maxDepth is 2\. /);
});
