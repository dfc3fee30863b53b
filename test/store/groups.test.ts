// Groups in the store: members, what waits for them, and what becomes of a group when its jobs go.
import { expect, test } from 'vitest';
import { findGroup, groupJudge, groupMembers, groupsWith, recordGroup } from '../../src/store/groups.js';
import { takePlace } from '../../src/store/queue.js';
import { prunableIds, removePrunable } from '../../src/store/retention.js';
import { cancelQueued, insertJob } from '../../src/store/transitions.js';
import { newJob, openStore, withJobs } from '../support/store.js';

const LIMITS = { maxRunning: 9, perProvider: () => 9, startGapMs: () => 0 };
const SERVER = { id: 's', host: 'm/b/n' };
const group = { id: 'group-1', refused: [], createdAt: 1 };

async function groupOfTwo() {
  const store = await openStore();
  await withJobs(store, 'a', 'b', 'other');
  await store.write(() => {
    recordGroup(store, group, [
      { jobId: 'b', blind: 2 },
      { jobId: 'a', blind: 1 },
    ]);
    insertJob(store, newJob('judge', { groupId: group.id, role: 'judge', priority: 1 }));
  });
  return store;
}

test('members stand in the order asked, and a group that is recorded again gains what it lacks', async () => {
  const store = await groupOfTwo();
  const refused = [{ provider: 'c', code: 'not_installed', message: 'none' }];
  await store.write(() => recordGroup(store, { ...group, refused }, [{ jobId: 'b', blind: 9 }]));
  expect(groupMembers(store, group.id).map(({ job, blind }) => [job.id, blind])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
  expect(findGroup(store, group.id)).toEqual({ ...group, refused });
  expect(groupsWith(store, ['a', 'other'])).toHaveLength(1);
  expect(groupJudge(store, group.id)?.id).toBe('judge');
});

test('a judge gets no place before every member has ended, however they end; and then the first, by its priority', async () => {
  const store = await groupOfTwo();
  const take = () => store.write(() => takePlace(store, SERVER, LIMITS, 1));
  expect([await take(), await take(), await take(), await take()]).toEqual([
    { id: 'a', attempt: 1 },
    { id: 'b', attempt: 1 },
    { id: 'other', attempt: 1 },
    undefined,
  ]);
  await store.write(() => cancelQueued(store, 'a', 2));
  expect(await take()).toBeUndefined();
  await store.write(() => cancelQueued(store, 'b', 2));
  expect(await take()).toEqual({ id: 'judge', attempt: 1 });
  expect(await take()).toBeUndefined();
});

test('a group goes with the last of its members', async () => {
  const store = await groupOfTwo();
  const prune = { endedBefore: 5, statuses: [], unread: true, unmerged: false };
  await store.write(() => cancelQueued(store, 'a', 2));
  await store.write(() => removePrunable(store, prune, prunableIds(store, prune)));
  expect(groupMembers(store, group.id).map(({ job }) => job.id)).toEqual(['b']);
  await store.write(() => cancelQueued(store, 'b', 2));
  await store.write(() => removePrunable(store, prune, prunableIds(store, prune)));
  expect(findGroup(store, group.id)).toBeUndefined();
});
