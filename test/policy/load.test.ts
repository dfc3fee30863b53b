// The policy in force: where it is found, when it is read again, and that whatever is wrong with it denies everything.
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { judge } from '../../src/policy/decide.js';
import { type Current, PolicyFile, policyPlace } from '../../src/policy/load.js';
import { tempFolder } from '../support/temp-folder.js';
import { call } from './policies.js';

const ALLOW = '{ "version": "1", "default": "allow" }';
const DENY_ = '{ "version": "1", "default": "deny"  }';

async function fileWith(text?: string): Promise<string> {
  const path = join(await tempFolder(), 'policy.json');
  if (text !== undefined) await writeFile(path, text);
  return path;
}

const named = (file: string) => new PolicyFile({ file, origin: 'SIDEJOB_POLICY' });
const effectOf = (current: Current) => judge(current, call('llm_run')).effect;

test('is named by the option, else by the variable, else lies in the data folder', () => {
  const env = { SIDEJOB_POLICY: '/env.json' };
  expect(policyPlace(env, '/home', '/option.json')).toEqual({ file: '/option.json', origin: '--policy' });
  expect(policyPlace(env, '/home')).toEqual({ file: '/env.json', origin: 'SIDEJOB_POLICY' });
  expect(policyPlace({ SIDEJOB_POLICY: '' }, '/home')).toEqual({ file: '/home/policy.json', origin: 'default' });
});

test('no file in the data folder is no policy, and none is made', async () => {
  const home = await tempFolder();
  const current = await new PolicyFile(policyPlace({}, home)).current();
  expect(current).toEqual({ place: { file: join(home, 'policy.json'), origin: 'default' } });
  expect(effectOf(current)).toBe('allow');
  expect(await new PolicyFile(policyPlace({}, join(home, 'none'))).current()).not.toHaveProperty('broken');
  expect(await readdir(home)).toEqual([]);
});

test('a file that is named and is not there denies everything', async () => {
  const current = await named(await fileWith()).current();
  expect(current.broken).toMatchObject({ code: 'bad_policy', message: expect.stringMatching(/no such file/) });
  expect(effectOf(current)).toBe('deny');
});

test.each(['policy.json', '../policy.json', '', '~/policy.json'])('"%s" is no absolute path', async (file) => {
  const { broken } = await new PolicyFile({ file, origin: '--policy' }).current();
  expect(broken?.message).toMatch(/--policy must name an absolute path/);
});

test('is read again when it has changed, even within one tick and to the same size', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  for (const text of [DENY_, ALLOW, DENY_]) {
    expect(text.length).toBe(ALLOW.length);
    await writeFile(path, text);
    expect(effectOf(await file.current())).toBe(text === ALLOW ? 'allow' : 'deny');
  }
});

test('is not read again when it has not', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  const { policy } = await file.current();
  await utimes(path, 1, 1);
  expect((await file.current()).policy).toBe(policy);
});

test('a broken new version denies everything until it is mended', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  expect(effectOf(await file.current())).toBe('allow');
  await writeFile(path, '{\n  "version": "1",\n  "defualt": "allow"\n}');
  const current = await file.current();
  expect(judge(current, call('llm_run'))).toMatchObject({
    ...{ effect: 'deny', rule: 'file' },
    detail: expect.stringContaining(`${path}:3: "defualt" is unknown; default?`),
  });
  expect((await file.current()).broken).toBe(current.broken);
  await writeFile(path, ALLOW);
  expect(await file.current()).toMatchObject({ policy: { default: 'allow' } });
  expect(effectOf(await file.current())).toBe('allow');
});

test('another file in its place is read, however old it is', async () => {
  const path = await fileWith(ALLOW);
  await utimes(path, 1, 1);
  const file = named(path);
  expect(effectOf(await file.current())).toBe('allow');
  await writeFile(`${path}.new`, DENY_);
  await utimes(`${path}.new`, 1, 1);
  await rename(`${path}.new`, path);
  expect(effectOf(await file.current())).toBe('deny');
});

test.each(['default', 'SIDEJOB_POLICY'] as const)('a policy that vanishes opens nothing (%s)', async (origin) => {
  const path = await fileWith(ALLOW);
  const file = new PolicyFile({ file: path, origin });
  expect(effectOf(await file.current())).toBe('allow');
  await rm(path);
  expect(effectOf(await file.current())).toBe('deny');
  await writeFile(path, ALLOW);
  expect(effectOf(await file.current())).toBe('allow');
});

