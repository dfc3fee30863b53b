import { expect, test } from 'vitest';
import { SidejobError } from '../../src/errors.js';
import { removeOld } from '../../src/jobs/retention.js';
import {
  approvalRefusal,
  consumeApproval,
  decideApproval,
  requestApproval,
  requireApproval,
} from '../../src/policy/approvals.js';
import { approvalKey } from '../../src/policy/canonical.js';
import { findApproval, listApprovals, openApproval } from '../../src/store/approvals.js';
import type { Store } from '../../src/store/store.js';
import { answering, testEngine } from '../support/engine.js';
import { openStore } from '../support/store.js';
import { tempFolder } from '../support/temp-folder.js';

const T = Date.UTC(2026, 4, 10);
const HOUR = 3_600_000;

function ask(store: Store, key = 'k', now = T) {
  const shown = { provider: 'codex', access: 'full', cwd: '/p', prompt: 'do it', model: undefined };
  return requestApproval(
    store,
    { key, tool: 'llm_job_submit', rule: 'tools.llm_job_submit', shown, client: 'c', project: null },
    now,
  );
}

const use = (store: Store, id: string, now: number) => store.write(() => consumeApproval(store, id, now));

test('the key knows the same call, whatever the order of its arguments', () => {
  const key = approvalKey('t', { a: 1, b: { c: [1, { x: 1, y: undefined }], d: undefined } }, 'r');
  expect(approvalKey('t', { b: { d: undefined, c: [1, { x: 1 }] }, a: 1 }, 'r')).toBe(key);
  const others: [string, Record<string, unknown>, string][] = [
    ['u', { a: 1, b: { c: [1, { x: 1 }] } }, 'r'],
    ['t', { a: 1, b: { c: [1, { x: 1 }] } }, 's'],
    ['t', { a: '1', b: { c: [1, { x: 1 }] } }, 'r'],
    ['t', { a: 1, b: { c: [{ x: 1 }, 1] } }, 'r'],
    ['t', { a: 1, b: { c: [1, { x: 1 }], d: null } }, 'r'],
  ];
  for (const other of others) expect(approvalKey(...other)).not.toBe(key);
});

test('an approved call passes exactly once, over all servers', async () => {
  const folder = await tempFolder();
  const [one, two] = [await openStore(folder), await openStore(folder)];
  const { id, state } = await ask(one);
  expect(state).toBe('pending');
  expect(id).toMatch(/^ok-[0-9a-hjkmnp-tv-z]{8}$/);
  expect((await ask(two)).id).toBe(id);
  expect((await ask(two, 'another')).id).not.toBe(id);
  expect(await use(one, id, T)).toBe(false);
  expect(await decideApproval(two, id, { state: 'approved' }, T + 1)).toMatchObject({ changed: true });
  expect((await ask(one)).state).toBe('approved');
  const results = await Promise.all([one, two, one, two].map((store) => use(store, id, T + 2)));
  expect(results.filter(Boolean)).toHaveLength(1);
  expect(openApproval(one, 'k', T + 2)).toBeUndefined();
  expect((await ask(one)).id).not.toBe(id);
});

test('the first answer counts, and the second says so', async () => {
  const store = await openStore();
  const { id } = await ask(store);
  const answers = await Promise.all([
    decideApproval(store, id, { state: 'denied', reason: 'not on a Friday' }, T),
    decideApproval(store, id, { state: 'approved' }, T),
  ]);
  expect(answers.map(({ changed }) => changed)).toEqual([true, false]);
  expect(answers[1]?.approval).toMatchObject({ state: 'denied', answer: 'not on a Friday' });
  expect(await use(store, id, T)).toBe(false);
});

test('a denied call is answered with the reason until that expires', async () => {
  const store = await openStore();
  const { id } = await ask(store);
  expect(approvalRefusal(await ask(store)).line).toBe(
    `needs_approval: llm_job_submit waits for a person's approval, ${id} (tools.llm_job_submit). Nothing was done. Ask the person to run "sidejob approve ${id}" in a terminal; then make the same call again, unchanged.`,
  );
  await decideApproval(store, id, { state: 'denied', reason: 'too dear' }, T);
  const again = await ask(store, 'k', T + 23 * HOUR);
  expect(approvalRefusal(again).line).toBe(`denied: a person refused this call (${id}): too dear. Nothing was done.`);
  expect(await ask(store, 'k', T + 24 * HOUR)).toMatchObject({ state: 'pending' });
});

