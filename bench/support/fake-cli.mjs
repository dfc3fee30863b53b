// Programs that stand for a CLI: what they take is known, so what is measured is Sidejob's own.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The final event of Claude Code's stream, with this answer. */
export const finalEvent = (answer) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: answer, session_id: 's' });

/** Writes an executable into `folder/bin`, where a server of that folder finds it first; returns its path. */
export async function writeCli(folder, name, text) {
  await mkdir(join(folder, 'bin'), { recursive: true });
  const path = join(folder, 'bin', name);
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

/** A `claude` that answers at once. */
export const instantCli = (folder, answer = 'ok') =>
  writeCli(folder, 'claude', `#!/bin/sh\necho '${finalEvent(answer)}'\n`);
