// How long a call may take in each client, in seconds. Facts with their sources: docs/clients.md.
import type { Config } from '../config/config.js';
import type { Settings } from '../config/settings.js';

interface Patience {
  /** Prefix of `clientInfo.name`. */
  client: string;
  /** The wait of a call that names none. */
  initial: number;
  /** The longest wait that still gets an answer through. */
  longest: number;
}

/** An SDK's own limit is 60 s, and nothing tells whether a client has raised it. */
const UNKNOWN: Omit<Patience, 'client'> = { initial: 50, longest: 55 };

const KNOWN: readonly Patience[] = [
  // Progress resets its clock (30 min without any); interactive calls move to its background by themselves.
  { client: 'claude-code', initial: 1500, longest: 1500 },
  // 300 s a call.
  { client: 'codex', initial: 240, longest: 280 },
  // 600 s a call, whatever progress is sent.
  { client: 'gemini-cli', initial: 240, longest: 570 },
  // About four minutes a call, not configurable.
  { client: 'claude-ai', initial: 180, longest: 220 },
];

/**
 * The wait of one call in milliseconds: what was asked for, as far as the client allows. What the owner says of a client
 * (`[wait]`, by the beginning of its name), or of all (`waitSec`), is both its usual and its longest wait.
 */
export function waitBudgetMs(
  clientName: string,
  asked: number | undefined,
  { wait, settings }: Pick<Config, 'wait'> & { settings: Pick<Settings, 'waitSec'> },
): number {
  const [prefix] = Object.keys(wait)
    .filter((each) => clientName.startsWith(each))
    .sort((a, b) => b.length - a.length);
  const said = (prefix === undefined ? 0 : wait[prefix]) || settings.waitSec;
  const known = KNOWN.find(({ client }) => clientName.startsWith(client)) ?? UNKNOWN;
  const { initial, longest } = said ? { initial: said, longest: said } : known;
  return Math.min(asked ?? initial, longest) * 1000;
}
