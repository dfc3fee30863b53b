// What a server has loaded when: nothing before the first request that needs it. A change in the snapshot is a change
// somebody looked at.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';

const PROBE = fileURLToPath(new URL('../../bench/support/loads-probe.mjs', import.meta.url));
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

/** The modules that each file of the build is made of. */
const MODULES: Record<string, string[]> = JSON.parse(await readFile(`${DIST}modules.json`, 'utf8'));

/** Our modules by their path, those of others by their package. */
function named(path: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
}

/** A server's environment, and what it has loaded since one asked before: `src/` modules, and packages. */
function watched(sandbox: Sandbox) {
  const file = join(sandbox.root, 'loads');
  const seen = new Set<string>();
  return {
    env: { NODE_OPTIONS: `--import=${PROBE}`, LOADS_FILE: file },
    async loaded(): Promise<string[]> {
      const urls = (await readFile(file, 'utf8')).trim().split('\n');
      const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
      const modules = files.filter((path) => path !== PROBE).flatMap((path) => MODULES[relative(DIST, path)] ?? [path]);
      const fresh = new Set(modules.map(named).filter((name) => !seen.has(name)));
      for (const name of fresh) seen.add(name);
      return [...fresh].sort();
    },
  };
}

test.for(['initialize', 'server/discover'] as const)('before the first answer, to %s', async (opening, { sandbox }) => {
  const watch = watched(sandbox);
  const server = sandbox.server({ env: watch.env });

  if (opening === 'initialize') await server.initialize();
  else await server.request(opening, { _meta: META });

  await expect(`${(await watch.loaded()).join('\n')}\n`).toMatchFileSnapshot('__snapshots__/loaded-at-start.txt');
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The heaviest parts, and the request with which each comes; `never` in what is asked below. */
const HEAVY = {
  'src/mcp/prompts.ts': 'prompts/list',
  // Jobs can be listed as resources, too. The files of the build hold what is mostly needed together.
  'src/policy/gate.ts': 'resources/list',
  'src/mcp/registry.ts': 'resources/list',
  'src/jobs/manager.ts': 'resources/list',
  'src/providers/registry.ts': 'resources/list',
  // In a thread of its own.
  'src/output/secrets/secrets-worker.ts': 'llm_job_list',
  'better-sqlite3': 'llm_job_list',
  execa: 'llm_run',
  // The configuration's format, where there is one; the policy's, its patterns, its schema.
  'smol-toml': 'never',
  'jsonc-parser': 'never',
  re2js: 'never',
  '@cfworker/json-schema': 'never',
  // The log, of which nothing is written.
  pino: 'never',
  'src/cli/command.ts': 'never',
};

test('each heavy part comes with the first request that needs it', async ({ sandbox }) => {
  const watch = watched(sandbox);
  const server = sandbox.server({ env: watch.env });
  await server.initialize();
  const asked: [string, () => Promise<unknown>][] = [
    ['prompts/list', () => server.request('prompts/list')],
    ['tools/list', () => server.request('tools/list')],
    ['resources/list', () => server.request('resources/list')],
    ['llm_job_list', () => server.callTool('llm_job_list')],
    ['llm_run', () => server.callTool('llm_run', { prompt: 'hello', provider: 'claude' })],
  ];
  const when = new Map((await watch.loaded()).map((name) => [name, 'the start']));
  for (const [request, ask] of asked) {
    await ask();
    for (const name of await watch.loaded()) when.set(name, request);
  }

  const found = Object.keys(HEAVY).map((name) => [name, when.get(name) ?? 'never']);
  expect(Object.fromEntries(found)).toEqual(HEAVY);
});

test.for([[['--version']], [['list']], [['run', '-p', 'demo', 'hello']]] as const)(
  'no command loads the protocol: %s',
  async ([args], { sandbox }) => {
    const watch = watched(sandbox);

    const running = promisify(execFile)(process.execPath, [`${DIST}sidejob.js`, ...args], {
      cwd: sandbox.project,
      env: { ...sandbox.env, ...watch.env },
    });
    running.child.stdin?.end();
    await running;

    const loaded = await watch.loaded();
    expect(loaded).toContain('src/cli/command.ts');
    expect(loaded).not.toContain('@modelcontextprotocol/server');
  },
);
