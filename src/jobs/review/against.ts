// What changes are compared with: the commit, and how to say it.
import { SidejobError } from '../../errors.js';
import { type Repository, resolveRef } from '../../git/repository.js';
import { git, gitText } from '../../git/run.js';
import { NOTHING } from '../request.js';

export interface Base {
  /** A commit, or the empty tree. */
  oid: string;
  /** For people and models: "main (merge base 3f9c2ab)". */
  name: string;
}

const MAIN = ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'];

/**
 * Where the branch that is checked out has left another one.
 * @throws SidejobError `bad_argument` if there is no such commit, or no common one
 */
export async function baseNamed(repository: Repository, ref: string): Promise<Base> {
  const { place, top } = repository;
  const oid = await resolveRef(place, `${ref}^{commit}`);
  if (oid === undefined) {
    const what = `review: there is no commit ${JSON.stringify(ref)} in ${top}.`;
    throw new SidejobError('bad_argument', what, `Name a branch, a tag or a commit. ${NOTHING}`);
  }
  const common = await commonWith(repository, oid);
  if (common === undefined) {
    const shallow = (await gitText(place, ['rev-parse', '--is-shallow-repository'])) === 'true';
    throw new SidejobError(
      'bad_argument',
      `review: ${JSON.stringify(ref)} and what is checked out have no commit in common${shallow ? ' in this shallow clone' : ''}.`,
      `${shallow ? 'Fetch more of it (git fetch --unshallow)' : 'Name another base'}. ${NOTHING}`,
    );
  }
  return { oid: common, name: `${ref} (${common === oid ? '' : 'merge base '}${common.slice(0, 7)})` };
}

/** The last commit; before the first one, nothing at all. */
export async function baseOfOpenChanges({ place }: Repository): Promise<Base> {
  const head = await resolveRef(place, 'HEAD^{commit}');
  if (head !== undefined) return { oid: head, name: 'HEAD (what is not committed)' };
  return { oid: await gitText(place, ['hash-object', '-t', 'tree', '--stdin']), name: 'nothing (no commit yet)' };
}

/** The branch that this one was made from, as far as names tell; undefined if there is none, or nothing came after it. */
export async function baseOfBranch(repository: Repository): Promise<Base | undefined> {
  const { place } = repository;
  const head = await resolveRef(place, 'HEAD^{commit}');
  if (head === undefined) return undefined;
  for (const name of ['@{upstream}', ...MAIN]) {
    const oid = await resolveRef(place, `${name}^{commit}`);
    const common = oid === undefined ? undefined : await commonWith(repository, oid);
    if (common === undefined || common === head) continue;
    const full = await gitText(place, ['rev-parse', '--abbrev-ref', name]).catch(() => name);
    return { oid: common, name: `${full || name} (merge base ${common.slice(0, 7)})` };
  }
  return undefined;
}

async function commonWith({ place }: Repository, oid: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git(place, ['merge-base', oid, 'HEAD'], { exits: [0, 1, 128] });
  return exitCode === 0 ? stdout.toString().trim() : undefined;
}
