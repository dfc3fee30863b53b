// What a job costs where nothing is around it: the same launcher on the same files, and one commit of the same SQLite.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { environment } from './servers.mjs';

const LAUNCHER = fileURLToPath(new URL('../../dist/launcher.sh', import.meta.url));
/** As long as that of a job that names none, with what the launcher leaves to a living server. */
const TIMEOUT_SEC = 3603;
const GRACE_SEC = 5;

/**
 * Makes a job's files, spawns the launcher as a server does, and lets it go.
 * @returns {{ spawnMs: number, ended: Promise<void> }} how long the call of `spawn` took; resolves at the launcher's end
 */
export function bareJob(folder, name, command) {
  const at = (file) => join(folder, 'bare', name, file);
  mkdirSync(at('tmp'), { recursive: true });
  writeFileSync(at('prompt'), name);
  for (const file of ['exit', 'deadline']) writeFileSync(at(file), ' '.repeat(8));
  const opened = ['prompt', 'stdout', 'launcher.log', 'stderr'].map((file) =>
    openSync(at(file), file === 'prompt' ? 'r' : 'a'),
  );
  const begun = performance.now();
  const child = spawn(
    '/bin/sh',
    [LAUNCHER, at('exit'), at('deadline'), `${TIMEOUT_SEC}`, `${GRACE_SEC}`, folder, command],
    { stdio: [...opened, 'pipe'], cwd: folder, env: environment(folder), detached: true },
  );
  const spawnMs = performance.now() - begun;
  for (const file of opened) closeSync(file);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdio[4].end('go\n');
  return { spawnMs, ended };
}

/** Opens a store in the same folder; `commit` writes one row as large as a job's, on the disk when it returns. */
export function bareStore(folder) {
  const db = new Database(join(folder, 'bare.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE job (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, record TEXT)');
  const insert = db.prepare('INSERT INTO job (id, record) VALUES (?, ?)');
  const record = 'x'.repeat(600);
  return { commit: (id) => insert.run(id, record), close: () => db.close() };
}