test('what nobody answers, and what nobody uses, expires', async () => {
  const store = await openStore();
  const { id } = await ask(store);
  expect(openApproval(store, 'k', T + 23 * HOUR)?.id).toBe(id);
  expect(openApproval(store, 'k', T + 24 * HOUR)).toBeUndefined();
  expect(await decideApproval(store, id, { state: 'approved' }, T + 24 * HOUR)).toMatchObject({
    changed: false,
    approval: { state: 'expired' },
  });
  const other = await ask(store, 'k', T + 24 * HOUR);
  expect(other.id).not.toBe(id);
  await decideApproval(store, other.id, { state: 'approved' }, T + 25 * HOUR);
  expect(await use(store, other.id, T + 26 * HOUR)).toBe(false);
  // Set back, so that it would seem not to have expired for long.
  expect(await use(store, other.id, T)).toBe(false);
  expect(openApproval(store, 'k', T)).toBeUndefined();
  expect(await use(store, other.id, T + 26 * HOUR - 1)).toBe(true);
});

test('no more than a hundred wait, and none that is longer than a person reads', async () => {
  const store = await openStore();
  for (let n = 0; n < 100; n += 1) await ask(store, `k${n}`);
  await expect(ask(store, 'k100')).rejects.toMatchObject({
    code: 'denied',
    message: "100 calls wait for a person's approval already.",
  });
  expect(await ask(store, 'k7')).toMatchObject({ state: 'pending' });
  expect(await ask(store, 'k100', T + 24 * HOUR)).toMatchObject({ state: 'pending' });
  const long = { key: 'l', tool: 't', rule: 'r', shown: { prompt: 'é'.repeat(140_000) }, client: 'c', project: null };
  await expect(requestApproval(store, long, T)).rejects.toMatchObject({ code: 'denied', message: /256 KiB to read/ });
});

test('an id may be typed short, and with look-alikes', async () => {
  const store = await openStore();
  const { id } = await ask(store);
  for (const typed of [id, id.toUpperCase(), id.slice(3), id.slice(0, 7), ` ${id.slice(3, 7)} `]) {
    expect(requireApproval(store, typed).id).toBe(id);
  }
  for (const typed of ['ok-', '', '*', 'ok-*', 'claude-00000000', '../..']) {
    expect(() => requireApproval(store, typed)).toThrow(SidejobError);
  }
});

test('retention expires and removes them', async () => {
  const { engine } = await testEngine();
  const now = Date.now();
  const old = await ask(engine.store, 'old', now - 8 * 24 * HOUR - 1);
  const young = await ask(engine.store, 'young', now - 2 * 24 * HOUR);
  await removeOld(engine, now);
  expect(findApproval(engine.store, old.id)).toBeUndefined();
  expect(listApprovals(engine.store, 'all', now)).toMatchObject([{ id: young.id, state: 'expired' }]);
});

test('an approval is used exactly if its job is recorded', async () => {
  const { engine, submit, ended } = await testEngine();
  const { store } = engine;
  const { id } = await ask(store, 'k', Date.now());
  await decideApproval(store, id, { state: 'approved' }, Date.now());
  const admit = () => {
    if (!consumeApproval(store, id, Date.now())) throw new SidejobError('denied', 'no approval.');
  };
  await expect(
    submit('true', {
      admit: () => {
        admit();
        throw new SidejobError('denied', 'for another reason.');
      },
    }),
  ).rejects.toThrow('for another reason');
  expect(findApproval(store, id)?.state).toBe('approved');
  const results = await Promise.allSettled([1, 2].map(() => submit(answering('x'), { admit })));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const result of results) if (result.status === 'fulfilled') await ended(result.value);
});
