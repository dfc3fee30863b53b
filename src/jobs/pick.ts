// Which CLI of those that are asked for runs a job first, as far as that is known without running any.
import { SidejobError } from '../errors.js';
import type { FoundCommand } from '../process/find-command.js';
import type { Chain, Member, PastMember } from '../store/record.js';
import { limitedUntil } from '../store/usage.js';
import type { Wanted } from './chain.js';
import { checkInstalled } from './checks.js';
import { loginSign } from './clis.js';
import { isDayOver } from './day-limits.js';
import type { Engine } from './engine.js';

import { localTime } from './figures.js';
import { NOTHING } from './request.js';

export interface Pick {
  wanted: Wanted;
  member: Member;
  /** Its executable. */
  found: FoundCommand | undefined;
  /** Null for a job of one CLI that waits for no limit. */
  chain: Chain | null;
  /** Milliseconds since 1970. */
  notBefore: number | null;
  /** It cannot be started now, unless the same is under way already. */
  refusal?: SidejobError;
}

/**
 * The first that can take the job; with `waitForQuota`, where limits keep all of them from it, the one whose limit is over
 * first.
 * @throws SidejobError `not_installed` if none of them is there
 */
export async function pick(
  engine: Engine,
  wanted: readonly [Wanted, ...Wanted[]],
  { waitForQuota = false, fresh = false }: { waitForQuota?: boolean | undefined; fresh?: boolean | undefined },
): Promise<Pick> {
  const now = Date.now();
  const states = await Promise.all(
    wanted.map(async (one) => {
      const { provider, model = null } = one;
      const loginKey = engine.loginKeyOf(provider.name);
      const [found, login] = await Promise.all([engine.findCli(provider), loginSign(provider, engine.envOf(provider))]);
      const member: Member = { provider: provider.name, model, loginKey, login: login ?? null };
      const until = limitedUntil(engine.store, provider.name, loginKey, now);
      return { one, member, found, until, over: isDayOver(engine, provider.name, now) };
    }),
  );
  const [first] = states;
  if (!first) throw new Error('no provider is asked for');
  const there = states.filter(({ found }) => found);
  if (there.length === 0) await checkInstalled(engine, wanted[0].provider);
  const free = there.filter(({ until, over }) => until === undefined && !over);
  // A CLI may know of a login that cannot be seen from here: without a sign it comes last, and not never.
  const ready = free.find(({ member }) => member.login !== null) ?? free[0];
  const open = there.filter(({ over }) => !over);
  const soonest =
    [...(open.length > 0 ? open : there)].sort((one, other) => (one.until ?? 0) - (other.until ?? 0))[0] ?? first;
  const chosen = ready ?? (fresh ? (there[0] ?? first) : soonest);
  const past = states
    .slice(0, ready ? states.indexOf(ready) : states.length)
    .filter((state) => state !== chosen || chosen.until !== undefined)
    .map(({ member: { provider, model }, found, until, over }): PastMember => {
      const limit = until !== undefined ? 'rate_limited' : over ? 'day_limit' : 'not_logged_in';
      const reason = found ? limit : 'not_installed';
      return { provider, model, reason, error: null, at: now, resetsAt: until ?? null, round: 0 };
    });
  const chain: Chain | null =
    wanted.length > 1 || waitForQuota
      ? { members: states.map(({ member }) => member), past, waitForQuota, rounds: 0 }
      : null;
  const limited = chosen.until !== undefined && !fresh;
  return {
    wanted: chosen.one,
    member: chosen.member,
    found: chosen.found,
    chain,
    notBefore: limited && waitForQuota ? (chosen.until ?? null) : null,
    ...(limited && !waitForQuota && { refusal: await limitRefusal(engine, states, now) }),
  };
}

interface Limited {
  member: Member;
  until: number | undefined;
}

async function limitRefusal(engine: Engine, states: readonly Limited[], now: number): Promise<SidejobError> {
  const limits = states.flatMap(({ member, until }) =>
    until === undefined ? [] : [`${member.provider} until ${localTime(until, now)}`],
  );
  const ready = (await engine.readyProviders()).filter((name) => {
    if (engine.providerNamed(name)?.vendor === 'sidejob') return false;
    return limitedUntil(engine.store, name, engine.loginKeyOf(name), now) === undefined;
  });
  const other = ready.length > 0 ? ` Ready now: ${ready.join(', ')}.` : '';
  return new SidejobError(
    'rate_limited',
    `${limits.join(', ')}.`,
    `Wait (llm_job_submit with waitForQuota:true does; fresh:true tries all the same), or use another provider.${other} ${NOTHING}`,
  );
}
