// An isolated job: what it begins from, where it works, and what is left of it.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cancelJob } from '../../../src/jobs/cancel.js';
import { runFolder } from '../../../src/jobs/isolation/places.js';
import { tidyWorktrees } from '../../../src/jobs/isolation/tidy.js';
import { readResult } from '../../../src/jobs/result.js';
import { requestAgain } from '../../../src/jobs/retry.js';
import { viewJob } from '../../../src/jobs/view.js';
import type { JobRecord } from '../../../src/store/record.js';
import { answering, testEngine } from '../../support/engine.js';
import { around, type Isolated, isolatedEngine } from '../../support/isolation.js';
import { GIT_ENV, makeHostile, repositoryAt, testRepository } from '../../support/repository.js';
import { tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/until.js';

async function diff({ engine }: Isolated, job: JobRecord): Promise<string> {
  return (await readResult(engine, job, 'diff', 0, 36_000)).text;
}

/** All that must be as it was: HEAD, branches but its own, index, stash, files. */
function stateOf({ repository: { git } }: Isolated): string[] {
  return [
    git('rev-parse', 'HEAD'),
    git('symbolic-ref', 'HEAD'),
    ...git('for-each-ref', '--format=%(refname) %(objectname)')
      .split('\n')
      .filter((ref) => !ref.includes('/sidejob/')),
    git('ls-files', '-s', '-v'),
    git('status', '--porcelain'),
  ];
}

test('it works in a worktree of its own, and the checkout stays as it was', async () => {
  const server = await isolatedEngine();
  const { repository, engine } = server;
  await repository.write({ 'a.txt': 'edited\n', 'staged.txt': 's\n', 'new.txt': 'n\n' });
  repository.git('add', 'staged.txt');
  const before = stateOf(server);

  const job = await server.done('pwd > where.txt; cat a.txt >> dir/b.txt; rm a.txt; ls > list.txt');

  const path = join(engine.paths.worktrees, job.id);
  expect(stateOf(server)).toEqual(before);
  expect(await readFile(join(path, 'where.txt'), 'utf8')).toBe(`${path}\n`);
  expect(await readFile(join(path, 'list.txt'), 'utf8')).toBe('dir\nlist.txt\nwhere.txt\n');
  expect(repository.git('log', '--format=%s %an', `main..sidejob/${job.id}`)).toBe(`Work of ${job.id} Sidejob`);
  expect(await diff(server, job)).toMatch(
    /^4 files \+5 -1\nD a\.txt \+0 -1\nM dir\/b\.txt \+1 -0\nA list\.txt \+3 -0\nA where\.txt \+1 -0\n\ndiff --git a\/a\.txt/,
  );
  expect(await viewJob(engine, job)).toMatchObject({
    cwd: repository.folder,
    isolated: `sidejob/${job.id}, 4 files +5 -1, not applied`,
  });
});

test('with changes, what is not committed comes along, but for what is ignored', async () => {
  const server = await isolatedEngine({ 'a.txt': 'one\n', 'b.txt': 'b\n', '.gitignore': 'ignored\n' });
  const { repository } = server;
  await repository.write({ 'a.txt': 'edited\n', 'staged.txt': 's\n', 'new.txt': 'n\n', ignored: 'i\n' });
  repository.git('add', 'staged.txt');
  await rm(join(repository.folder, 'b.txt'));
  const before = stateOf(server);

  const job = await server.done('ls > list; cat a.txt >> list', { isolate: 'with-changes' });

  expect(stateOf(server)).toEqual(before);
  expect(await diff(server, job)).toContain('+a.txt\n+list\n+new.txt\n+staged.txt\n+edited\n');
  expect(await diff(server, job)).toMatch(/^1 file \+5 -0\nA list/);
});

test('a job that waits begins from what was there when it was accepted', async () => {
  const server = await isolatedEngine({ a: 'first\n' }, { SIDEJOB_MAX_RUNNING: '1' });
  const gate = join(server.home, 'gate');
  const first = await server.submit(`until [ -e ${gate} ]; do sleep 0.02; done; ${answering('x')}`);
  await server.repository.write({ a: 'second\n' });
  const waiting = await server.submit(`cat a > seen; ${answering('x')}`, {
    ...{ access: 'edit', cwd: server.repository.folder, isolate: 'with-changes' },
  });
  await server.repository.commit({ a: 'third\n' });
  await writeFile(gate, '');
  await server.ended(first);
  const job = await server.ended(waiting);
  expect(await diff(server, job)).toContain('+second');
});

test('what the job commits itself is kept, with what it did not, wherever its HEAD is', async () => {
  const server = await isolatedEngine();
  const commit = 'git -c user.name=J -c user.email=j@x commit -qam';
  const own = await server.done(`echo x >> a.txt; ${commit} own; echo y > loose.txt`);
  expect(server.repository.git('log', '--format=%s', `main..sidejob/${own.id}`)).toBe(`Work of ${own.id}\nown`);

  const away = await server.done(
    `echo x >> a.txt; ${commit} first; git checkout -q --detach main; echo z > a.txt; ${commit} second; echo w > loose.txt`,
  );
  const subjects = server.repository.git('log', '--format=%s', `main..sidejob/${away.id}`).split('\n');
  expect(subjects.sort()).toEqual([`Work of ${away.id}`, 'first', 'second']);
  expect(await diff(server, away)).toMatch(/^2 files[\s\S]*\+z/);
  const path = runFolder(server.engine, away);
  expect(repositoryAt(path).git('status', '--porcelain', '--branch')).toBe(`## sidejob/${away.id}`);
});

test('no hook runs, neither for git of ours nor for that of the job', async () => {
  const server = await isolatedEngine();
  const marker = join(await tempFolder(), 'marker');
  await makeHostile(server.repository, marker);
  await server.repository.write({ 'new.txt': 'x\n' });
  const job = await server.done(
    'echo x >> a.txt; git -c user.name=J -c user.email=j@x -c filter.evil.clean= -c filter.evil.process= -c filter.evil.required=false -c core.fsmonitor=false commit -qam own',
    {
      isolate: 'with-changes',
    },
  );
  await diff(server, job);
  expect(server.repository.git('log', '-1', '--format=%s', `sidejob/${job.id}`)).toBe('own');
  expect(existsSync(marker), await readFile(marker, 'utf8').catch(() => '')).toBe(false);
});

test('variables that lead git to a repository do not reach the job', async () => {
  const server = await isolatedEngine({ a: '1\n' }, { GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere/index' });
  const job = await server.done('git rev-parse --show-toplevel > top; git config core.hooksPath >> top');
  expect(await diff(server, job)).toContain(`+${runFolder(server.engine, job)}\n+/dev/null\n`);
});

test('below the top it works in the same folder there, also in one that git does not track', async () => {
  const server = await isolatedEngine();
  for (const folder of ['dir', 'untracked/deep']) {
    await mkdir(join(server.repository.folder, folder), { recursive: true });
    const job = await server.done('pwd > here', { cwd: join(server.repository.folder, folder) });
    expect(runFolder(server.engine, job)).toBe(join(server.engine.paths.worktrees, job.id, folder));
    expect(await diff(server, job)).toContain(`+${runFolder(server.engine, job)}\n`);
    expect(await viewJob(server.engine, job)).toMatchObject({ cwd: join(server.repository.folder, folder) });
  }
});

test('two in one folder at a time; a third that is not isolated is told of it', async () => {
  const server = await isolatedEngine();
  const gate = join(server.home, 'gate');
  const script = `echo $$ > mine; until [ -e ${gate} ]; do sleep 0.02; done; ${answering('x')}`;
  const edit = { access: 'edit', cwd: server.repository.folder } as const;
  const jobs = [
    await server.submit(script, { ...edit, isolate: true }),
    await server.submit(script, { ...edit, isolate: true }),
    await server.submit(script, edit),
  ];
  await expect(server.submit(script, edit)).rejects.toMatchObject({
    code: 'folder_busy',
    hint: expect.stringContaining('isolate: true'),
  });
  await until('all run', async () =>
    (await Promise.all(jobs.map((job) => existsSync(join(runFolder(server.engine, job), 'mine'))))).every(Boolean),
  );
  expect(await diff(server, jobs[0] as JobRecord)).toMatch(/^1 file \+1 -0\nA mine/);
  await writeFile(gate, '');
  for (const job of jobs) expect(await server.ended(job)).toMatchObject({ status: 'completed' });
});

test('a conversation goes on in the same worktree, also where nothing was left of it', async () => {
  const server = await isolatedEngine();
  const session = `echo '{"session":"s-1"}'`;
  const first = await server.done(`${session}; echo 1 > file`);
  const second = await server.done(`echo 2 >> file; pwd > where`, {
    continueJob: first.id,
    isolate: undefined,
    cwd: undefined,
  } as never);
  expect(second).toMatchObject({ worktree: first.id, isolate: 'committed', cwd: server.repository.folder });
  expect(await diff(server, second)).toContain('+1\n+2\n');
  expect(await diff(server, first)).toBe(await diff(server, second));
  const refused = server.submit('x', { ...{ access: 'edit', cwd: server.repository.folder, isolate: true } });
  await server.ended(await refused);

  const plain = await server.ended(
    await server.submit(`${session.replace('s-1', 's-2')}; ${answering('x')}`, { cwd: server.repository.folder }),
  );
  await expect(server.submit('x', { continueJob: plain.id, access: 'edit', isolate: true })).rejects.toMatchObject({
    code: 'bad_argument',
    message: /was not isolated/,
  });

  const nothing = await server.done(session.replace('s-1', 's-3'));
  await until('it is cleared away', () => server.worktree(nothing).gone === 1);
  expect(existsSync(join(server.engine.paths.worktrees, nothing.id))).toBe(false);
  const again = await server.done('pwd > where', { continueJob: nothing.id, cwd: undefined } as never);
  expect(await diff(server, again)).toContain(`+${join(server.engine.paths.worktrees, nothing.id)}\n`);
});

test('partial work of a job that failed or was canceled is kept', async () => {
  const server = await isolatedEngine();
  const edit = { access: 'edit', cwd: server.repository.folder, isolate: true } as const;
  const failed = await server.ended(await server.submit('echo part > part; exit 3', edit));
  expect(failed.status).toBe('failed');
  expect(await diff(server, failed)).toContain('+part');
  const running = await server.submit('echo part > part; sleep 60', edit);
  await until('it writes', () => existsSync(join(runFolder(server.engine, running), 'part')));
  await cancelJob(server.engine, running.id);
  const canceled = await server.ended(running);
  expect(canceled.status).toBe('canceled');
  expect(await diff(server, canceled)).toContain('+part');
});

test('one that changes nothing leaves nothing', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo same > ignored; rm ignored');
  await until('it is cleared away', () => server.worktree(job).gone === 1);
  expect(server.left()).toEqual([]);
  expect(server.repository.git('branch', '--list', 'sidejob/*')).toBe('');
  expect(server.repository.git('worktree', 'list').split('\n')).toHaveLength(1);
  expect(await viewJob(server.engine, job)).toMatchObject({ isolated: `sidejob/${job.id}, no changes` });
  expect(await diff(server, job)).toBe('no changes\n');
});

test('one that is canceled in the queue leaves nothing', async () => {
  const server = await isolatedEngine({ a: '1\n' }, { SIDEJOB_MAX_RUNNING: '1' });
  const blocker = await server.submit('sleep 60');
  const job = await server.submit('x', { access: 'edit', cwd: server.repository.folder, isolate: true });
  expect(server.repository.git('branch', '--list', 'sidejob/*')).toContain(job.id);
  await cancelJob(server.engine, job.id);
  await cancelJob(server.engine, blocker.id);
  await tidyWorktrees(server.engine);
  expect(server.repository.git('branch', '--list', 'sidejob/*')).toBe('');
  expect(server.left()).toEqual([]);
});

test('what cannot be isolated is refused, and nothing is left', async () => {
  const server = await isolatedEngine();
  const { repository } = server;
  const plain = await tempFolder();
  const empty = repositoryAt(await tempFolder());
  empty.git('init', '-q');
  const edit = { access: 'edit', isolate: true } as const;
  const refusals = [
    [{ ...edit, access: 'read-only', cwd: repository.folder }, 'bad_argument', /access "edit"/],
    [{ ...edit, cwd: plain }, 'no_repository', /in no git repository\. Name a folder in one\. Or leave out isolate\. /],
    [{ ...edit, cwd: empty.folder }, 'no_repository', /no commit yet/],
    [{ ...edit, cwd: join(repository.folder, '.git') }, 'no_repository', /git's own folder/],
  ] as const;
  for (const [request, code, line] of refusals) {
    const error = await server.submit('x', request).catch((thrown) => thrown);
    expect(error).toMatchObject({ code, line: expect.stringMatching(line) });
    expect(error.line).toMatch(/Nothing was started\.$/);
  }
  repository.git('branch', 'sidejob');
  await expect(server.submit('x', { ...edit, cwd: repository.folder })).rejects.toMatchObject({
    message: /in the way/,
  });
  const bin = await tempFolder();
  await symlink('/bin/sh', join(bin, 'sh'));
  const none = await testEngine({ env: { PATH: bin, SHELL: '/nonexistent' } });
  const error = await none.submit('x', { ...edit, cwd: repository.folder }).catch((thrown) => thrown);
  expect(error.line).toMatch(/not_installed: isolate: git was not found.*Nothing was started\.$/);
  expect(server.left()).toEqual([]);
  expect(server.engine.store.all('SELECT * FROM worktree')).toEqual([]);
});

test('an old git is refused', async () => {
  const server = await isolatedEngine();
  const bin = await tempFolder();
  const script = `#!/bin/sh\ncase "$*" in *" version") echo git version 2.30.2;; *) exec /usr/bin/env PATH=${process.env.PATH} git "$@";; esac\n`;
  await writeFile(join(bin, 'git'), script, { mode: 0o755 });
  const old = await testEngine({ env: { PATH: `${bin}:${process.env.PATH}` } });
  await expect(old.submit('x', { access: 'edit', isolate: true, cwd: server.repository.folder })).rejects.toMatchObject(
    {
      code: 'not_supported',
      message: 'isolate: git version 2.30.2 is too old to isolate a job.',
    },
  );
});

test('shallow clones, sparse checkouts, other worktrees and a detached HEAD will do', async () => {
  const origin = await testRepository({ 'in/a': '1\n', 'out/b': '2\n' });
  await origin.commit({ 'in/a': '2\n' });
  const parent = await tempFolder();
  repositoryAt(parent).git('clone', '-q', '--depth=1', `file://${origin.folder}`, 'shallow');
  const shallow = repositoryAt(join(parent, 'shallow'));
  shallow.git('sparse-checkout', 'set', 'in');
  shallow.git('worktree', 'add', '-q', '--detach', join(parent, 'second'));
  for (const folder of ['shallow', 'second']) {
    const server = around(repositoryAt(join(parent, folder)), await testEngine({ env: GIT_ENV }));
    const job = await server.done('ls > list; echo 3 >> in/a');
    expect(job).toMatchObject({ status: 'completed' });
    const text = await diff(server, job);
    expect(text).toMatch(/^2 files \+\d -0\nM in\/a \+1 -0\nA list/);
    if (folder === 'shallow') expect(text).toContain('+in\n+list\n');
  }
});

test('submodules stay as they are, and it is said', async () => {
  const inner = await testRepository({ file: 'inner\n' });
  const server = await isolatedEngine();
  const { repository, engine } = server;
  repository.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.folder, 'sub');
  await repository.commit({});
  await repositoryAt(join(repository.folder, 'sub')).commit({ file: 'newer\n' });
  const { submitJob } = await import('../../../src/jobs/submit.js');
  const { shell } = await import('../../support/engine.js');
  const request = {
    kind: 'async',
    prompt: `ls sub | wc -l > n; rmdir sub; ${answering('x')}`,
    access: 'edit',
    isolate: 'with-changes',
  } as const;
  const { job, notes } = await submitJob(
    engine,
    { client: 't', project: null },
    { ...request, cwd: repository.folder },
    shell,
  );
  expect(notes).toEqual(['Submodules are not checked out in its worktree.']);
  const ended = await server.ended(job);
  expect(await diff(server, ended)).toMatch(/^1 file \+1 -0\nA n \+1 -0\n/);
});

test('files that are not committed and stay behind are counted', async () => {
  const server = await isolatedEngine();
  await server.repository.write({ 'a.txt': 'x\n', new: 'x\n' });
  const { submitJob } = await import('../../../src/jobs/submit.js');
  const { shell } = await import('../../support/engine.js');
  const request = { kind: 'async', prompt: answering('x'), access: 'edit', isolate: true } as const;
  const asked = await submitJob(
    server.engine,
    { client: 't', project: null },
    { ...request, cwd: server.repository.folder },
    shell,
  );
  expect(asked.notes?.[0]).toMatch(/without 2 uncommitted files; isolate: "with-changes"/);
  await server.ended(asked.job);
});

test('repositories in the worktree, and what may not be read, are left out and named', async () => {
  const server = await isolatedEngine();
  const root = process.getuid?.() === 0;
  const job = await server.done(
    `git init -q nested; mkdir deep; git init -q deep/er; echo x > deep/er/f; echo s > closed; chmod 0 closed; echo ok > ok`,
  );
  const text = await diff(server, job);
  expect(text).toContain('nested');
  expect(text).toContain('deep/er');
  expect(text).toMatch(root ? /A closed/ : /not readable\): .*closed/);
  expect(text).toContain('A ok +1 -0');
  expect((await viewJob(server.engine, job)).isolated).toMatch(root ? /2 left out/ : /3 left out/);
  if (!root) await chmod(join(runFolder(server.engine, job), 'closed'), 0o600);
});

test('a .git that the job has put there leads nowhere', async () => {
  const server = await isolatedEngine();
  const other = await testRepository({ secret: 'other\n' });
  const job = await server.done(`echo "gitdir: ${other.folder}/.git" > .git; echo mine > mine`);
  expect(await diff(server, job)).toMatch(/^1 file \+1 -0\nA mine/);
  expect(other.git('status', '--porcelain')).toBe('');
  expect(other.git('branch', '--list')).toBe('* main');
});

test('hostile names, binary files, links and modes are told as they are', async () => {
  const server = await isolatedEngine();
  const job = await server.done(
    String.raw`printf 'x\n' > "$(printf 'new\nline')"; printf '\0\1' > bin; ln -s /etc/passwd link; printf '#!/bin/sh\n' > run; chmod +x run; git mv a.txt moved.txt; printf 'é\n' > 'ü "q".txt'`,
  );
  const text = await diff(server, job);
  expect(text).toContain('A bin binary\n');
  expect(text).toContain('A link +1 -0\n');
  expect(text).toContain('R a.txt -> moved.txt +0 -0\n');
  expect(text).toContain('A "new\\nline" +1 -0\n');
  expect(text).toContain('A "ü \\"q\\".txt" +1 -0\n');
  expect(text).toContain('new file mode 120000');
  expect(text).toContain('new file mode 100755');
});

test('a retry is isolated as the first was', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo 1 > one', { isolate: 'with-changes' });
  expect(await requestAgain(server.engine, job)).toMatchObject({
    isolate: 'with-changes',
    cwd: server.repository.folder,
  });
  expect(await requestAgain(server.engine, await server.done('echo 1 > one'))).toMatchObject({ isolate: true });
});

