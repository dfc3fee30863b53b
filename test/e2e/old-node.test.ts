// The entry under a Node that is too old: it hands over to the pinned one, or says in one line what to install.
import { execFile } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect } from 'vitest';
import { linuxTest } from '../support/e2e.js';
import { processesWith } from '../support/processes.js';
import { SERVER } from '../support/sandbox.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

let oldNode: string | undefined;
beforeAll(async () => {
  oldNode = await findOldNode();
});

describe('under a Node that is too old', () => {
  linuxTest('the entry hands over to the pinned Node and serves', async ({ sandbox, skip }) => {
    if (!oldNode) return skip('there is no Node older than 22 on this machine');
    const server = sandbox.server({ command: oldNode });

    await server.initialize();
    const { result } = await server.callTool('llm_run', { prompt: 'hello', provider: 'demo' });

    expect(result).toMatchObject({ content: [{ text: expect.stringMatching(/^demo-\w{8} completed/) }] });
    const health = await server.data('llm_process_health');
    expect(health.pid).not.toBe(server.pid);
    expect(Number(/^v(\d+)/.exec(health.node as string)?.[1])).toBeGreaterThanOrEqual(22);
  });

  linuxTest.for(['SIGTERM', 'SIGINT'] as const)('both leave on %s', async (signal, { sandbox, skip }) => {
    if (!oldNode) return skip('there is no Node older than 22 on this machine');
    const server = sandbox.server({ command: oldNode });
    await server.initialize();

    const told = performance.now();
    server.child.kill(signal);
    await server.ended();

    expect(performance.now() - told).toBeLessThan(1000);
    await until('both are gone', async () => (await processesWith(`SIDEJOB_HOME=${sandbox.home}`)).length === 0, 1000);
  });

  linuxTest('both leave at the end of stdin', async ({ sandbox, skip }) => {
    if (!oldNode) return skip('there is no Node older than 22 on this machine');
    const server = sandbox.server({ command: oldNode });
    await server.initialize();

    server.stdin.end();

    expect(await server.ended(1000)).toEqual({ code: 0, signal: null });
    expect(await processesWith(`SIDEJOB_HOME=${sandbox.home}`)).toEqual([]);
  });

  linuxTest(
    'without a pinned one it says what to install, in one line, and exits with 1',
    async ({ sandbox, skip }) => {
      if (!oldNode) return skip('there is no Node older than 22 on this machine');
      const alone = join(sandbox.root, 'dist');
      await cp(dirname(SERVER), alone, { recursive: true });
      const server = sandbox.server({ command: oldNode, args: [join(alone, 'sidejob.js')] });

      expect(await server.ended()).toEqual({ code: 1, signal: null });

      expect(server.stderr).toMatch(/^sidejob needs Node\.js 22\.\d+ or newer; this is \d+\.\d+\.\d+\. Install .*\n$/);
      expect(server.stderr.trimEnd()).not.toContain('\n');
      expect(server.lines).toEqual([]);
      expect(await readdir(sandbox.root)).not.toContain('data');
    },
  );
});

/** The first Node on the machine's PATH, or in the places where one usually is, that is older than 22. */
async function findOldNode(): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin', '/opt/node20/bin'];
  for (const folder of new Set(folders.filter(Boolean))) {
    const node = join(folder, 'node');
    const version = await run(node, ['--version']).catch(() => undefined);
    const major = Number(/^v(\d+)/.exec(version?.stdout ?? '')?.[1]);
    if (major < 22) return node;
  }
  return undefined;
}
