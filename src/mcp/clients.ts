// How long a call may take in each client, in seconds. Facts with their sources: docs/clients.md.

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

/** The wait of one call in milliseconds: what was asked for, as far as the client and the configuration allow. */
export function waitBudgetMs(clientName: string, asked: number | undefined, configured: number): number {
  const patience = KNOWN.find(({ client }) => clientName.startsWith(client)) ?? UNKNOWN;
  const longest = configured > 0 ? configured : patience.longest;
  return Math.min(asked ?? Math.min(patience.initial, longest), longest) * 1000;
}