test('where the repository was moved, it is said, and the files are still there', async () => {
  const server = await isolatedEngine();
  const job = await server.done('echo 1 > one');
  const moved = `${server.repository.folder}-moved`;
  await rename(server.repository.folder, moved);
  try {
    await expect(diff(server, job)).rejects.toMatchObject({
      code: 'no_repository',
      hint: expect.stringContaining(runFolder(server.engine, job)),
    });
    expect(await readFile(join(runFolder(server.engine, job), 'one'), 'utf8')).toBe('1\n');
  } finally {
    await rename(moved, server.repository.folder);
  }
  expect(await diff(server, job)).toContain('+1');
});

test("a link in the place of its index is not followed: what it leads to is another's", async () => {
  const server = await isolatedEngine();
  const outside = join(await tempFolder(), 'index');
  const job = await server.done(
    `index="$(git rev-parse --git-dir)/index"; cp "$index" '${outside}'; ln -sf '${outside}' "$index"; cp '${outside}' '${outside}.before'; echo x > x`,
  );
  expect(server.worktree(job).files).toBe(1);
  expect(await readFile(outside)).toEqual(await readFile(`${outside}.before`));
});

test('a link in the place of the folder is not followed', async () => {
  const server = await isolatedEngine({ 'dir/b.txt': '1\n' });
  await rm(join(server.repository.folder, 'dir'), { recursive: true });
  await symlink('/tmp', join(server.repository.folder, 'dir'));
  await server.repository.commit({});
  await rm(join(server.repository.folder, 'dir'));
  await mkdir(join(server.repository.folder, 'dir'));
  const job = await server.submit('pwd', { access: 'edit', isolate: true, cwd: join(server.repository.folder, 'dir') });
  expect(await server.ended(job)).toMatchObject({ status: 'failed', reason: 'spawn_failed', error: /leads elsewhere/ });
});
