// A chain of CLIs, `claude:opus > codex > gemini`: the first that can answer does. What it says, and who is next.
import { SidejobError } from '../errors.js';
import type { Provider } from '../providers/provider.js';
import type { Chain, Member, PastMember, Reason } from '../store/record.js';
import { chooseProvider, knownProvider } from './choose.js';
import type { Engine } from './engine.js';
import { localTime } from './figures.js';
import { NOTHING } from './request.js';

/** One CLI that is asked for, and the model that it is asked with. */
export interface Wanted {
  provider: Provider;
  model?: string | undefined;
}

/** How often a job may sleep after a run of its own. */
export const ROUNDS_MAX = 5;
/** How long it sleeps where no time was told: five minutes, then twice as long each time. */
const FLOOR_MS = 5 * 60_000;
const LIMITS: readonly PastMember['reason'][] = ['rate_limited', 'quota_exhausted'];
const MEMBERS_MAX = 8;

/** Whether a name is more than that of one CLI. */
export function isChain(name: string): boolean {
  return /[>:]/.test(name);
}

/**
 * The CLIs that a chain names.
 * @param model what is asked for beside it
 * @throws SidejobError `unknown_provider`, `bad_argument`
 */
export function parseChain(providers: readonly Provider[], text: string, model: string | undefined): Wanted[] {
  const wanted = text.split('>').map((part): Wanted => {
    const [name = '', ...rest] = part.split(':');
    const own = rest.join(':').trim();
    if (name.trim() === '' || (rest.length > 0 && own === '')) {
      throw wrong(`provider ${JSON.stringify(text.slice(0, 200))} has an empty part.`);
    }
    return { provider: knownProvider(providers, name), ...(own && { model: own }) };
  });
  const twice = wanted.find(({ provider }, index) => wanted.findIndex((each) => each.provider === provider) < index);
  if (twice) throw wrong(`${twice.provider.name} stands twice in provider "${text}".`);
  if (wanted.length > MEMBERS_MAX) throw wrong(`provider names more than ${MEMBERS_MAX} CLIs.`);
  const [first] = wanted;
  if (model !== undefined && first && (wanted.length > 1 || first.model !== undefined)) {
    throw wrong(
      `whose is model "${model}"?`,
      `Name it in provider: "${first.provider.name}:${model}${after(wanted)}".`,
    );
  }
  return wanted;
}

function after([, ...rest]: readonly Wanted[]): string {
  return rest.map(({ provider, model }) => ` > ${provider.name}${model ? `:${model}` : ''}`).join('');
}

function wrong(message: string, hint = 'For example "claude:opus > codex".'): SidejobError {
  return new SidejobError('bad_argument', message, `${hint} ${NOTHING}`);
}

/**
 * The CLIs that a request means, the first to be asked first: one, unless a chain is named or configured.
 * @throws SidejobError `unknown_provider`, `not_installed`, `bad_argument`
 */
export async function chooseWanted(
  engine: Engine,
  name: string | undefined,
  model: string | undefined,
  client: string,
): Promise<[Wanted, ...Wanted[]]> {
  const text = name ?? engine.config.settings.defaultProvider;
  if (isChain(text)) return parseChain(engine.providers, text, model) as [Wanted, ...Wanted[]];
  return [{ provider: await chooseProvider(engine, name, client), ...(model !== undefined && { model }) }];
}

/** A chain as it is written. */
export function chainText(members: readonly Pick<Member, 'provider' | 'model'>[]): string {
  return members.map(({ provider, model }) => (model ? `${provider}:${model}` : provider)).join(' > ');
}

/** What is asked for, as it is written. */
export function wantedText(wanted: readonly Wanted[]): string {
  return chainText(wanted.map(({ provider, model = null }) => ({ provider: provider.name, model })));
}

/** Who runs next, and when. */
export interface Next {
  member: Member;
  /** Milliseconds since 1970; null: at once. */
  notBefore: number | null;
  chain: Chain;
}

/**
 * Who goes on after a run that has ended without any effect; undefined if nobody can. A pure decision.
 * @param ended that run
 * @param limitOf until when a limit of a member's account is known to last
 */
export function nextOf(
  chain: Chain,
  ended: Omit<PastMember, 'ran' | 'round'>,
  limitOf: (member: Member) => number | undefined,
  isOpen: (member: Member) => boolean = () => true,
): Next | undefined {
  const { at: now } = ended;
  const past: PastMember[] = [...chain.past, { ...ended, ran: true, round: chain.rounds }];
  const latest = (member: Member) => past.findLast((each) => each.provider === member.provider);
  // What is not there, or not logged in, is so in a minute, too.
  const living = chain.members.filter((member) => {
    const last = latest(member);
    return isOpen(member) && (last === undefined || LIMITS.includes(last.reason));
  });
  const until = (member: Member) => {
    const known = Math.max(limitOf(member) ?? 0, latest(member)?.resetsAt ?? 0);
    return known > now ? known : undefined;
  };
  const tried = (member: Member) =>
    past.some(({ provider, ran, round }) => ran && provider === member.provider && round === chain.rounds);
  const free = living.find((member) => !tried(member) && until(member) === undefined);
  if (free) return { member: free, notBefore: null, chain: { ...chain, past } };
  if (!chain.waitForQuota || chain.rounds >= ROUNDS_MAX) return undefined;
  const floor = now + FLOOR_MS * 2 ** chain.rounds;
  const [first] = living
    .map((member) => ({ member, notBefore: until(member) ?? floor }))
    .sort((one, other) => one.notBefore - other.notBefore);
  return first && { ...first, chain: { ...chain, past, rounds: chain.rounds + 1 } };
}

/** Whether another CLI, or the same one later, may do better: what is wrong is this one's login, limit or absence. */
export function isHealable(reason: Reason | null): reason is Reason {
  // Not `network`: the others have the same. Not `model_not_found`: a mistake in the request must be seen.
  return reason !== null && ['auth_required', 'rate_limited', 'quota_exhausted', 'spawn_failed'].includes(reason);
}

/** What became of those before, one line each: `claude: rate_limited until 15:00`. */
export function pastLines(chain: Chain | null, now: number): string[] {
  const lines = (chain?.past ?? []).map(({ provider, reason, resetsAt }) => {
    const until = resetsAt === null ? '' : ` until ${localTime(resetsAt, now)}`;
    return `${provider}: ${reason}${until}`;
  });
  return [...new Set(lines)];
}
