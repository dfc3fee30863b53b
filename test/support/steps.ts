// What the posing CLIs (test/fixtures/clis) are asked to do. What each step means is said in posing.mjs.

export type Step =
  | { say: string }
  | { echo: true }
  | { print: number }
  | { stream: { everyMs: number } }
  | { tool: string }
  | { raw: string }
  | { stderr: string }
  | { write: { path: string; text: string } }
  | { reached: string }
  | { gate: string }
  | { ignoreTerm: true }
  | { child: { session: boolean } }
  | { retry401: { everyMs: number } }
  | { exit: number }
  | { fail: { exit: number; message: string } }
  | { failOf: { cli: string; raw: string; exit: number; unless?: string } }
  | { sayOf: Record<string, string> }
  | { forever: true };

/** A prompt that makes a posing CLI take these steps, one after the other, and then answer. */
export function asks(...steps: Step[]): string {
  return `#steps ${JSON.stringify(steps)}`;
}

/** The same, and what whoever judges the answers does: its prompt holds the question. */
export function asksJudged(steps: readonly Step[], judge: readonly Step[]): string {
  return `${asks(...steps)}\n#judged ${JSON.stringify(judge)}`;
}

/** What a posing CLI answers if it is asked for nothing else (or by the step `echo`). */
export interface Echo {
  cli: string;
  argv: string[];
  cwd: string;
  bytes: number;
  sha256: string;
  depth?: string;
  /** Whether it was told that it runs inside Claude Code. */
  guarded: boolean;
  tmp?: string;
  umask: number;
}

/** The echo within a reply: the line that holds it. */
export function echoIn(reply: string): Echo {
  const line = reply.split('\n').find((text) => text.startsWith('{"cli":'));
  if (line === undefined) throw new Error(`no echo in: ${reply.slice(0, 500)}`);
  return JSON.parse(line);
}
