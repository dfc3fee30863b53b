// A clone of HEAD, and the packages that are made in it: what is not committed cannot be in them.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeBundle } from './bundle.mjs';
import { run } from './machine.mjs';

export async function hasUncommitted(root) {
  return (await run('git', ['-C', root, 'status', '--porcelain'])).stdout !== '';
}

/** @returns a temporary folder with a clone of HEAD */
export async function cloneOf(root) {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'sidejob-tree-')));
  await run('git', ['clone', '--quiet', root, path]);
  return path;
}

/** Installs, builds and packs in a clone. Scripts of others do not run; our own `prepack` does. */
export async function makePackages(path) {
  // Not the repo's own npm settings, which `npm run` hands on.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(inherited), PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const npm = (...args) =>
    run('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: path,
      env,
      maxBuffer: 16 * 1024 * 1024,
    });
  await npm('ci', '--ignore-scripts');
  const packed = JSON.parse((await npm('pack', '--json')).stdout.replace(/^[^[{]*(?=[[{]\s*["{])/, ''));
  const [facts] = Object.values(packed);
  const bundle = await makeBundle(path);
  const sha256 = createHash('sha256')
    .update(await readFile(bundle))
    .digest('hex');
  const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
  return { tarball: join(path, facts.filename), facts, bundle, bundleName: basename(bundle), sha256, manifest };
}
