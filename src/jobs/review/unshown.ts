// Which changed files a reviewer is only told of: what no one reads line by line, and what must not be passed on.
import { posix } from 'node:path';

/** A file beyond that is named only. */
const FILE_MAX_BYTES = 1024 * 1024;

const LOCK_FILES = new Set(
  `package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock Cargo.lock go.sum go.work.sum
  poetry.lock uv.lock pdm.lock Pipfile.lock composer.lock Gemfile.lock mix.lock pubspec.lock Podfile.lock flake.lock
  Package.resolved gradle.lockfile packages.lock.json`.split(/\s+/),
);
const GENERATED = /\.min\.(?:js|css)$|\.(?:js|css)\.map$/;
const SECRET =
  /^\.env(?:\.(?!example$|sample$|template$).*)?$|^\.(?:netrc|npmrc|pypirc|pgpass)$|^id_(?:rsa|dsa|ecdsa|ed25519)$|\.(?:pem|key|p12|pfx|jks|keystore)$|^credentials(?:\.json)?$/;

/**
 * Why a file is named and not shown; undefined if it is shown.
 * @param bytes its size, as far as there is one
 */
export function whyUnshown(path: string, bytes: number, isTracked: boolean): string | undefined {
  const name = posix.basename(path);
  if (LOCK_FILES.has(name)) return 'a lock file';
  if (GENERATED.test(name)) return 'generated';
  // What is in the repository has been passed on already.
  if (!isTracked && SECRET.test(name)) return 'it may hold secrets, and is not in the repository';
  if (bytes > FILE_MAX_BYTES) return `large, ${bytes} bytes`;
  return undefined;
}
