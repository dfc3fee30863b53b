// Where a file of the user's stands that one of the CLIs reads.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { UserFile } from '../providers/provider.js';

/**
 * The path of a file, and whether a variable has moved it there.
 * @param env what the CLI gets of the environment
 * @param folder where it stands unless moved; the home folder unless given
 */
export function locate(
  { file, movedBy }: Pick<UserFile, 'file' | 'movedBy'>,
  env: NodeJS.ProcessEnv,
  folder = env.HOME ?? homedir(),
): { path: string; moved: boolean } {
  const moved = movedBy && env[movedBy.env];
  return moved ? { path: join(moved, movedBy.file), moved: true } : { path: join(folder, file), moved: false };
}
