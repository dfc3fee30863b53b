// All that servers ask of the store in a job's life: nothing of it may cost more because much has ended before.
import { expect, test } from 'vitest';
import { cancelJob } from '../../src/jobs/cancel.js';
import { submitGroup } from '../../src/jobs/group.js';
import { jobHealth } from '../../src/jobs/health.js';
import { lookUp, requireJobs } from '../../src/jobs/lookup.js';
import { describeProviders } from '../../src/jobs/providers.js';
import { removeOld } from '../../src/jobs/retention.js';
import { groupsWith } from '../../src/store/groups.js';
import { markRead } from '../../src/store/transitions.js';
import { answering, shell, testEngine } from '../support/engine.js';
import { plansOf } from '../support/plans.js';

/** Tables that grow with what has ended. */
const HISTORY = /^SCAN (job|asked|usage|accepted|grp|grp_member|server)( |$)/;
/** Indexes in which there is only what is alive. */
const ALIVE = /INDEX (job_active|job_placed|job_queue|job_leftovers|job_sleeping)\b/;

test('no statement in a job’s life walks through the history', async () => {
  const server = await testEngine({ env: { SIDEJOB_MAX_JOBS_PER_DAY: '99', SIDEJOB_MAX_TOKENS_PER_DAY: '9999' } });
  const { engine } = server;
  const { store } = engine;
  const plans = await plansOf(store, async () => {
    const first = await server.ended(await server.submit(`echo '{"session":"s1"}'; ${answering('one')}`));
    await server.ended(await server.submit(answering('two'), { continueJob: first.id, dedupeKey: 'd' }));
    await server.submit(answering('three'), { fresh: false });
    const caller = { client: 'test', project: null };
    const wish = {
      members: [{ provider: shell }] as const,
      request: { kind: 'async', prompt: answering('four'), fresh: true } as const,
    };
    const { group } = await submitGroup(engine, caller, [wish, wish]);
    const [one, other] = requireJobs(engine, group?.id ?? '');
    if (!one || !other) throw new Error('the group has no members');
    await cancelJob(engine, other.id);
    await server.ended(one);
    groupsWith(store, [one.id]);
    lookUp(engine, 'nothing-like-it');
    await store.write(() => markRead(store, first.id, Date.now()));
    await jobHealth(engine);
    await describeProviders(engine, [shell]);
    await removeOld(engine);
  });
  expect(plans.length).toBeGreaterThan(40);
  for (const { sql, steps } of plans) {
    // Bounded by its own LIMIT.
    if (/FROM \(SELECT id FROM job ORDER BY seq DESC LIMIT \d+\)/.test(sql)) continue;
    const walks = steps.filter((step) => HISTORY.test(step) && !ALIVE.test(step));
    expect(walks, sql).toEqual([]);
  }
});
