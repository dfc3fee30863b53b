// A git repository for a test, whatever the machine's own settings are.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempFolder } from './temp-folder.js';

/** What git is run with: no settings of the machine's or the user's. */
export const GIT_ENV = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export interface TestRepository {
  folder: string;
  git(...args: string[]): string;
  /** Writes files, and commits them all. */
  commit(files: Record<string, string | Buffer>): Promise<string>;
  write(files: Record<string, string | Buffer>): Promise<void>;
}

export function repositoryAt(folder: string): TestRepository {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      env: GIT_ENV,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trimEnd();
  const write = async (files: Record<string, string | Buffer>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  };
  return {
    folder,
    git,
    write,
    async commit(files) {
      await write(files);
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', 'a change');
      return git('rev-parse', 'HEAD');
    },
  };
}

/** A new one, with these files committed; in a folder of its own, or in that. */
export async function testRepository(
  files: Record<string, string | Buffer> = {},
  folder?: string,
): Promise<TestRepository> {
  const repository = repositoryAt(folder ?? (await tempFolder()));
  repository.git('init', '-q', '-b', 'main');
  await repository.commit(files);
  return repository;
}

/** Has everything in it that a repository can name leave a marker when it is run. */
export async function makeHostile(repository: TestRepository, marker: string): Promise<void> {
  const command = join(repository.folder, '.git/evil.sh');
  await writeFile(command, `#!/bin/sh\necho "$0 $*" >> '${marker}'\ncat\n`, { mode: 0o755 });
  const hooks = [
    'pre-commit',
    'post-checkout',
    'post-index-change',
    'reference-transaction',
    'post-commit',
    'post-merge',
  ];
  await mkdir(join(repository.folder, '.git/hooks'), { recursive: true });
  for (const hook of hooks) {
    await writeFile(join(repository.folder, '.git/hooks', hook), `#!/bin/sh\necho ${hook} >> '${marker}'\n`, {
      mode: 0o755,
    });
  }
  const settings = {
    'core.fsmonitor': command,
    'core.pager': command,
    'core.editor': command,
    'core.sshCommand': command,
    'diff.external': command,
    'diff.evil.textconv': command,
    'diff.evil.command': command,
    'filter.evil=x.clean': command,
    'filter.evil.clean': command,
    'filter.evil.smudge': command,
    'filter.evil.process': command,
    'filter.evil.required': 'true',
    'merge.evil.driver': command,
    'commit.gpgSign': 'true',
    'gpg.program': command,
  };
  for (const [name, value] of Object.entries(settings)) repository.git('config', name, value);
  await repository.write({ '.git/info/attributes': '* filter=evil diff=evil merge=evil\n' });
}
