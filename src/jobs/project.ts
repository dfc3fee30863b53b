// The project a client works in: where its jobs work by default, and whose unread jobs it is told of.
import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const MARKS = ['.git', '.hg', '.jj', 'package.json', 'pyproject.toml', 'Cargo.toml', 'go.mod'];

/**
 * The client's project: as it says itself, else the project around the server's own folder; null where there is
 * none (desktop clients start their servers in / or in the home folder).
 */
export async function findProject(env: NodeJS.ProcessEnv, cwd: string, home: string): Promise<string | null> {
  // One name for one folder: jobs are found by it, from every client.
  const said = env.CLAUDE_PROJECT_DIR;
  if (said) {
    const folder = await realpath(said).catch(() => said);
    // The whole disk is nobody's project.
    return folder === '/' ? null : folder;
  }
  for (let folder = cwd; folder !== dirname(folder) && folder !== home; folder = dirname(folder)) {
    for (const mark of MARKS) {
      if (await stat(join(folder, mark)).catch(() => undefined)) return folder;
    }
  }
  return null;
}
