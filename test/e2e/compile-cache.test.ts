// What Node compiles is kept with the code, so that starts are quick; never where somebody else could have put it.
import { chmod, cp, lstat, mkdir, readdir, readFile, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

const unixTest = test.skipIf(process.platform === 'win32');

/** A copy of the built program, without what was compiled of it. */
async function copyOf(
  sandbox: Sandbox,
): Promise<{ cache: string; start(env?: Record<string, string>): Promise<void> }> {
  const code = join(sandbox.root, 'code');
  await cp(dirname(SERVER), code, { recursive: true, filter: (path) => !path.endsWith('.compile-cache') });
  // Its files are modules.
  await writeFile(join(sandbox.root, 'package.json'), '{"type":"module"}');
  return {
    cache: join(code, '.compile-cache'),
    async start(env = {}) {
      const server = sandbox.server({ args: [join(code, 'sidejob.js')], env });
      await server.initialize();
      server.stdin.end();
      expect(await server.ended()).toEqual({ code: 0, signal: null });
    },
  };
}

/** Everything that was kept, in the folder that Node makes for its own version. */
async function keptIn(cache: string): Promise<Record<string, string>> {
  const [version, ...others] = await readdir(cache);
  if (version === undefined) return {};
  expect(others).toEqual([]);
  const names = await readdir(join(cache, version));
  const files = names.map(async (name) => [name, await readFile(join(cache, version, name), 'latin1')]);
  return Object.fromEntries(await Promise.all(files));
}

test('the first start keeps what was compiled, the second has nothing to add, and no one else sees it', async ({
  sandbox,
}) => {
  const { cache, start } = await copyOf(sandbox);

  await start();
  const kept = await keptIn(cache);
  await start();

  expect(Object.keys(kept).length).toBeGreaterThan(4);
  expect(await keptIn(cache)).toEqual(kept);
  if (process.platform !== 'win32') expect((await lstat(cache)).mode & 0o777).toBe(0o700);
});

test('what is damaged is compiled anew', async ({ sandbox }) => {
  const { cache, start } = await copyOf(sandbox);
  await start();
  const kept = await keptIn(cache);
  const [version = ''] = await readdir(cache);
  for (const name of Object.keys(kept)) await writeFile(join(cache, version, name), 'no code at all');

  await start();

  expect(Object.keys(await keptIn(cache))).toEqual(Object.keys(kept));
});

unixTest('a folder that others may write to, a link, and a file are not used', async ({ sandbox }) => {
  const { cache, start } = await copyOf(sandbox);
  const elsewhere = join(sandbox.root, 'elsewhere');
  await mkdir(elsewhere, { mode: 0o700 });

  await mkdir(cache);
  await chmod(cache, 0o770);
  await start();
  expect(await readdir(cache)).toEqual([]);

  await rmdir(cache);
  await symlink(elsewhere, cache);
  await start();
  expect(await readdir(elsewhere)).toEqual([]);

  await unlink(cache);
  await writeFile(cache, '');
  await start();
  expect(await readFile(cache, 'utf8')).toBe('');
});

test.for(['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'])('%s holds', async (name, { sandbox }) => {
  const { cache, start } = await copyOf(sandbox);
  const other = join(sandbox.root, 'other');

  await start({ [name]: other });

  await expect(lstat(cache)).rejects.toThrow('ENOENT');
  const made = await readdir(other).catch(() => []);
  expect(made.length).toBe(name === 'NODE_COMPILE_CACHE' ? 1 : 0);
});
