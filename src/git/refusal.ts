// What git says when it refuses, in words that tell what to do.
import { SidejobError } from '../errors.js';

const KNOWN: [RegExp, (cwd: string) => SidejobError][] = [
  [
    /dubious ownership/,
    (cwd) =>
      new SidejobError(
        'no_repository',
        `${cwd} belongs to another user, so git does not trust it.`,
        `Its owner may allow it: git config --global --add safe.directory ${JSON.stringify(cwd)}.`,
      ),
  ],
  [
    /not a git repository|must be run in a work tree/,
    (cwd) => new SidejobError('no_repository', `${cwd} is in no git repository.`, 'Name a folder in one.'),
  ],
  [
    /unknown option|unknown switch|is not a git command|^usage: /m,
    () => new SidejobError('git_failed', 'this git is too old.', 'Install git 2.38 or newer.'),
  ],
  [
    /No space left on device/,
    (cwd) => new SidejobError('disk_full', `there is no room for git in ${cwd}.`, 'Free some space.'),
  ],
  [
    /[Pp]ermission denied|insufficient permission|Read-only file system/,
    (cwd) => new SidejobError('git_failed', `git may not write in the repository of ${cwd}.`, 'Check its owner.'),
  ],
  [
    /promisor|missing (blob|tree|commit)|unable to read (sha1 file|tree)|bad object/,
    (cwd) =>
      new SidejobError(
        'git_failed',
        `the repository of ${cwd} lacks some of its objects (a partial clone, or damage).`,
        'Fetch them: git fetch --refetch; nothing is fetched here.',
      ),
  ],
];

/** The error for a command that git has refused, or that could not be run at all. */
export function refusal(
  name: string,
  cwd: string,
  { errno, stderr, tooMuch }: { errno?: string | undefined; stderr: string; tooMuch: boolean },
): SidejobError {
  if (errno === 'ENOENT' && stderr === '') {
    return new SidejobError(
      'not_installed',
      'git was not found on PATH, or the folder is gone.',
      'Install git 2.38 or newer.',
    );
  }
  const known = KNOWN.find(([pattern]) => pattern.test(stderr));
  if (known) return known[1](cwd);
  if (tooMuch) return new SidejobError('git_failed', `git ${name} printed too much in ${cwd}.`, 'Name less of it.');
  const lines = stderr.split('\n').filter(Boolean);
  const said = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? 'it did not say why';
  return new SidejobError('git_failed', `git ${name} failed in ${cwd}: ${said.slice(0, 300)}.`);
}