test('a policy that comes to the data folder counts from then on', async () => {
  const home = await tempFolder();
  const file = new PolicyFile(policyPlace({}, home));
  expect(effectOf(await file.current())).toBe('allow');
  await writeFile(join(home, 'policy.json'), DENY_);
  expect(effectOf(await file.current())).toBe('deny');
});

test('one that everybody may write is refused, and taken once that is mended', async () => {
  const path = await fileWith(ALLOW);
  await chmod(path, 0o602);
  const file = named(path);
  expect((await file.current()).broken?.message).toMatch(/everybody may write it/);
  await chmod(path, 0o664);
  expect(effectOf(await file.current())).toBe('allow');
  await chmod(path, 0o666);
  expect(effectOf(await file.current())).toBe('deny');
});

test("another user's file is refused, root's is not", async () => {
  const path = await fileWith(ALLOW);
  const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Only root can give a file away; others pose as somebody else.
  const [owner, reader] = uid === 0 ? [1234, 0] : [uid, uid + 1];
  if (uid === 0) await chown(path, owner, gid);
  const { broken } = await new PolicyFile({ file: path, origin: '--policy' }, reader).current();
  expect(broken?.message).toMatch(new RegExp(`belongs to another user \\(uid ${owner}\\)`));
  expect(await new PolicyFile({ file: path, origin: '--policy' }, owner).current()).not.toHaveProperty('broken');
  if (uid === 0) {
    await chown(path, 0, 0);
    expect(await new PolicyFile({ file: path, origin: '--policy' }, 1234).current()).not.toHaveProperty('broken');
  }
});

test('no link is followed in the data folder, wherever it points', async () => {
  const home = await tempFolder();
  const target = await fileWith(ALLOW);
  const link = join(home, 'policy.json');
  for (const to of [target, '/no/such/file']) {
    await symlink(to, link);
    const { broken } = await new PolicyFile(policyPlace({}, home)).current();
    expect(broken?.message).toMatch(/symbolic link/);
    await rm(link);
  }
  await symlink(target, link);
  expect(effectOf(await named(link).current())).toBe('allow');
});

test.each([
  ['a folder', (path: string) => mkdir(path), /not a file/],
  ['a pipe', async (path: string) => void execFileSync('mkfifo', [path]), /not a file/],
  ['bytes that are no text', (path: string) => writeFile(path, Buffer.of(0x7b, 0xff, 0x7d)), /valid/],
  ['megabytes', (path: string) => writeFile(path, ' '.repeat(2 * 1024 * 1024)), /larger than 1 MB/],
  ['brackets without end', (path: string) => writeFile(path, '['.repeat(900_000)), /not valid JSON/],
])('%s: everything is denied', async (_what, make, message) => {
  const path = await fileWith();
  await make(path);
  const current = await named(path).current();
  expect(current.broken?.message).toMatch(message);
  expect(effectOf(current)).toBe('deny');
});

test('calls at the same time agree', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  const before = Array.from({ length: 5 }, () => file.current());
  expect((await Promise.all(before)).map(effectOf)).toEqual(Array(5).fill('allow'));
  await writeFile(path, DENY_);
  const after = Array.from({ length: 5 }, () => file.current());
  expect((await Promise.all(after)).map(effectOf)).toEqual(Array(5).fill('deny'));
});

test('listeners hear of every change, once, and of none after they have left', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  onTestFinished(() => file.close());
  const heard: string[] = [];
  const leave = file.onChange((current) => heard.push(effectOf(current)));
  await file.current();
  await file.current();
  expect(heard).toEqual([]);
  await writeFile(path, DENY_);
  await file.current();
  await file.current();
  expect(heard).toEqual(['deny']);
  leave();
  await writeFile(path, ALLOW);
  await file.current();
  expect(heard).toEqual(['deny']);
});

test('listeners hear of a change though nobody calls', async () => {
  const path = await fileWith(ALLOW);
  const file = named(path);
  onTestFinished(() => file.close());
  const heard = new Promise<Current>((resolve) => file.onChange(resolve));
  await file.current();
  await writeFile(path, DENY_);
  expect(effectOf(await heard)).toBe('deny');
});
