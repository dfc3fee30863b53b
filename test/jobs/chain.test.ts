import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainText, isChain, nextOf, parseChain, pastLines, ROUNDS_MAX } from '../../src/jobs/chain.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import type { Chain, Member, PastMember } from '../../src/store/record.js';

describe('what a chain says', () => {
  const parse = (text: string, model?: string) =>
    chainText(
      parseChain(PROVIDERS, text, model).map(({ provider, model: own = null }) => ({
        ...{ provider: provider.name, model: own },
      })),
    );

  test.for([
    ['claude > codex > gemini', 'claude > codex > gemini'],
    ['Claude:opus>codex', 'claude:opus > codex'],
    ['claude > opencode:ollama/qwen3:8b', 'claude > opencode:ollama/qwen3:8b'],
    ['claude:opus', 'claude:opus'],
  ])('%s', ([text = '', read]) => {
    expect(isChain(text)).toBe(true);
    expect(parse(text)).toBe(read);
  });

  test('one CLI is none', () => expect(isChain('claude')).toBe(false));

  test.for([
    ['claude > codx', undefined, /unknown_provider: no provider "codx"\. codex\?/],
    ['claude >', undefined, /bad_argument: provider "claude >" has an empty part/],
    ['claude: > codex', undefined, /has an empty part/],
    ['claude > codex > claude:opus', undefined, /claude stands twice/],
    ['claude > codex', 'opus', /whose is model "opus"\? Name it in provider: "claude:opus > codex"/],
    ['claude:opus', 'sonnet', /whose is model "sonnet"/],
  ] as const)('%s with model %s is refused', ([text, model, why]) => {
    let line = '';
    try {
      parse(text, model);
    } catch (error) {
      line = (error as { line: string }).line;
    }
    expect(line).toMatch(why);
  });
});

const member = (provider: string): Member => ({ provider, model: null, loginKey: 'k', login: null });
const NOW = 1_000_000;
const ended = (provider: string, reason: PastMember['reason'], resetsAt: number | null = null) => ({
  ...{ provider, model: null, reason, error: null, at: NOW, resetsAt },
});
const chain = (waitForQuota: boolean, ...names: string[]): Chain => ({
  ...{ members: names.map(member), past: [], waitForQuota, rounds: 0 },
});

test('the next one goes on at once, and one that is limited is passed by', () => {
  const next = nextOf(chain(true, 'a', 'b', 'c'), ended('a', 'auth_required'), ({ provider }) =>
    provider === 'b' ? NOW + 5 : undefined,
  );
  expect(next).toMatchObject({ member: { provider: 'c' }, notBefore: null });
  expect(pastLines(next?.chain ?? null, NOW)).toEqual(['a: auth_required']);
});

test('without waitForQuota the last one is the end; with it, the earliest limit is slept through', () => {
  const tried: Chain = {
    ...chain(true, 'a', 'b'),
    past: [{ ...ended('a', 'rate_limited', NOW + 100), ran: true, round: 0 }],
  };
  const last = ended('b', 'quota_exhausted', NOW + 50);
  expect(nextOf({ ...tried, waitForQuota: false }, last, () => undefined)).toBeUndefined();
  expect(nextOf(tried, last, () => undefined)).toMatchObject({
    ...{ member: { provider: 'b' }, notBefore: NOW + 50, chain: { rounds: 1 } },
  });
});

test('no time was told: the sleeps grow, and there are not many of them', () => {
  const sleeps: number[] = [];
  let current = chain(true, 'a');
  for (let next = nextOf(current, ended('a', 'rate_limited'), () => undefined); next; ) {
    sleeps.push((next.notBefore ?? 0) - NOW);
    current = next.chain;
    next = nextOf(current, ended('a', 'rate_limited'), () => undefined);
  }
  expect(sleeps).toEqual([5, 10, 20, 40, 80].map((minutes) => minutes * 60_000));
  expect(current.rounds).toBe(ROUNDS_MAX);
});

test('whatever happens, it comes to an end, and no CLI runs twice in a round, nor before its limit is over', () => {
  const names = ['a', 'b', 'c', 'd'];
  const reasons = ['auth_required', 'rate_limited', 'quota_exhausted', 'spawn_failed'] as const;
  const outcome = fc.record({
    reason: fc.constantFrom(...reasons),
    resetIn: fc.option(fc.integer({ min: -5, max: 50 })),
  });
  fc.assert(
    fc.property(
      fc.subarray(names, { minLength: 1 }),
      fc.boolean(),
      fc.dictionary(fc.constantFrom(...names), fc.integer({ min: -20, max: 60 })),
      fc.array(outcome, { minLength: 40, maxLength: 40 }),
      (members, waitForQuota, limits, outcomes) => {
        let current = chain(waitForQuota, ...members);
        let provider = members[0] ?? '';
        const dead = new Set<string>();
        let now = NOW;
        for (const [count, { reason, resetIn }] of outcomes.entries()) {
          expect(count).toBeLessThan(members.length * (ROUNDS_MAX + 1));
          if (reason === 'auth_required' || reason === 'spawn_failed') dead.add(provider);
          const resetsAt = resetIn === null ? null : now + resetIn;
          const limitOf = (each: Member) => {
            const until = NOW + (limits[each.provider] ?? 0);
            return until > now ? until : undefined;
          };
          const next = nextOf(current, { ...ended(provider, reason, resetsAt), at: now }, limitOf);
          if (!next) return;
          expect(dead).not.toContain(next.member.provider);
          const starts = next.notBefore ?? now;
          expect(starts).toBeGreaterThanOrEqual(limitOf(next.member) ?? 0);
          if (next.notBefore !== null) expect(waitForQuota && next.notBefore > now).toBe(true);
          const inRound = next.chain.past.filter((each) => each.round === next.chain.rounds && each.ran);
          expect(inRound.map((each) => each.provider)).not.toContain(next.member.provider);
          ({ chain: current } = next);
          provider = next.member.provider;
          now = starts;
        }
        throw new Error('it never ended');
      },
    ),
  );
});
