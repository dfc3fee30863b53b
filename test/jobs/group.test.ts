// One call, one group: what is recorded of it, what is joined, and how it stands.
import { expect, test } from 'vitest';
import { SidejobError } from '../../src/errors.js';
import { groupLine, submitGroup } from '../../src/jobs/group.js';
import { jobsOfGroup, requireJob, requireJobs } from '../../src/jobs/lookup.js';
import { findGroup } from '../../src/store/groups.js';
import { answering, shell, testEngine } from '../support/engine.js';

const caller = { client: 'test', project: null };
const missing = { provider: 'codex', error: new SidejobError('not_installed', 'codex is not there.') };

function wishes(...prompts: string[]) {
  return prompts.map((prompt) => ({
    members: [{ provider: shell }] as const,
    request: { kind: 'async' as const, prompt },
  }));
}

test('every job bears its group from the moment it is recorded, and what was refused is kept with it', async () => {
  const { engine, ended } = await testEngine();
  const { group, started, refused } = await submitGroup(engine, caller, wishes(answering('a'), answering('b')), [
    missing,
  ]);
  expect(refused).toEqual([missing]);
  expect(group).toMatchObject({ id: expect.stringMatching(/^group-[0-9a-z]{8}$/) });
  expect(started.map(({ job }) => job.groupId)).toEqual([group?.id, group?.id]);
  expect(findGroup(engine.store, group?.id ?? '')?.refused).toEqual([
    { provider: 'codex', code: 'not_installed', message: 'codex is not there.' },
  ]);
  for (const { job } of started) await ended(job);
});

test('a group that is asked for again is the group that is there; a part of it is none', async () => {
  const { engine, ended } = await testEngine();
  const first = await submitGroup(engine, caller, wishes(answering('a'), answering('b')));
  const again = await submitGroup(engine, caller, wishes(answering('a'), answering('b')));
  const part = await submitGroup(engine, caller, wishes(answering('a')));
  expect(again.group?.id).toBe(first.group?.id);
  expect(again.started.map(({ joined }) => joined)).toEqual(['request', 'request']);
  expect(part.group?.id).not.toBe(first.group?.id);
  expect(part.started[0]?.job.id).toBe(first.started[0]?.job.id);
  for (const { job } of first.started) await ended(job);
});

test('a job that was there before is a member as well as a new one', async () => {
  const { engine, submit, ended } = await testEngine();
  const alone = await submit(answering('a'), { fresh: false });
  const { group, started } = await submitGroup(engine, caller, wishes(answering('b'), answering('a')));
  expect(jobsOfGroup(engine, group?.id ?? '').map(({ id }) => id)).toEqual([started[0]?.job.id, alone.id]);
  for (const { job } of started) await ended(job);
});

test('the id of a group, or how it begins, means its jobs; where one job is needed, they are named', async () => {
  const { engine, ended } = await testEngine();
  const { group, started } = await submitGroup(engine, caller, wishes(answering('a'), answering('b')));
  const id = group?.id ?? '';
  const ids = started.map(({ job }) => job.id);
  for (const typed of [id, `job:${id}`, id.toUpperCase(), id.slice(0, -2)]) {
    expect(requireJobs(engine, typed).map((job) => job.id)).toEqual(ids);
  }
  expect(() => requireJob(engine, id)).toThrow(`${id} is a group, and one job is meant here.`);
  expect(() => requireJobs(engine, 'group-')).toThrow('no job "group-"');
  for (const { job } of started) await ended(job);
});

test('nothing is recorded where nothing was started', async () => {
  const { engine } = await testEngine();
  const none = await submitGroup(engine, caller, wishes(' '));
  expect(none).toMatchObject({ group: undefined, started: [], refused: [{ error: { code: 'bad_argument' } }] });
});

test('a line says how many have answered, and why the others have not', () => {
  const job = (provider: string, status: string, reason?: string) =>
    ({ job: { provider, status, reason: reason ?? null, finishedAt: status === 'running' ? null : 1 } }) as never;
  const group = { id: 'group-1', refused: [] };
  expect(groupLine(group, [job('a', 'completed'), job('b', 'completed')])).toBe('group-1: all 2 answered');
  expect(
    groupLine({ ...group, refused: [{ provider: 'd', code: 'not_installed', message: '' }] }, [
      job('a', 'completed'),
      job('b', 'failed', 'empty_answer'),
      job('c', 'canceled'),
      job('e', 'running'),
    ]),
  ).toBe('group-1: 1 of 5 answered; 1 still going on; b: empty_answer; c: canceled; d: not_installed');
});
